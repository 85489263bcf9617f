"""Scripts in processes of their own that start in a moment: forked from a server that has imported PyTorch and MMPose.

An interpreter takes five seconds to import them, and most tests of a command do not test that. What is about the
start itself, its imports and its warnings, needs ``subprocess.run([sys.executable, ...])``.
"""

from __future__ import annotations

import contextlib
import functools
import multiprocessing
import multiprocessing.context
import multiprocessing.forkserver
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any
from unittest import mock

SHORTCUTS: dict[str, Any] = {
    'mmengine.config.config.FormatCode': lambda text, **_: (text, True),
    'mmengine.runner.runner.collect_env': dict,
    'mmengine._strategy.base.collect_env': dict,
}
IMPORTED = ['vitpose_mm', 'mmdet.apis', 'mmpose.apis']  # ours is light; what its modules register is left to the script


def run_python(
    script: Path, *words: object, cwd: Path | None = None, env: Mapping[str, str] | None = None, timeout: float = 600
) -> subprocess.CompletedProcess[str]:
    """Run a script to its end, as subprocess.run with the output captured as text."""
    with tempfile.TemporaryDirectory() as name:
        out, err = Path(name, 'out'), Path(name, 'err')
        process = start_python(script, *words, cwd=cwd, env=env, out=out, err=err)
        process.join(timeout)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(str(script), timeout)
        return subprocess.CompletedProcess([script, *words], process.exitcode, out.read_text(), err.read_text())


def start_python(
    script: Path,
    *words: object,
    out: Path,
    err: Path,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> BaseProcess:
    """Start a script; what it writes goes to two files, or to one and the same."""
    job = {
        'words': [str(script), *map(str, words)],
        'cwd': str(cwd or os.getcwd()),
        'env': dict(os.environ if env is None else env),
        'files': [str(out), str(err)],
    }
    # by its path: a package of the name `tests` may be installed
    process = warm_context().Process(target=runpy.run_path, args=(__file__, {'JOB': job}, 'warm_python'))
    process.start()
    return process


@functools.cache
def warm_context() -> multiprocessing.context.ForkServerContext:
    """Return the context of multiprocessing whose processes are forked from the server; start it."""
    context = multiprocessing.get_context('forkserver')
    context.set_forkserver_preload(IMPORTED)
    with mock.patch.dict(os.environ, OMP_NUM_THREADS='1'):  # a process with threads of torch cannot be forked
        multiprocessing.forkserver.ensure_running()
    return context


@contextlib.contextmanager
def shortcuts() -> Iterator[None]:
    """Inside, runners do not lay out the text of their config, half of a tiny run, nor look for compilers."""
    with contextlib.ExitStack() as stack:
        for name, substitute in SHORTCUTS.items():
            stack.enter_context(mock.patch(name, substitute))
        yield


def _become(job: dict[str, Any]) -> None:
    """Run a script in this process, as an interpreter does."""
    os.chdir(job['cwd'])
    os.environ.clear()
    os.environ.update(job['env'])
    for number, file in enumerate(job['files'], start=1):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
    sys.stdout = open(1, 'w', encoding='utf-8', closefd=False)  # noqa: SIM115
    sys.stderr = open(2, 'w', encoding='utf-8', buffering=1, closefd=False)  # noqa: SIM115
    sys.argv = job['words']
    with shortcuts():
        runpy.run_path(sys.argv[0], run_name='__main__')


if __name__ == 'warm_python':
    _become(JOB)  # type: ignore[name-defined]  # noqa: F821
