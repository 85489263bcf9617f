"""Open every hostile file and tell what came of each; for a process of its own, which is watched.

An audit hook ends a reading at the first thing that no reading does: importing, compiling, running, opening another
file, connecting. Python tells of these whatever way they are reached.
"""

from __future__ import annotations

import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from tests.helpers import hostile_files, pickle_bytes
from vitpose_mm.checkpoints import CheckpointError, load_file
from vitpose_mm.checkpoints.writing import save_file

HANGS = 120  # seconds of a busy machine
FORBIDDEN = (
    'exec',
    'compile',
    'import',
    'os.system',
    'os.exec',
    'os.fork',
    'os.posix_spawn',
    'os.remove',
    'os.rename',
    'os.rmdir',
    'os.mkdir',
    'os.putenv',
    'subprocess.Popen',
    'pickle.find_class',
    'marshal.loads',
    'ctypes.dlopen',
    'ctypes.dlsym',
    'socket.connect',
    'shutil.rmtree',
    'object.__setattr__',
    'code.__new__',
    'function.__new__',
)
watched: list[Path] = []


def watch(event: str, args: tuple[Any, ...]) -> None:
    """Python's audit hook."""
    if not watched:
        return
    allowed = watched[0]
    if event in FORBIDDEN or (event == 'open' and str(args[0]) != str(allowed) and not isinstance(args[0], int)):
        watched.clear()
        raise SystemExit(f'{allowed}: {event} {args}')


def give_up(*_: object) -> None:
    """A reading took too long."""
    raise SystemExit(f'more than {HANGS} seconds')


@contextmanager
def watched_from_here(folder: Path) -> Iterator[None]:
    """Inside, :func:`open_one` tells of everything that a reading should not do."""
    for name in ('warm.pth', 'warm.safetensors'):  # what is imported late is imported here
        save_file({'a': torch.ones(3), 'b': torch.ones(2).half()}, folder / name)
        load_file(folder / name)
    b'a'.decode('raw-unicode-escape')  # which pickletools does
    pickle_bytes.write_zip(folder / 'warm.pth', pickle_bytes.checkpoint())
    load_file(folder / 'warm.pth')
    sys.addaudithook(watch)
    before = signal.signal(signal.SIGALRM, give_up)
    try:
        yield
    finally:
        signal.signal(signal.SIGALRM, before)


def open_one(path: Path, is_good: Callable[[Any], bool] = lambda found: True) -> dict[str, Any]:
    """Return what is said of a file, or its type if it loads and is good, and the processor seconds that it took."""
    start = time.process_time()
    signal.alarm(HANGS)
    watched.append(path)
    try:
        content = load_file(path)
        found = {'loads': type(content).__name__ if is_good(content) else 'odd'}
    except CheckpointError as error:
        found = {'says': str(error)}
    except BaseException as error:
        found = {'traceback': f'{type(error).__name__}: {error}'}
    watched.clear()
    signal.alarm(0)
    return {**found, 'seconds': time.process_time() - start}


def open_all(where: str) -> dict[str, Any]:
    """Write the files and open each: {'peak': bytes, 'results': {case: ...}}."""
    folder, results = Path(where), {}
    with watched_from_here(folder):
        for number, (name, (write, _)) in enumerate(hostile_files.all_cases(folder / 'marker').items()):
            suffix = 'safetensors' if name.startswith('safetensors') else 'pth'
            path = folder / f'case{number}.{suffix}'
            write(path)
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            results[name] = {'file': path.name, **open_one(path)}
            results[name]['grown'] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
            if not path.is_dir():
                path.unlink(missing_ok=True)
    return {'peak': resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, 'results': results}
