from __future__ import annotations

import math
import weakref
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import savgol_filter

from vitpose_mm.video import OneEuro, SavitzkyGolay, VideoResult
from vitpose_mm.video.smoothing import make_smoother

FPS = 30.0


def results(path: np.ndarray, *, times: Sequence[float] | None = None, height: float = 200.0) -> list[VideoResult]:
    """Return a result a frame, of track 1, for (T, K, 2) positions of one person's keypoints."""
    times = np.arange(len(path)) / FPS if times is None else np.asarray(times)
    return [
        VideoResult(
            index=index,
            time=float(time),
            image=np.zeros((2, 2, 3), np.uint8),
            keypoints=points[None],
            scores=np.ones((1, len(points))),
            boxes=np.array([[0, 0, 100, height]]),
            box_scores=np.ones(1),
            metainfo={},
            track_ids=np.array([1]),
        )
        for index, (time, points) in enumerate(zip(times, path, strict=True))
    ]


def keypoints(smoothed: Iterable[VideoResult]) -> np.ndarray:
    return np.stack([result.keypoints[0] for result in smoothed])


@pytest.fixture
def walk() -> np.ndarray:
    """(60, 3, 2) noisy positions."""
    rng = np.random.default_rng(0)
    return np.cumsum(rng.normal(0, 3, (60, 3, 2)), axis=0) + rng.normal(0, 2, (60, 3, 2)) + 100


def one_euro(values: Sequence[float], times: Sequence[float], height: float) -> list[float]:
    """The paper's algorithm 1, a number at a time; the speed is in heights."""
    share = lambda cutoff, step: 1 / (1 + 1 / (2 * math.pi * cutoff) / step)  # noqa: E731
    filtered, speed = [values[0]], 0.0
    for value, before, now in zip(values[1:], times, times[1:], strict=False):
        step = now - before
        speed += share(2.0, step) * ((value - filtered[-1]) / step - speed)
        filtered.append(filtered[-1] + share(1.5 + 8.0 * abs(speed) / height, step) * (value - filtered[-1]))
    return filtered


def test_one_euro_is_the_papers() -> None:
    rng = np.random.default_rng(0)
    times = np.cumsum(rng.uniform(0.02, 0.05, 50))
    along = np.cumsum(rng.normal(0, 2, 50))
    path = np.stack((along, np.zeros(50)), axis=1)[:, None]
    smoothed = keypoints(OneEuro().smooth(results(path, times=times)))
    np.testing.assert_allclose(smoothed[:, 0, 0], one_euro(along, times, 200.0), rtol=1e-9)
    assert (smoothed[:, 0, 1] == 0).all()


def test_one_euro_does_not_depend_on_the_size_of_the_image(walk: np.ndarray) -> None:
    small = keypoints(OneEuro().smooth(results(walk)))
    large = keypoints(OneEuro().smooth(results(walk * 4, height=800.0)))
    np.testing.assert_allclose(large, small * 4)


def test_savitzky_golay_is_scipys_over_the_whole_track(walk: np.ndarray) -> None:
    smoother = SavitzkyGolay(fps=FPS)
    smoothed = keypoints(smoother.smooth(results(walk)))
    np.testing.assert_allclose(smoothed, savgol_filter(walk, 2 * smoother.half + 1, 2, axis=0), atol=1e-8)


def test_savitzky_golay_leaves_parabolas_alone_at_any_rate() -> None:
    times = np.cumsum(np.random.default_rng(0).uniform(0.01, 0.08, 40))
    path = np.stack((3 + 4 * times + 5 * times**2, 2 - times), axis=1)[:, None]
    smoothed = keypoints(SavitzkyGolay(fps=FPS).smooth(results(path, times=times)))
    np.testing.assert_allclose(smoothed, path, atol=1e-8)


