"""The one way tests run code in several processes: gloo on the CPU, with a time limit.

    from tests.helpers.processes import run_processes

    def gather(scale):                      # at the top level of a test file, plain arguments and results
        return torch.distributed.get_rank() * scale

    def test_gather():
        assert run_processes(gather, 10) == [0, 10]

mmengine cannot start gloo by config alone; here the group is there before the function is called. Each
process reads the file of the function, so nothing has to be importable; PyTorch and MMPose are imported already.
"""

from __future__ import annotations

import importlib.util
import inspect
import os
import pickle
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from datetime import timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def run_processes(function: Callable[..., Any], *args: Any, num_processes: int = 2, timeout: float = 300) -> list[Any]:
    """Run a top-level function of a file in several processes; return its results in order of rank.

    Args:
        function: Called as ``function(*args)`` in every process, inside a gloo group.
        args: Anything that pickles.
        num_processes: Size of the group.
        timeout: Seconds for all of it, imports included; also the limit of a collective.

    Raises:
        RuntimeError: With the traceback of the first process that failed, or on a timeout.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / 'task').write_bytes(pickle.dumps((inspect.getfile(function), function.__name__, args)))
        processes = [_start(folder, rank, num_processes, timeout) for rank in range(num_processes)]
        try:
            _wait(processes, folder, time.monotonic() + timeout)
        finally:
            for process in processes:
                process.kill()
                process.join()
        return [pickle.loads((folder / f'result{rank}').read_bytes()) for rank in range(num_processes)]


def _start(folder: Path, rank: int, size: int, timeout: float) -> BaseProcess:
    from tests.helpers.warm_python import start_python  # not at the top: this file is the script too

    env = {
        **os.environ,
        'OMP_NUM_THREADS': '1',
        'CUDA_VISIBLE_DEVICES': '',
        'RANK': str(rank),
        'LOCAL_RANK': str(rank),
        'WORLD_SIZE': str(size),
    }
    log = folder / f'log{rank}'
    return start_python(Path(__file__), folder, timeout, env=env, out=log, err=log)


def _wait(processes: list[BaseProcess], folder: Path, deadline: float) -> None:
    """Wait for all; as soon as one fails the others, which may hang in a collective, are not waited for."""
    while any(process.exitcode is None for process in processes):
        if any(process.exitcode for process in processes):
            break
        if time.monotonic() > deadline:
            raise RuntimeError(f'the processes did not end in time; the logs end with\n{_logs(folder)}')
        time.sleep(0.05)
    for rank, process in enumerate(processes):
        if process.exitcode:
            error = folder / f'error{rank}'
            text = error.read_text() if error.exists() else _logs(folder)
            raise RuntimeError(f'process {rank} failed with exit code {process.exitcode}:\n{text}')


def _logs(folder: Path) -> str:
    return '\n'.join(f'{log.name}: {log.read_text()[-3000:]}' for log in sorted(folder.glob('log*')))


def _run(folder: Path, timeout: float) -> None:
    """What a process does: join the group, call the function, write its result."""
    import torch.distributed as dist

    rank, size = int(os.environ['RANK']), int(os.environ['WORLD_SIZE'])
    file, name, args = pickle.loads((folder / 'task').read_bytes())
    dist.init_process_group(
        'gloo',
        init_method=f'file://{folder}/group',
        rank=rank,
        world_size=size,
        timeout=timedelta(seconds=timeout),
    )
    try:
        result = getattr(_read_module(file), name)(*args)
        (folder / f'result{rank}').write_bytes(pickle.dumps(result))
    except BaseException:
        (folder / f'error{rank}').write_text(traceback.format_exc())
        raise
    dist.barrier()  # nobody hangs up on a process that is still in a collective
    dist.destroy_process_group()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # the interpreter's own end was once aborted by a native thread, with the result long written


def _read_module(file: str) -> ModuleType:
    """Import a test file; `tests` is this folder, whatever else is installed by that name."""
    tests = ModuleType('tests')
    tests.__path__ = [str(ROOT / 'tests')]
    sys.modules['tests'] = tests
    spec = importlib.util.spec_from_file_location('task', file)
    assert spec is not None and spec.loader is not None
    sys.modules['task'] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == '__main__':
    _run(Path(sys.argv[1]), float(sys.argv[2]))
