from __future__ import annotations

import io
import itertools
import re
import sys

import pytest

from vitpose_mm.utils import progress
from vitpose_mm.utils.progress import progress_bar


class Clock:
    """The time that tqdm sees: each look is half a second after the one before."""

    now = 0.0

    def time(self) -> float:
        self.now += 0.5
        return self.now


class Stream(io.StringIO):
    """A stderr that is a terminal or not."""

    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


def shown(monkeypatch: pytest.MonkeyPatch, count: int, *, terminal: bool = False) -> str:
    """What a loop of ``count`` half seconds writes to stderr."""
    stream = Stream(terminal)
    monkeypatch.setattr(sys, 'stderr', stream)
    monkeypatch.setattr('tqdm.std.time', Clock().time)
    assert list(progress_bar(range(count), desc='render', unit='img', position=2)) == list(range(count))
    return stream.getvalue()


def test_a_line_every_ten_seconds_in_a_log(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(monkeypatch, 90).splitlines()
    assert 4 <= len(lines) <= 6  # 45 seconds, and the end
    assert all(re.fullmatch(r'render: +\d+% \d+/90 \[00:\d\d<00:\d\d, .*img/s\]', line) for line in lines)
    assert lines[-1].startswith('render: 100% 90/90 [00:')
    counts = [int(re.search(r' (\d+)/90', line)[1]) for line in lines]  # type: ignore[index]
    assert all(15 <= after - before <= 21 for before, after in itertools.pairwise(counts[:-1]))


def test_a_short_loop_leaves_a_log_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, 10) == ''


def test_a_terminal_keeps_the_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(monkeypatch, 10, terminal=True)
    assert '\r' in text and '|' in text and '10/10' in text


def test_a_bar_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Stream(terminal=False)
    monkeypatch.setattr(sys, 'stderr', stream)
    monkeypatch.setattr(progress, 'INTERVAL', 0.0)
    bar = progress_bar(total=4, initial=1, desc='train', unit='it', mininterval=2)
    bar.set_postfix_str('loss 0.5', refresh=False)
    bar.update()
    bar.close()
    lines = stream.getvalue().splitlines()
    assert lines[-1].startswith('train:  50% 2/4 [00:00<') and lines[-1].endswith(', loss 0.5]')
