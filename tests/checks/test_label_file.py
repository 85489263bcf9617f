"""The corrected copy of an annotation file, from which a run reads."""

from __future__ import annotations

import json
from pathlib import Path

from vitpose_mm.checks.label_file import LabelFile, write_copy


def test_a_copy_that_somebody_put_there_is_written_again(tmp_path: Path) -> None:
    file = LabelFile('labels.json', 'labels', {'images': [], 'annotations': []})
    path = Path(write_copy(file, tmp_path))
    before = path.stat().st_mtime_ns
    assert write_copy(file, tmp_path) == str(path) and path.stat().st_mtime_ns == before
    path.write_text('{"images": 1}')
    assert write_copy(file, tmp_path) == str(path)
    assert json.loads(path.read_text()) == file.content


def test_sentences_hold_nothing_that_a_terminal_obeys() -> None:
    file = LabelFile('a.json', 'labels', {})
    file.note('named \x1b]0;title\x07 and \u202e')
    assert file.notes == [r'labels: named \x1b]0;title\x07 and \u202e'] and str(file.fault('\x1b')) == r'labels: \x1b'
