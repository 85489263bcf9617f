"""The results and durations of the quick start's steps, kept in a file for the next start."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..utils.files import write_json

Result = dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What a step found, and how long it took when it ran."""

    result: Result
    seconds: float


def record_outcome(file: Path, run: Callable[[], Result]) -> None:
    """Run a step and write its outcome, the last thing it does."""
    start = time.perf_counter()
    result = run()
    write_json({'seconds': time.perf_counter() - start, 'result': result}, file)


def read_outcome(file: Path) -> Outcome:
    """Read the outcome of a step that is done."""
    record = json.loads(file.read_text())
    return Outcome(record['result'], record['seconds'])


def remove_damaged(file: Path) -> None:
    """Remove the file of a step where it holds no outcome, so that the step runs again."""
    try:
        read_outcome(file)
    except (OSError, ValueError, KeyError, TypeError):
        file.unlink(missing_ok=True)


def forget_other_settings(folder: Path, settings: Result, *, results: list[Path]) -> None:
    """Remove outcomes and results where they come from other settings than these; remember these.

    Args:
        folder: folder of the outcomes.
        settings: everything that the results depend on, as json.
        results: folders that would be mistaken for this run's (a training would be resumed from them).
    """
    file = folder / 'settings.json'
    if file.is_file() and _read(file) != settings:
        for old in (folder, *results):
            shutil.rmtree(old, ignore_errors=True)
    write_json(settings, file)


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_text())
    except ValueError:
        return None
