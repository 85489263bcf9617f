from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from vitpose_mm.video import VideoResult, predict_video
from vitpose_mm.video.records import FrameLog

from .conftest import ArithmeticPredictor


def test_tracked_people_of_every_frame(write_video: Callable[..., Path]) -> None:
    predictor = ArithmeticPredictor(weak=range(8, 12))  # a detector's threshold of 0.5 would lose the person there
    results = list(predict_video(predictor, write_video(), track='bytetrack'))
    assert [result.index for result in results] == list(range(20))
    assert [result.track_ids.tolist() for result in results] == [[1]] * 20
    assert results[9].box_scores[0] == pytest.approx(0.2)
    lefts = [result.boxes[0, 0] for result in results]
    np.testing.assert_allclose(lefts, 16 + 2 * np.arange(20), atol=1)
    assert predictor.detector.bbox_thr == 0.5  # it is the user's, and stays


def test_without_tracks_boxes_are_the_detectors(
    write_video: Callable[..., Path], predictor: ArithmeticPredictor
) -> None:
    results = list(predict_video(predictor, write_video()))
    assert len(results) == 20
    assert all(result.track_ids is None for result in results)


def test_the_detector_sees_every_fourth_frame(write_video: Callable[..., Path], predictor: ArithmeticPredictor) -> None:
    results = list(predict_video(predictor, write_video(), det_interval=4))
    assert predictor.asked == 5
    assert [result.track_ids.tolist() for result in results] == [[1]] * 20
    lefts = np.array([result.boxes[0, 0] for result in results])
    assert np.abs(lefts - 16 - 2 * np.arange(20))[12:].max() < 3  # once the speed is known


@pytest.mark.parametrize(('kind', 'left'), [('oneeuro', 0.9), ('savgol', 0.3)])
def test_smoothing_takes_the_trembling(
    write_video: Callable[..., Path], predictor: ArithmeticPredictor, kind: str, left: float
) -> None:
    """The stand-in's keypoints tremble by a pixel from frame to frame, of a person of 16 pixels who is fast."""

    def tremble(results: Iterator[VideoResult]) -> float:
        columns = np.array([result.keypoints[0, 0, 0] for result in results])
        return float(np.abs(np.diff(columns, n=2)).mean())

    raw = tremble(predict_video(predictor, write_video()))
    assert raw == pytest.approx(2, abs=0.3)
    assert tremble(predict_video(predictor, write_video(), smooth=kind)) < left * raw


def same(first: list[VideoResult], second: list[VideoResult]) -> None:
    """Check that two lists of results are the same to the bit."""
    assert len(first) == len(second)
    for a, b in zip(first, second, strict=True):
        assert (a.index, a.time) == (b.index, b.time)
        for name in ('image', 'keypoints', 'scores', 'boxes', 'box_scores', 'track_ids'):
            np.testing.assert_array_equal(getattr(a, name), getattr(b, name))


@pytest.mark.parametrize(('det_interval', 'smooth'), [(1, 'oneeuro'), (3, 'savgol')])
def test_an_interrupted_run_goes_on_as_if_nothing_was(
    write_video: Callable[..., Path], tmp_path: Path, det_interval: int, smooth: str
) -> None:
    video = write_video(40)
    options = {'det_interval': det_interval, 'smooth': smooth}
    whole = list(predict_video(ArithmeticPredictor(), video, **options))
    log = FrameLog(tmp_path / 'log.jsonl', options)
    begun = predict_video(ArithmeticPredictor(), video, **options, log=log)
    for _ in range(9):
        next(begun)
    del begun  # killed
    log.close()
    log = FrameLog(tmp_path / 'log.jsonl', options)
    predictor = ArithmeticPredictor()
    again = predict_video(predictor, video, **options, log=log)
    first = next(again)
    before = predictor.estimated
    assert before < 10  # what is in the log is not predicted again
    predictor.estimated += len((tmp_path / 'log.jsonl').read_bytes().splitlines()) - 1 - before
    same([first, *again], whole)
    log.close()
    assert len((tmp_path / 'log.jsonl').read_bytes().splitlines()) == 41


def test_stop_finishes_what_was_begun(write_video: Callable[..., Path], predictor: ArithmeticPredictor) -> None:
    stop = threading.Event()
    found = []
    for result in predict_video(predictor, write_video(40), smooth='savgol', stop=stop):
        found.append(result.index)
        if result.index == 10:
            stop.set()
    assert found == list(range(len(found)))
    assert 15 <= len(found) < 25  # those in the smoother's window come out too


def test_refusals(write_video: Callable[..., Path], predictor: ArithmeticPredictor) -> None:
    for options, message in (
        ({'det_interval': 0}, 'det_interval=0: give 1 or more'),
        ({'track': 'sort'}, "'sort' is not known"),
        ({'smooth': 'mean'}, "'mean' is not known"),
    ):
        with pytest.raises(ValueError, match=message):
            predict_video(predictor, write_video(2), **options)
