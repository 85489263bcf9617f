"""Outcomes of the quick start's steps: written last, read again, forgotten when settings change."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vitpose_mm.quickstart.outcomes import forget_other_settings, read_outcome, record_outcome, remove_damaged


def test_an_outcome_is_kept_with_its_time(tmp_path: Path) -> None:
    file = tmp_path / 'stages' / 'a.json'
    record_outcome(file, lambda: {'value': 3})
    outcome = read_outcome(file)
    assert outcome.result == {'value': 3} and 0 <= outcome.seconds == json.loads(file.read_text())['seconds']
    remove_damaged(file)
    assert file.exists()


def test_a_step_that_failed_leaves_no_outcome(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        record_outcome(tmp_path / 'a.json', lambda: {'value': 1 / 0})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize('text', ['{broken', '[]', '{"seconds": 1}'])
def test_a_damaged_outcome_is_removed(tmp_path: Path, text: str) -> None:
    (tmp_path / 'a.json').write_text(text)
    remove_damaged(tmp_path / 'a.json')
    remove_damaged(tmp_path / 'absent.json')
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ('settings', 'kept'), [([{'n': 1}, {'n': 1}], True), ([{'n': 1}, {'n': 2}], False), ([{'n': 1}, None], False)]
)
def test_other_settings_begin_anew_and_the_same_ones_do_not(tmp_path: Path, settings: list, kept: bool) -> None:
    outcomes, work, data = tmp_path / 'stages', tmp_path / 'work', tmp_path / 'data'
    forget_other_settings(outcomes, settings[0], results=[work])
    for folder in (work, data):
        folder.mkdir()
    (outcomes / 'a.json').write_text('{}')
    if settings[1] is None:
        (outcomes / 'settings.json').write_text('{broken')
    forget_other_settings(outcomes, settings[1] or settings[0], results=[work])
    assert (outcomes / 'a.json').exists() is kept and work.exists() is kept
    assert data.exists()
