"""Steps that are done once: stopped anywhere, a job continues with the step that is not done."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from tests.helpers.processes import run_processes
from vitpose_mm.utils.steps import Step, duration, run_steps


class Job:
    """Steps a, b and c that write a file each; one of them can be told to fail."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.runs: list[str] = []
        self.said: list[str] = []
        self.broken = ''

    def do(self, name: str) -> None:
        if name == self.broken:
            raise KeyboardInterrupt
        self.runs.append(name)
        (self.folder / name).write_text(name)

    def run(self, *, repeat_later: bool = False) -> list[bool]:
        self.runs, self.said = [], []
        steps = [Step(f'do {name}', (self.folder / name,), partial(self.do, name), minutes=0.5) for name in 'abc']
        return run_steps(steps, say=self.said.append, repeat_later=repeat_later)


def test_a_step_that_is_done_is_not_run_again(tmp_path: Path) -> None:
    job = Job(tmp_path)
    assert job.run() == [True] * 3 and job.runs == ['a', 'b', 'c']
    assert job.said[0] == '[1/3] do a: about 30 seconds'
    assert job.run() == [False] * 3 and job.runs == []
    assert job.said[2] == '[3/3] do c: done before'


def test_a_job_that_was_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    job = Job(tmp_path)
    job.broken = 'b'
    with pytest.raises(KeyboardInterrupt):
        job.run()
    job.broken = ''
    assert job.run() == [False, True, True]


def test_what_was_made_from_a_step_is_made_again_where_that_is_asked_for(tmp_path: Path) -> None:
    job = Job(tmp_path)
    job.run()
    (tmp_path / 'b').unlink()
    assert job.run() == [False, True, False]
    (tmp_path / 'b').unlink()
    job.broken = 'b'
    with pytest.raises(KeyboardInterrupt):
        job.run(repeat_later=True)
    assert not (tmp_path / 'c').exists()  # of the old b
    job.broken = ''
    assert job.run(repeat_later=True) == [False, True, True]


def test_all_files_of_a_step_have_to_be_there(tmp_path: Path) -> None:
    (tmp_path / 'one').touch()
    step = Step('both', (tmp_path / 'one', tmp_path / 'two'), (tmp_path / 'two').touch)
    assert not step.done
    assert run_steps([step], say=str) == [True] and step.done


def run_in_processes(folder: Path) -> list[bool]:
    """Each process adds a line to the file that says that the step is done."""

    def write() -> None:
        with (folder / 'file').open('a') as file:
            file.write('x\n')

    return run_steps([Step('write', (folder / 'file',), write)] * 2, say=str)


@pytest.mark.slow
def test_processes_decide_alike(tmp_path: Path) -> None:
    assert run_processes(run_in_processes, tmp_path) == [[True, False]] * 2
    assert (tmp_path / 'file').read_text() == 'x\nx\n'


@pytest.mark.parametrize(
    ('minutes', 'text'), [(0.3, '20 seconds'), (0.05, '5 seconds'), (1, '1 minute'), (1.5, '1.5 minutes')]
)
def test_durations_are_told_in_words(minutes: float, text: str) -> None:
    assert duration(minutes) == text