@pytest.mark.parametrize('kind', ['oneeuro', 'savgol'])
def test_everything_begins_anew_after_a_gap(walk: np.ndarray, kind: str) -> None:
    times = np.arange(60) / FPS
    times[25:] += 0.4
    smoothed = keypoints(make_smoother(kind, FPS).smooth(results(walk, times=times)))
    parts = [keypoints(make_smoother(kind, FPS).smooth(results(part))) for part in (walk[:25], walk[25:])]
    np.testing.assert_allclose(smoothed, np.concatenate(parts), atol=1e-8)


@pytest.mark.parametrize('kind', ['oneeuro', 'savgol'])
def test_unsure_keypoints_take_no_part(walk: np.ndarray, kind: str) -> None:
    frames = results(walk)
    alone = keypoints(make_smoother(kind, FPS).smooth(frames))
    for index in (20, 21):  # the second keypoint jumps away, with a low score
        frames[index].keypoints[0, 1] += 500
        frames[index].scores[0, 1] = 0.1
    smoothed = keypoints(make_smoother(kind, FPS).smooth(frames))
    np.testing.assert_allclose(smoothed[:, [0, 2]], alone[:, [0, 2]])
    np.testing.assert_allclose(smoothed[20:22, 1], walk[20:22, 1] + 0)  # walk was changed in place: left as they are
    np.testing.assert_allclose(np.delete(smoothed, (20, 21), 0)[:, 1], np.delete(alone, (20, 21), 0)[:, 1], atol=8)


@pytest.mark.parametrize('kind', ['oneeuro', 'savgol'])
def test_tracks_do_not_mix_and_all_frames_come_in_order(walk: np.ndarray, kind: str) -> None:
    first, second = results(walk[:, :1]), results(walk[:, 1:2])
    both = [
        replace(
            a,
            keypoints=np.concatenate((a.keypoints, b.keypoints))[:: 1 if a.index % 2 else -1],
            scores=np.ones((2, 1)),
            boxes=np.repeat(a.boxes, 2, axis=0),
            track_ids=np.array([1, 2])[:: 1 if a.index % 2 else -1],
        )
        for a, b in zip(first, second, strict=True)
    ]
    smoothed = list(make_smoother(kind, FPS).smooth(both))
    assert [result.index for result in smoothed] == list(range(60))
    assert all(result.image.shape == (2, 2, 3) for result in smoothed)
    for track, alone in ((1, first), (2, second)):
        found = np.stack([result.keypoints[result.track_ids == track][0] for result in smoothed])
        np.testing.assert_allclose(found, keypoints(make_smoother(kind, FPS).smooth(alone)))


def test_a_window_keeps_few_frames_and_no_pixels_of_those_that_are_done(walk: np.ndarray) -> None:
    """Whatever rate a file claims; a view of no pixels keeps all of them in memory."""
    smoother = SavitzkyGolay(fps=1000.0)
    assert smoother.half == 36 and SavitzkyGolay(fps=240.0).half == 36 and SavitzkyGolay(fps=30.0).half == 4
    frames = results(np.concatenate([walk] * 3))
    pixels = [weakref.ref(frame.image) for frame in frames]
    smoothed = SavitzkyGolay(fps=FPS).smooth(iter_once(frames))
    for done in range(100):
        next(smoothed)
        assert done < 2 or pixels[done - 2]() is None


def iter_once(frames: list[VideoResult]) -> Iterator[VideoResult]:
    """Give frames away and keep none."""
    while frames:
        yield frames.pop(0)


def test_frames_without_tracks_pass_through(walk: np.ndarray) -> None:
    frames = [replace(result, track_ids=None) for result in results(walk)]
    for kind in ('oneeuro', 'savgol'):
        np.testing.assert_array_equal(keypoints(make_smoother(kind, FPS).smooth(frames)), walk)
    with pytest.raises(ValueError, match="'kalman' is not known: choose oneeuro or savgol"):
        make_smoother('kalman', FPS)
