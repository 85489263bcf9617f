"""Smooth keypoints of tracked people over time: online (One-Euro), or half a window later (Savitzky-Golay).

K keypoints. Both go by time stamps, so that the rate may vary, and treat each keypoint of each track by itself. A
keypoint whose score is below ``MIN_SCORE`` is left as it is and is not used; after one has been absent
for longer than ``MAX_GAP``, smoothing starts again from its next position.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from .result import VideoResult

SMOOTHERS = ('oneeuro', 'savgol')
MIN_SCORE = 0.3
MAX_GAP = 0.25  # seconds
MAX_HALF = 36  # frames, 0.3 seconds at 240 frames per second; a file can claim 1000
ORDER = 2  # of the polynomials of Savitzky-Golay


def make_smoother(kind: str, fps: float) -> OneEuro | SavitzkyGolay:
    """Make the smoother of a name for one video with a rate of ``fps`` frames per second.

    Raises:
        ValueError: another name.
    """
    if kind not in SMOOTHERS:
        raise ValueError(f'The smoother {kind!r} is not known: choose {" or ".join(SMOOTHERS)}.')
    return OneEuro() if kind == 'oneeuro' else SavitzkyGolay(fps=fps)


@dataclass
class _Filter:
    """State of One-Euro of one track: positions and speeds (K, 2), the time when each keypoint was last seen (K,)."""

    value: np.ndarray
    speed: np.ndarray
    seen: np.ndarray


class OneEuro:
    """The One-Euro filter: a low-pass whose cut-off grows with speed, so that slow keypoints are still and fast ones
    do not lag.

    Speeds are in heights of the person's box per second, so that the settings hold for every size of image.

    Args:
        min_cutoff: hertz, of keypoints that do not move; a lower one removes more jitter.
        beta: hertz for each height per second; a higher one follows fast keypoints more closely.
        speed_cutoff: hertz, of the speed.

    Source: Casiez, Roussel, Vogel: 1 Euro Filter, CHI 2012.
    """

    def __init__(self, *, min_cutoff: float = 1.5, beta: float = 8.0, speed_cutoff: float = 2.0) -> None:
        self.min_cutoff, self.beta, self.speed_cutoff = min_cutoff, beta, speed_cutoff
        self._filters: dict[int, _Filter] = {}

    def smooth(self, results: Iterable[VideoResult]) -> Iterator[VideoResult]:
        """Yield results of one frame after the other with smoothed keypoints, at once."""
        for result in results:
            yield result if result.track_ids is None else replace(result, keypoints=self.follow(result))

    def follow(self, result: VideoResult) -> np.ndarray:
        """Return the (N, K, 2) smoothed keypoints of the tracked people of the next frame."""
        now = result.time
        self._filters = {i: one for i, one in self._filters.items() if now - one.seen.max() <= MAX_GAP}
        smoothed = result.keypoints.copy()
        heights = np.maximum(result.boxes[:, 3] - result.boxes[:, 1], 1)
        for i, track in enumerate(np.asarray(result.track_ids).tolist()):
            confident = result.scores[i] >= MIN_SCORE
            points = result.keypoints[i].astype(np.float64)
            if track not in self._filters:
                self._filters[track] = _Filter(points, np.zeros_like(points), np.full(len(points), -np.inf))
            state, chosen = self._filters[track], points[confident]
            smoothed[i][confident] = self._step(state, chosen, confident, now=now, height=heights[i])
        return smoothed

    def _step(
        self, state: _Filter, points: np.ndarray, confident: np.ndarray, *, now: float, height: float
    ) -> np.ndarray:
        """Update the state by (k, 2) confident keypoints, at ``confident`` of all K; return them smoothed."""
        waited = now - state.seen[confident]
        fresh = waited > MAX_GAP
        step = np.where(fresh, 1.0, np.maximum(waited, 1e-6))[:, None]
        before = np.where(fresh[:, None], points, state.value[confident])
        speed = np.where(fresh[:, None], 0, state.speed[confident])
        speed = speed + low_pass_share(self.speed_cutoff, step) * ((points - before) / step - speed)
        cutoff = self.min_cutoff + self.beta * np.linalg.norm(speed, axis=1, keepdims=True) / height
        value = before + low_pass_share(cutoff, step) * (points - before)
        state.value[confident], state.speed[confident], state.seen[confident] = value, speed, now
        return value


def low_pass_share(cutoff: float | np.ndarray, step: np.ndarray) -> np.ndarray:
    """Return the share of the new value in a low-pass, 0 to 1, by cut-off in hertz and seconds since the last."""
    turn = 2 * np.pi * np.asarray(cutoff) * step
    return turn / (turn + 1)


class SavitzkyGolay:
    """A parabola through the neighbours of each keypoint in time, evaluated at its own time: it does not lag, but
    has to wait for the frames after it.

    At a constant rate the figures are those of ``scipy.signal.savgol_filter`` over the whole track, its ends included;
    here the window goes by time stamps, and only a window of frames is in memory.

    Args:
        fps: frames per second, on average.
        seconds: length of the window.
    """

    def __init__(self, *, fps: float, seconds: float = 0.3) -> None:
        # frames before and after the one that is smoothed; the pixels of twice as many are in memory
        self.half = min(max(round(fps * seconds / 2), 2), MAX_HALF)

    def smooth(self, results: Iterable[VideoResult]) -> Iterator[VideoResult]:
        """Yield results of one frame after the other with smoothed keypoints, a window later."""
        ahead = 2 * self.half  # for the first frames of a track, the whole window is after them
        window: deque[VideoResult] = deque(maxlen=2 * ahead + 1)
        waiting = 0  # results at the end of the window that were not yielded yet
        for result in results:
            window.append(result)
            waiting += 1
            if waiting > ahead:
                yield self._take(window, len(window) - waiting)
                waiting -= 1
        for index in range(len(window) - waiting, len(window)):
            yield self._take(window, index)

    def _take(self, window: deque[VideoResult], index: int) -> VideoResult:
        """Return the result at an index of the window, smoothed; the window keeps it without its pixels."""
        result = window[index]
        window[index] = replace(result, image=np.empty_like(result.image, shape=(0, *result.image.shape[1:])))
        if result.track_ids is None:
            return result
        smoothed = result.keypoints.copy()
        for i, track in enumerate(result.track_ids.tolist()):
            times, points, confident = history_of(track, window)
            fitted = fit_parabolas(times - result.time, points, confident, half=self.half)
            now = result.scores[i] >= MIN_SCORE
            smoothed[i][now] = fitted[now]
        return replace(result, keypoints=smoothed)


def history_of(track: int, results: Iterable[VideoResult]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return times (T,), keypoints (T, K, 2) and whether they are confident (T, K) where a track is."""
    times, points, confident = [], [], []
    for result in results:
        for i in np.flatnonzero(result.track_ids == track) if result.track_ids is not None else ():
            times.append(result.time)
            points.append(result.keypoints[i])
            confident.append(result.scores[i] >= MIN_SCORE)
    return np.array(times), np.stack(points).astype(np.float64), np.stack(confident)


