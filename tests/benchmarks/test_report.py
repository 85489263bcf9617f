"""Markdown and JSON."""

from __future__ import annotations

import json
from pathlib import Path

from vitpose_mm.benchmarks.report import Report, make_table

REPORT = Report(
    'Speed',
    {'device': 'a machine'},
    notes=['One note.'],
    tables={'First': [{'model': 'a', 'ms': '1'}, {'model': 'bcd', 'ms': '10'}]},
    raw={'seconds': [0.1]},
)


def test_markdown() -> None:
    assert REPORT.to_markdown() == (
        '# Speed\n- device: a machine\n\n- One note.\n\n## First\n\n'
        '| model | ms |\n| ----- | -- |\n| a     | 1  |\n| bcd   | 10 |\n'
    )


def test_both_pages_are_written(tmp_path: Path) -> None:
    paths = REPORT.write(tmp_path / 'new', 'speed')
    assert [path.name for path in paths] == ['speed.md', 'speed.json']
    assert paths[0].read_text() == REPORT.to_markdown()
    assert json.loads(paths[1].read_text())['raw'] == {'seconds': [0.1]}


def test_no_rows() -> None:
    assert make_table([]) == '(nothing was measured)'
