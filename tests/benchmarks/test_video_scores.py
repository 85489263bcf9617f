"""Tracks and smoothing on a rendered film of people who cross each other's way: figures that must not get worse."""

from __future__ import annotations

import numpy as np
import pytest

from vitpose_mm.benchmarks.video_scores import (
    detect_like_a_detector,
    match_boxes,
    score_tracks,
    smooth_film,
    track_boxes,
)
from vitpose_mm.synthetic.walking import WalkingFrame, render_walking
from vitpose_mm.video.tracking import Tracked

FPS = 12.5


@pytest.fixture(scope='module')
def film() -> list[WalkingFrame]:
    """Four seconds of four people, every second frame."""
    return list(render_walking(50, people=4, fps=FPS, size=(320, 180), seed=0))


@pytest.mark.parametrize('kind', ['bytetrack', 'ocsort'])
def test_people_keep_their_ids(film: list[WalkingFrame], kind: str) -> None:
    score = score_tracks(film, track_boxes(detect_like_a_detector(film), kind, fps=FPS))
    assert score.found > 0.8 * score.people
    assert score.switches <= 1


def test_scores_count_switches(film: list[WalkingFrame]) -> None:
    def truth(frame: WalkingFrame, ids: np.ndarray) -> Tracked:
        return Tracked(np.concatenate((frame.boxes, frame.seen[:, None]), axis=1), ids)

    score = score_tracks(film, [truth(frame, frame.ids) for frame in film])
    assert (score.found, score.switches, score.tracks) == (score.people, 0, len({i for f in film for i in f.ids}))
    changed = [truth(frame, frame.ids + 100 * (k >= 25)) for k, frame in enumerate(film)]
    assert score_tracks(film, changed).switches == len(film[25].ids)
    assert score_tracks(film, [truth(frame, frame.ids) for frame in film[::-1]]).found < score.found


def test_boxes_match_as_many_as_can() -> None:
    truth = np.array([[0, 0, 10, 10], [4, 0, 14, 10]], np.float32)
    found = np.array([[3, 0, 13, 10], [90, 0, 99, 9], [0, 1, 10, 11]], np.float32)
    assert match_boxes(truth, found) == {0: 2, 1: 0}
    assert match_boxes(truth, np.zeros((0, 4), np.float32)) == {}


def test_smoothing_takes_the_trembling_and_not_the_movement(film: list[WalkingFrame]) -> None:
    raw, online, offline = (smooth_film(film, kind, fps=FPS) for kind in (None, 'oneeuro', 'savgol'))
    assert 2 < raw.jitter < 4 and 1 < raw.error < 1.4
    assert online.jitter < 0.8 * raw.jitter and online.error < 1.5 * raw.error
    assert offline.jitter < 0.6 * raw.jitter and offline.error < raw.error
