"""Frames in batches: by number, by size, and what is left when reading ends early."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from vitpose_mm.inference import frames as frames_module
from vitpose_mm.inference.frames import Frame, batch_frames


def some(*sizes: int) -> list[Frame]:
    return [
        Frame(index=i, name=str(i), pixels=np.zeros((1, size, 3), np.uint8) if size else None)
        for i, size in enumerate(sizes)
    ]


def sizes_of(batches: Iterator[list[Frame]]) -> list[int]:
    return [len(batch) for batch in batches]


def test_by_number() -> None:
    assert sizes_of(batch_frames(some(*[1] * 7), 3)) == [3, 3, 1]
    assert sizes_of(batch_frames(some(*[1] * 6), 3)) == [3, 3]
    assert sizes_of(batch_frames([], 3)) == []
    assert [frame.index for batch in batch_frames(some(0, 1, 0), 2) for frame in batch] == [0, 1, 2]


def test_by_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames_module, 'MAX_BATCH_PIXELS', 100)
    assert sizes_of(batch_frames(some(60, 60, 60, 500, 1, 0, 0), 4)) == [2, 2, 3]


def test_large_frames_leave_the_next_lists_where_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that continues from a multiple of the size, as labelling does, has the lists of a whole run."""
    monkeypatch.setattr(frames_module, 'MAX_BATCH_PIXELS', 100)
    assert sizes_of(batch_frames(some(*[40] * 9), 4)) == [3, 1, 3, 1, 1]


def test_frames_before_a_failure_come_first() -> None:
    def broken() -> Iterator[Frame]:
        yield from some(1, 1, 1)
        raise OSError('the stream broke')

    batches = batch_frames(broken(), 2)
    assert [len(next(batches)), len(next(batches))] == [2, 1]
    with pytest.raises(OSError, match='the stream broke'):
        next(batches)
