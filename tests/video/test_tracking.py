from __future__ import annotations

import importlib.util
from collections.abc import Sequence

import numpy as np
import pytest

from vitpose_mm.video import PeopleTracker
from vitpose_mm.video.tracking import TrackingFinder


def two_people(frame: int, *, score: float = 0.9) -> np.ndarray:
    """Return boxes of two people who walk towards each other on two lines, 3 pixels a frame; the second's score."""
    x = 3.0 * frame
    return np.array([[x, 50, x + 60, 200, 0.9], [900 - x, 260, 960 - x, 410, score]], np.float32)


@pytest.mark.parametrize('kind', ['bytetrack', 'ocsort'])
def test_ids_stay_and_order_is_theirs(kind: str) -> None:
    tracker = PeopleTracker(kind, thr=0.3, fps=30)
    for frame in range(60):
        boxes = two_people(frame)
        found = tracker.update(boxes[:: -1 if frame % 2 else 1])
        assert found.ids.tolist() == [1, 2]
        np.testing.assert_allclose(found.boxes, boxes)
        assert (found.boxes.dtype, found.ids.dtype) == (np.float32, np.int64)


def test_low_scores_continue_tracks_and_begin_none() -> None:
    tracker = PeopleTracker('bytetrack', thr=0.5)
    assert tracker.low == 0.1
    assert tracker.update(two_people(0, score=0.2)).ids.tolist() == [1]
    assert tracker.update(two_people(1, score=0.2)).ids.tolist() == [1]
    assert tracker.update(two_people(2)).ids.tolist() == [1]  # somebody new, who is seen for the first time
    for frame in range(3, 6):
        assert tracker.update(two_people(frame)).ids.tolist() == [1, 2]
    for frame in range(6, 20):
        assert tracker.update(two_people(frame, score=0.2)).ids.tolist() == [1, 2]
    assert tracker.update(two_people(20, score=0.05)).ids.tolist() == [1]


def test_ids_count_people_and_not_false_boxes() -> None:
    tracker = PeopleTracker('bytetrack', thr=0.3)
    false = np.array([[0, 500, 40, 580, 0.9]], np.float32)
    for frame in range(20):
        boxes = two_people(frame)[:1] if frame < 15 else two_people(frame)
        if frame % 3 == 1:
            boxes = np.concatenate((boxes, false + frame * np.array([20, 0, 20, 0, 0], np.float32)))
        found = tracker.update(boxes)
    assert found.ids.tolist() == [1, 2]


def test_a_person_is_known_again_within_a_second() -> None:
    for away, ids in ((8, [1, 2]), (30, [1, 3])):
        tracker = PeopleTracker('bytetrack', thr=0.3, fps=20)
        for frame in range(10):
            tracker.update(two_people(frame))
        for frame in range(10, 10 + away):
            assert tracker.update(two_people(frame)[:1]).ids.tolist() == [1]
        for frame in range(10 + away, 14 + away):
            found = tracker.update(two_people(frame))
        assert found.ids.tolist() == ids


@pytest.mark.parametrize('kind', ['bytetrack', 'ocsort'])
def test_boxes_between_detections_are_predicted(kind: str) -> None:
    tracker = PeopleTracker(kind, thr=0.3, fps=30, det_interval=4)
    for frame in range(60):
        found = tracker.update(two_people(frame)) if frame % 4 == 0 else tracker.predict()
        if frame > 30:
            assert found.ids.tolist() == [1, 2]
            np.testing.assert_allclose(found.boxes[:, :4], two_people(frame)[:, :4], atol=2)


@pytest.mark.parametrize('kind', ['bytetrack', 'ocsort'])
def test_histories_do_not_grow(kind: str) -> None:
    tracker = PeopleTracker(kind, thr=0.3, fps=5)
    lengths = []
    for frame in range(40):
        tracker.update(two_people(frame))
        tracks = tracker._tracker.tracks.values()
        lengths.append(max(len(value) for track in tracks for value in track.values() if isinstance(value, list)))
    assert lengths[-1] == lengths[-15] <= 13


def test_frames_without_people() -> None:
    tracker = PeopleTracker('bytetrack')
    for _ in range(3):
        found = tracker.update(np.zeros((0, 5), np.float32))
        assert (found.boxes.shape, found.ids.shape) == ((0, 5), (0,))
        assert tracker.predict().boxes.shape == (0, 5)


class Detector:
    """Counts the images, and fails on the number ``broken``."""

    def __init__(self, broken: int = -1) -> None:
        self.seen: list[int] = []
        self.broken = broken

    def __call__(self, images: Sequence[np.ndarray]) -> list[np.ndarray]:
        numbers = [int(image[0, 0, 0]) for image in images]
        if self.broken in numbers:
            raise RuntimeError('no memory')
        self.seen += numbers
        return [two_people(number) for number in numbers]


def frames(*numbers: int) -> list[np.ndarray]:
    return [np.full((4, 4, 3), number, np.uint8) for number in numbers]


def test_the_detector_sees_every_third_frame() -> None:
    detector = Detector()
    finder = TrackingFinder(detector, PeopleTracker(det_interval=3), det_interval=3)
    for start in (0, 4, 8):
        found = finder(frames(*range(start, start + 4)))
        assert [one.ids.tolist() for one in found] == [[1, 2]] * 4
    assert detector.seen == [0, 3, 6, 9] == sorted(finder.detections)


def test_a_frame_that_fails_twice_is_passed_over() -> None:
    finder = TrackingFinder(Detector(broken=2), PeopleTracker())
    finder(frames(0, 1))
    with pytest.raises(RuntimeError):
        finder(frames(2, 3))  # the predictor tries again one by one
    with pytest.raises(RuntimeError):
        finder(frames(2))
    finder(frames(3))
    assert (finder.next_frame, sorted(finder.detections)) == (4, [0, 1, 3])


def test_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="'sort' is not known: choose bytetrack or ocsort"):
        PeopleTracker('sort')
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: None)
    with pytest.raises(ValueError, match='pip install lap'):
        PeopleTracker()
