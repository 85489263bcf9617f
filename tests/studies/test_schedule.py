"""Jobs run as soon as what they need is there, so many at a time."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from vitpose_mm.studies.schedule import Job, lock_folder, run_jobs


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
    context = multiprocessing.get_context('fork')
    both, now, most = context.Barrier(2), context.Value('i', 0), context.Value('i', 0)

    def count() -> None:
        with now:
            now.value += 1
            most.value = max(most.value, now.value)
        both.wait(timeout=60)  # one at a time would wait in vain
        with now:
            now.value -= 1

    run_jobs([job(tmp_path, name, run=count) for name in 'abcd'], workers=2, say=lambda text: None)
    assert most.value == 2
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


def test_a_process_that_is_gone_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match='a ended with code 3'):
        run_jobs([job(tmp_path, 'a', run=lambda: os._exit(3))], workers=1, say=lambda text: None)


STUDY = """
import signal, sys, time
from pathlib import Path

from vitpose_mm.studies.call import call_tool
from vitpose_mm.studies.schedule import Job, run_jobs

root = Path(sys.argv[1])
call = lambda name: lambda: call_tool(root, ['long.py', name], log=root / f'{name}.log', cwd=root)
jobs = [Job(name, root / name, (), (root / name,), call(name)) for name in 'ab']
run_jobs(jobs, workers=2, say=print)
"""
TOOL = """
import signal, sys, time
from pathlib import Path

name, stopped = sys.argv[1], []
assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
signal.signal(signal.SIGINT, lambda *_: stopped.append(1))
Path(f'{name}.began').touch()
end = time.monotonic() + 60
while not stopped and time.monotonic() < end:
    time.sleep(0.02)
time.sleep(1)  # as long as a checkpoint takes
Path(f'{name}.signals').write_text(str(len(stopped)))
"""


@pytest.mark.parametrize('number', [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_tools_get_one_signal_when_the_study_ends(tmp_path: Path, number: signal.Signals) -> None:
    """As a program that a shell has in the background, or, for Ctrl-C, in the foreground: all get that."""
    (tmp_path / 'tools').mkdir()
    (tmp_path / 'tools' / 'long.py').write_text(TOOL)
    ignore = None if number == signal.SIGINT else lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)
    whole = [sys.executable, '-c', STUDY, str(tmp_path)]
    study = subprocess.Popen(whole, start_new_session=True, preexec_fn=ignore, stderr=subprocess.DEVNULL)
    wait_for([tmp_path / f'{name}.began' for name in 'ab'])
    if number == signal.SIGINT:
        os.killpg(study.pid, number)
    else:
        study.send_signal(number)
    wait_for([tmp_path / f'{name}.signals' for name in 'ab'])
    assert [(tmp_path / f'{name}.signals').read_text() for name in 'ab'] == ['1', '1']
    assert study.wait(timeout=60) != 0


def wait_for(files: list[Path], *, seconds: float = 120) -> None:
    """Return when files are there and filled; fail when they do not come."""
    end = time.monotonic() + seconds
    while not all(file.exists() and (file.suffix != '.signals' or file.read_text()) for file in files):
        assert time.monotonic() < end, f'{files} do not come'
        time.sleep(0.05)


def test_another_process_does_not_work_in_the_same_folder(tmp_path: Path) -> None:
    script = 'import sys; from pathlib import Path; from vitpose_mm.studies.schedule import lock_folder\n'
    script += 'with lock_folder(Path(sys.argv[1])): print("locked", flush=True); sys.stdin.read()'
    other = subprocess.Popen(
        [sys.executable, '-W', 'ignore', '-c', script, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert other.stdin and other.stdout and other.stdout.readline() == b'locked\n'
    with pytest.raises(ValueError, match=rf'Another process runs studies in {tmp_path}: wait for its end'):
        lock_folder(tmp_path).__enter__()
    other.kill()
    other.wait()
    with lock_folder(tmp_path):
        pass
