"""Jobs run as soon as what they need is there, so many at a time."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from vitpose_mm.studies.schedule import Job, run_jobs


def job(folder: Path, name: str, *needs: str, run: object = None) -> Job:
    """A job that makes the file of its name."""
    file = folder / name

    def make() -> None:
        assert all((folder / need).exists() for need in needs)
        if callable(run):
            run()
        file.touch()

    return Job(name, file, tuple(folder / need for need in needs), (file,), make)


def test_two_run_at_a_time_and_no_third(tmp_path: Path) -> None:
    both, lock, most = threading.Barrier(2, timeout=30), threading.Lock(), [0, 0]

    def count() -> None:
        with lock:
            most[0] += 1
            most[1] = max(most)
        both.wait()  # one at a time would wait for ever
        with lock:
            most[0] -= 1

    run_jobs([job(tmp_path, name, run=count) for name in 'abcd'], workers=2, say=lambda text: None)
    assert most[1] == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == list('abcd')


def test_a_job_waits_for_what_it_needs_and_another_goes_first(tmp_path: Path) -> None:
    said: list[str] = []
    jobs = [job(tmp_path, 'a'), job(tmp_path, 'b', 'a'), job(tmp_path, 'c', 'b'), job(tmp_path, 'd')]
    run_jobs(jobs, workers=2, say=said.append)
    assert said[:2] == ['[1/4] a', '[2/4] d']
    assert [line.split()[1] for line in said[2:]] == ['b', 'c']
    run_jobs(jobs, workers=2, say=said.append)
    assert len(said) == 4
    (tmp_path / 'b').unlink()
    run_jobs(jobs, workers=2, say=said.append)
    assert said[4:] == ['[1/1] b']


def test_where_one_fails_the_others_go_on(tmp_path: Path) -> None:
    def fail() -> None:
        raise RuntimeError('no memory')

    said: list[str] = []
    jobs = [job(tmp_path, 'a', run=fail), job(tmp_path, 'b', 'a'), job(tmp_path, 'c', 'b'), job(tmp_path, 'd')]
    with pytest.raises(RuntimeError, match='no memory'):
        run_jobs(jobs, workers=1, say=said.append)
    assert [path.name for path in tmp_path.iterdir()] == ['d']
    assert 'a: no memory' in said
