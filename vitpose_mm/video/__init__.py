"""Videos: reading, tracking people, smoothing their keypoints over time, results on disk, drawn videos."""

from .predict import predict_video
from .reader import VideoFrame, VideoReader
from .result import VideoResult
from .smoothing import OneEuro, SavitzkyGolay
from .tracking import PeopleTracker
from .writer import VideoWriter

__all__ = [
    'OneEuro',
    'PeopleTracker',
    'SavitzkyGolay',
    'VideoFrame',
    'VideoReader',
    'VideoResult',
    'VideoWriter',
    'predict_video',
]
