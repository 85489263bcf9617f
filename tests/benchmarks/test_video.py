from __future__ import annotations

import pytest

from vitpose_mm.benchmarks.long_video import measure_memory
from vitpose_mm.benchmarks.video import INTERVALS, benchmark_video


def test_tables() -> None:
    said: list[str] = []
    report = benchmark_video(12, 2, models=None, long=0, say=said.append)
    tracks, keypoints = report.tables.values()
    assert [row['tracker'] for row in tracks] == ['bytetrack'] * len(INTERVALS) + ['ocsort'] * len(INTERVALS)
    assert [row['smoothing'] for row in keypoints] == ['none', 'oneeuro', 'savgol']
    assert said == ['rendering 12 frames of 2 people']
    with pytest.raises(ValueError, match='--frames 2 --people 1 --long 0: give 3 or more'):
        benchmark_video(2, 1, models=None, long=0, say=said.append)
    with pytest.raises(ValueError, match='--frames 3 --people 1: nobody comes into the picture'):
        benchmark_video(3, 1, models=None, long=0, say=said.append)


def test_memory_of_a_short_video() -> None:
    said: list[str] = []
    rows = measure_memory(30, said.append)
    assert len(said) == 10 and said[-1] == f'30 frames: {rows[9]["MiB"]} MiB'
    assert [row['frames'] for row in rows] == [*(str(n) for n in range(3, 31, 3)), 'highest of the process']
