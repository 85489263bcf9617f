"""Memory over a long video: one of noise, a tiny ViT with random weights, and a detector that makes boxes up."""

from __future__ import annotations

import resource
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import psutil
import torch
from mmpose.apis import init_model

from ..inference import PosePredictor
from ..utils.configs import open_config
from ..video import VideoWriter, predict_video
from ..video.quiet import quiet_opencv
from ..video.records import FrameLog, open_results
from .timing import Say

SIZE = (96, 64)  # of the frames
FPS = 25.0
PERSON_FRAMES = 200  # that somebody stays in the picture
MIB = 2**20
POSE = """
default_scope = 'mmpose'
codec = dict(type='UDPHeatmap', input_size=(48, 64), heatmap_size=(12, 16), sigma=2)
model = dict(
    type='vitpose_mm.PoseEstimator',
    data_preprocessor=dict(type='PoseDataPreprocessor', mean=[120.0] * 3, std=[60.0] * 3),
    backbone=dict(type='vitpose_mm.ViT', arch=dict(embed_dims=32, num_layers=1, num_heads=2), input_size=(48, 64)),
    head=dict(type='vitpose_mm.SimpleHead', in_channels=32, out_channels=17, decoder=codec))
test_dataloader = dict(dataset=dict(type='CocoDataset', pipeline=[
    dict(type='LoadImage'), dict(type='GetBBoxCenterScale'),
    dict(type='TopdownAffine', input_size=(48, 64), use_udp=True), dict(type='PackPoseInputs')]))
"""


class MadeUpDetector:
    """Returns boxes of somebody who crosses the picture, one after the other, whatever the images show."""

    def __init__(self) -> None:
        self.bbox_thr = 0.3
        self._count = 0

    def detect(self, images: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return (1, 5) boxes and scores of each image."""
        found = []
        for _ in images:
            left = self._count % PERSON_FRAMES / PERSON_FRAMES * 70
            found.append(np.array([[left, 10, left + 20, 58, 0.9]], np.float32))
            self._count += 1
        return found


def measure_memory(frames: int, say: Say) -> list[dict[str, str]]:
    """Measure resident memory at ten points of a run over ``frames``: reader, tracker, ViT, smoother, all files."""
    process, rows = psutil.Process(), []
    points = {max(frames * part // 10, 1) - 1 for part in range(1, 11)}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        results = predict_video(
            tiny_predictor(folder),
            write_noise(folder / 'noise.mp4', frames),
            smooth='savgol',
            log=(log := FrameLog(folder / 'log.jsonl', {})),
        )
        writer = VideoWriter(folder / 'drawn.webm', fps=FPS)
        with open_results(folder / 'results.json', {}, {}) as file:
            for result in results:
                file.add(result)
                writer.write(result.image, result.time)
                if result.index in points:
                    rows.append({'frames': f'{result.index + 1:,}', 'MiB': f'{process.memory_info().rss / MIB:,.0f}'})
                    say(f'{rows[-1]["frames"]} frames: {rows[-1]["MiB"]} MiB')
        writer.close()
        log.close()
    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return [*rows, {'frames': 'highest of the process', 'MiB': f'{highest / MIB:,.0f}'}]


def tiny_predictor(folder: Path) -> PosePredictor:
    """Return a predictor with a ViT of random weights and the detector above."""
    config, checkpoint = folder / 'pose.py', folder / 'pose.pth'
    config.write_text(POSE)
    with warnings.catch_warnings(record=True):  # that there is no checkpoint yet, and whose keypoints it has
        model = init_model(open_config(str(config)), None, device='cpu')
    torch.save({'state_dict': model.state_dict()}, checkpoint)
    predictor = PosePredictor((str(config), str(checkpoint)), None, device='cpu')
    predictor.detector = MadeUpDetector()  # type: ignore[assignment]
    return predictor


def write_noise(path: Path, frames: int) -> Path:
    """Write a video of noise with ``frames`` frames; return its file."""
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 255, (16, SIZE[1], SIZE[0], 3), dtype=np.uint8)
    with quiet_opencv():
        video = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*'mp4v'), FPS, SIZE)
    for index in range(frames):
        video.write(pictures[index % len(pictures)])
    video.release()
    return path
