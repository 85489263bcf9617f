"""Tables of tracks, smoothing and memory, of rendered people who walk past each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace

import numpy as np
import torch

from ..inference import PosePredictor
from ..synthetic.walking import WalkingFrame, render_walking
from ..video.result import VideoResult
from ..video.smoothing import SMOOTHERS
from ..video.tracking import MIN_SCORE, TRACKERS
from .long_video import measure_memory
from .machine_description import describe_machine
from .report import Report
from .timing import Say
from .video_scores import HIDDEN, detect_like_a_detector, score_smoothing, score_tracks, shake_keypoints, track_boxes

FPS = 25.0
SIZE = (480, 270)
INTERVALS = (1, 2, 4, 8)  # frames from a detection to the next
Models = Sequence[str]


def benchmark_video(frames: int, people: int, *, models: Models | None, long: int, say: Say) -> Report:
    """Measure tracking and smoothing on given numbers of frames and people; return a report.

    Args:
        frames: of the film.
        people: who walk at the same time.
        models: config and checkpoint of a detector and of a pose model; None: stand-ins, which shake the truth.
        long: frames of the long video; 0 leaves its table out.
        say: takes progress.

    Raises:
        ValueError: fewer than 3 frames, nobody, or models that cannot be had.
    """
    if frames < 3 or people < 1 or long < 0:
        raise ValueError(f'--frames {frames} --people {people} --long {long}: give 3 or more, 1 or more, 0 or more.')
    predictor = None if models is None else PosePredictor((models[2], models[3]), (models[0], models[1]))
    say(f'rendering {frames} frames of {people} people')
    film = list(render_walking(frames, people=people, fps=FPS, size=SIZE, seed=0))
    if not any((frame.seen >= HIDDEN).any() for frame in film[1:-1]):
        raise ValueError(f'--frames {frames} --people {people}: nobody comes into the picture, give more of either.')
    who = 'stand-ins that shake the truth' if models is None else f'{models[0]} and {models[2]}'
    notes = [f'{frames} frames of {SIZE[0]}x{SIZE[1]} at {FPS:g} a second, {people} people at a time; models: {who}.']
    report = Report('Videos', describe_machine(torch.device('cpu')), notes)
    detected = detect_like_a_detector(film) if predictor is None else _detect(film, predictor)
    report.tables['Tracks'] = [_score_tracker(film, detected, kind, step) for kind in TRACKERS for step in INTERVALS]
    report.tables['Keypoints, in hundredths of the height of the person'] = _score_smoothers(film, predictor)
    if long:
        say(f'{long} frames of noise')
        report.tables['Memory of a long video'] = measure_memory(long, say)
    report.raw = {'tables': report.tables}
    return report


def _detect(film: Sequence[WalkingFrame], predictor: PosePredictor) -> list[np.ndarray]:
    """Return a real detector's boxes (N, 5) of each frame of a film, low scores too."""
    assert predictor.detector is not None
    predictor.detector.bbox_thr = MIN_SCORE
    return [predictor.detector.detect([frame.image])[0] for frame in film]


def _score_tracker(
    film: Sequence[WalkingFrame], detected: Sequence[np.ndarray], kind: str, det_interval: int
) -> dict[str, str]:
    score = score_tracks(film, track_boxes(detected, kind, fps=FPS, det_interval=det_interval))
    return {
        'tracker': kind,
        'detection in every': f'{det_interval}. frame',
        'id switches': f'{score.switches}',
        'tracks of people': f'{score.tracks} of {score.truth}',
        'found': f'{score.found / score.people:.1%}',
    }


def _score_smoothers(film: Sequence[WalkingFrame], predictor: PosePredictor | None) -> list[dict[str, str]]:
    results = list(shake_keypoints(film, fps=FPS) if predictor is None else _estimate(film, predictor))
    rows = []
    for kind in (None, *SMOOTHERS):
        score = score_smoothing(film, results, kind, fps=FPS)
        figures = {key: f'{value:.2f}' for key, value in asdict(score).items()}
        rows.append({'smoothing': kind or 'none', **figures})
    return rows


def _estimate(film: Sequence[WalkingFrame], predictor: PosePredictor) -> Iterator[VideoResult]:
    """Yield a real pose model's keypoints on the true boxes of a film, with the true ids."""
    images = (frame.image for frame in film)
    found = predictor.predict(images, boxes=[(frame.boxes, frame.ids) for frame in film], stream=True)
    for blank, people in zip(shake_keypoints(film, fps=FPS), found, strict=True):
        yield replace(blank, keypoints=people.keypoints, scores=people.scores)
