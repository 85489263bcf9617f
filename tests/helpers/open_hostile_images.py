"""Give every hostile image to the demo, as a folder, and to training; for a process of its own, which is watched."""

from __future__ import annotations

import contextlib
import io
import os
import resource
import signal
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.helpers import hostile_images
from tests.inference.conftest import Brightness  # noqa: F401  registers the backbone of the pose model
from vitpose_mm.datasets.corrupt_images import find_corrupt_image
from vitpose_mm.datasets.transforms import SafeLoadImage
from vitpose_mm.inference import demo

HANGS = 120  # seconds of a busy machine


def open_all(where: str, models: dict[str, str]) -> dict[str, Any]:
    """Open all cases with these options of the demo: {'peak': bytes, 'results': {case: ...}}."""
    warnings.simplefilter('ignore')
    predictor = demo.build_predictor(demo.DemoOptions(**models, input='', output_root=''))
    demo.build_predictor = lambda options: predictor
    signal.signal(signal.SIGALRM, _give_up)
    results = {}
    for number, (name, case) in enumerate(hostile_images.all_cases().items()):
        folder, out = Path(where, f'{number}'), Path(where, f'out{number}')
        folder.mkdir()
        for file, content in case.files.items():
            path = folder / os.fsdecode(file)
            if callable(content):
                content(path)
            else:
                path.write_bytes(content)
        trained = {path.name: _watch(lambda path=path: _train(path)) for path in sorted(folder.iterdir())}
        options = demo.DemoOptions(**models, input=str(folder), output_root=str(out), save_predictions=True)
        shown = _watch(lambda options=options, case=case, folder=folder: _show(options, case, folder))
        pictures = [path.name for path in out.iterdir() if path.suffix != '.json'] if out.is_dir() else []
        results[name] = {**shown, 'trained': trained, 'pictures': len(pictures)}
    return {'peak': resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, 'results': results}


def _watch(call: Callable[[], str]) -> dict[str, Any]:
    """Return the result or the traceback, seconds of a processor, and the growth of the peak of memory in bytes."""
    start, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    signal.alarm(HANGS)
    try:
        found = {'says': call()}
    except BaseException:
        found = {'traceback': traceback.format_exc()}
    signal.alarm(0)
    grown = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    return {**found, 'seconds': time.process_time() - start, 'grown': grown}


def _show(options: demo.DemoOptions, case: hostile_images.Case, folder: Path) -> str:
    """Return all output of the demo, as a terminal of UTF-8 shows it."""
    terminal = io.TextIOWrapper(io.BytesIO(), encoding='utf-8')
    with contextlib.redirect_stdout(terminal):
        try:
            one = demo.Demo(options)
            if case.meanwhile:
                case.meanwhile(folder)
            one.run()
        except ValueError as error:  # as the tool does
            print(f'error: {error}')
    terminal.flush()
    return terminal.buffer.getvalue().decode()  # type: ignore[attr-defined]


def _train(path: Path) -> str:
    """Return what training makes of an image: its shape, or the reason that another one replaces it."""
    try:
        image = SafeLoadImage().transform({'img_path': str(path)})['img']
    except Exception as error:
        if found := find_corrupt_image(error):
            return str(found)
        raise
    return f'{image.dtype} {image.ndim} {image.shape[-1]}'


def _give_up(*_: object) -> None:
    raise SystemExit(f'more than {HANGS} seconds')