def fit_parabolas(times: np.ndarray, points: np.ndarray, confident: np.ndarray, *, half: int) -> np.ndarray:
    """Fit (T,) times relative to the wanted one and (T, K, 2) keypoints, (T, K) confident; return (K, 2) at time 0.

    The window of each keypoint is the 2 * half + 1 confident times without a gap that are next to 0, as many before as
    after it where there are; a keypoint with too few of them for a parabola stays where it is.
    """
    now = int(np.argmin(np.abs(times)))
    fitted = points[now].copy()
    # keypoints that are confident in the same frames are fitted together
    for pattern in np.unique(confident[:, confident[now]], axis=1).T:
        frames = np.flatnonzero(pattern)
        parts = np.split(frames, np.flatnonzero(np.diff(times[frames]) > MAX_GAP) + 1)
        frames = next(part for part in parts if now in part)
        first = int(np.clip(np.searchsorted(frames, now) - half, 0, max(len(frames) - 2 * half - 1, 0)))
        frames = frames[first : first + 2 * half + 1]
        if len(frames) > ORDER + 1:
            chosen = (confident == pattern[:, None]).all(axis=0)
            powers = np.vander(times[frames], ORDER + 1, increasing=True)  # (t, 3)
            fitted[chosen] = np.tensordot(np.linalg.pinv(powers)[0], points[frames][:, chosen], axes=1)
    return fitted
