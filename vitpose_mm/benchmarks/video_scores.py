"""How good tracks and smoothed keypoints are, on a rendered film whose truth is known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from mmdet.structures.bbox import bbox_overlaps
from scipy.optimize import linear_sum_assignment

from ..synthetic.walking import WalkingFrame
from ..video.result import VideoResult
from ..video.smoothing import make_smoother
from ..video.tracking import PeopleTracker, Tracked

MATCHED = 0.5  # IoU of a tracked box and a person
HIDDEN = 0.3  # people of whom less is seen need not be found
MISSES, FALSE_BOXES = 0.05, 0.05  # of the stand-in detector: share of people, of frames
NOISE = 0.01  # of the stand-in pose model: standard deviation of its keypoints, in heights of the person


@dataclass
class TrackingScore:
    """What tracking made of a film.

    Attributes:
        people: number of (person, frame) pairs to be found: those of whom enough is seen.
        found: of these, how many have a tracked box.
        switches: how often a person's id changed.
        tracks: number of ids that were given.
        truth: number of people.
    """

    people: int = 0
    found: int = 0
    switches: int = 0
    tracks: int = 0
    truth: int = 0


def detect_like_a_detector(film: Sequence[WalkingFrame]) -> list[np.ndarray]:
    """Return (N, 5) boxes and scores of the truth of each frame, with a detector's faults.

    Boxes are shaken by 2% of the height, hidden people get low scores or none, some people are missed, and now and then
    there is a box with nobody in it.
    """
    rng = np.random.default_rng(1)
    return [_detect(frame, rng) for frame in film]


def _detect(frame: WalkingFrame, rng: np.random.Generator) -> np.ndarray:
    boxes = []
    for box, seen in zip(frame.boxes, frame.seen.tolist(), strict=True):
        if seen > 0.1 and rng.random() > MISSES:
            shaken = box + rng.normal(0, 0.02 * (box[3] - box[1]), 4)
            boxes.append([*shaken, np.clip(0.9 * seen + rng.normal(0, 0.07), 0.02, 0.99)])
    if rng.random() < FALSE_BOXES:
        x, y = rng.uniform(0, frame.image.shape[1]), rng.uniform(0, frame.image.shape[0])
        boxes.append([x, y, x + 30, y + 60, rng.uniform(0.1, 0.45)])
    return np.array(boxes, np.float32).reshape(-1, 5)


def track_boxes(detected: Sequence[np.ndarray], kind: str, *, fps: float, det_interval: int = 1) -> list[Tracked]:
    """Track detected boxes (N, 5) of every frame; return the tracked people of each."""
    tracker = PeopleTracker(kind, fps=fps, det_interval=det_interval)
    return [
        tracker.predict() if index % det_interval else tracker.update(boxes) for index, boxes in enumerate(detected)
    ]


def score_tracks(film: Iterable[WalkingFrame], tracked: Iterable[Tracked]) -> TrackingScore:
    """Count matches and errors of tracked people; a switch is as in CLEAR MOT (Bernardin & Stiefelhagen 2008)."""
    score = TrackingScore()
    last: dict[int, int] = {}
    ids: set[int] = set()
    people: set[int] = set()
    for frame, found in zip(film, tracked, strict=True):
        ids |= set(found.ids.tolist())
        wanted = frame.seen >= HIDDEN
        people |= set(frame.ids[wanted].tolist())
        pairs = {i: j for i, j in match_boxes(frame.boxes, found.boxes[:, :4]).items() if wanted[i]}
        score.people += int(wanted.sum())
        score.found += len(pairs)
        for i, j in pairs.items():
            person, track = int(frame.ids[i]), int(found.ids[j])
            score.switches += last.get(person, track) != track
            last[person] = track
    score.tracks, score.truth = len(ids), len(people)
    return score


def match_boxes(truth: np.ndarray, found: np.ndarray) -> dict[int, int]:
    """Match (N, 4) to (M, 4) boxes, best together: index of a found box by index of a true one."""
    overlaps = bbox_overlaps(torch.from_numpy(truth), torch.from_numpy(found)).numpy()
    rows, columns = linear_sum_assignment(-overlaps)
    return {int(i): int(j) for i, j in zip(rows, columns, strict=True) if overlaps[i, j] >= MATCHED}


def shake_keypoints(film: Sequence[WalkingFrame], *, fps: float) -> Iterator[VideoResult]:
    """Yield results of a stand-in pose model: the truth with Gaussian noise of 1% of each person's height."""
    rng = np.random.default_rng(2)
    for index, frame in enumerate(film):
        heights = frame.boxes[:, 3] - frame.boxes[:, 1]
        noise = rng.normal(0, NOISE, frame.keypoints.shape) * heights[:, None, None]
        yield VideoResult(
            index=index,
            time=index / fps,
            image=frame.image[:0],
            keypoints=(frame.keypoints + noise).astype(np.float32),
            scores=np.where(frame.visible > 0, 0.9, 0.1).astype(np.float32),
            boxes=frame.boxes,
            box_scores=frame.seen,
            metainfo={},
            track_ids=frame.ids,
        )


@dataclass
class SmoothingScore:
    """Medians over keypoints that are seen, in hundredths of the person's height.

    Attributes:
        jitter: second difference in time of the error: what trembles, and not what moves.
        error: distance from the truth.
    """

    jitter: float
    error: float


def score_keypoints(film: Sequence[WalkingFrame], results: Iterable[VideoResult]) -> SmoothingScore:
    """Score jitter and error of results with the truth's ids."""
    errors: list[dict[int, np.ndarray]] = []
    for frame, result in zip(film, results, strict=True):
        heights = frame.boxes[:, 3] - frame.boxes[:, 1]
        offset = (result.keypoints - frame.keypoints) / heights[:, None, None] * 100
        offset[frame.visible == 0] = np.nan
        errors.append(dict(zip(frame.ids.tolist(), offset, strict=True)))
    trembling = [
        before[i] - 2 * now[i] + after[i]
        for before, now, after in zip(errors, errors[1:], errors[2:])  # noqa: B905  triples
        for i in before.keys() & now.keys() & after.keys()
    ]
    everything = np.concatenate([offset for one in errors for offset in one.values()])
    return SmoothingScore(
        float(np.nanmedian(np.linalg.norm(np.concatenate(trembling), axis=-1))),
        float(np.nanmedian(np.linalg.norm(everything, axis=-1))),
    )


def smooth_film(film: Sequence[WalkingFrame], kind: str | None, *, fps: float) -> SmoothingScore:
    """Score the stand-in pose model's keypoints on a film after a smoother, or without one."""
    return score_smoothing(film, shake_keypoints(film, fps=fps), kind, fps=fps)


def score_smoothing(
    film: Sequence[WalkingFrame], results: Iterable[VideoResult], kind: str | None, *, fps: float
) -> SmoothingScore:
    """Score a pose model's results with the truth's ids on a film after a smoother, or without one."""
    return score_keypoints(film, results if kind is None else make_smoother(kind, fps).smooth(results))
