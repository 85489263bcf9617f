from __future__ import annotations

from pathlib import Path

import pytest

from vitpose_mm.quickstart.stages import Stage, duration, forget_other_settings, run_stages


class Counter:
    """Stages a, b, c that count their runs; b can be told to fail."""

    def __init__(self) -> None:
        self.runs: list[str] = []
        self.broken = ''
        self.said: list[str] = []

    def stages(self) -> list[Stage]:
        return [Stage(name, f'do {name}', 0.5, lambda name=name: self.do(name)) for name in 'abc']

    def do(self, name: str) -> dict:
        if name == self.broken:
            raise KeyboardInterrupt
        self.runs.append(name)
        return {'value': name * 2}

    def run(self, folder: Path) -> dict:
        self.runs = []
        return run_stages(self.stages(), folder, say=self.said.append)


def test_finished_stages_are_read_and_not_run(tmp_path: Path) -> None:
    counter = Counter()
    first, runs = counter.run(tmp_path), counter.runs
    assert runs == ['a', 'b', 'c'] and all(outcome.ran for outcome in first.values())
    second = counter.run(tmp_path)
    assert counter.runs == []
    assert {name: (o.result, o.ran) for name, o in second.items()} == {n: ({'value': n * 2}, False) for n in 'abc'}
    assert [o.seconds for o in first.values()] == [o.seconds for o in second.values()]
    assert counter.said[0] == '[1/3] do a: about 30 seconds' and counter.said[3] == '[1/3] do a: done before'


def test_an_interrupted_run_goes_on_where_it_was(tmp_path: Path) -> None:
    counter = Counter()
    counter.broken = 'b'
    with pytest.raises(KeyboardInterrupt):
        counter.run(tmp_path)
    counter.broken = ''
    counter.run(tmp_path)
    assert counter.runs == ['b', 'c']


def test_what_follows_a_stage_that_ran_runs_too(tmp_path: Path) -> None:
    counter = Counter()
    counter.run(tmp_path)
    (tmp_path / 'b.json').write_text('{broken')
    counter.run(tmp_path)
    assert counter.runs == ['b', 'c']


def test_other_settings_begin_anew_and_the_same_ones_do_not(tmp_path: Path) -> None:
    notes, work, data = tmp_path / 'stages', tmp_path / 'work', tmp_path / 'data'
    for folder in (notes, work, data):
        folder.mkdir()
        (folder / 'a.json').write_text('{}')
    for settings, kept in (({'n': 1}, True), ({'n': 1}, True), ({'n': 2}, False)):
        forget_other_settings(notes, settings, results=[work])
        assert (notes / 'a.json').exists() is kept and work.exists() is kept
    assert data.exists()


@pytest.mark.parametrize(
    ('minutes', 'text'), [(0.3, '20 seconds'), (0.05, '5 seconds'), (1, '1 minute'), (1.5, '1.5 minutes')]
)
def test_durations_are_told_in_words(minutes: float, text: str) -> None:
    assert duration(minutes) == text
