"""Stages that are run once: a finished stage's result is read from its file the next time."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Result = dict[str, Any]


@dataclass(frozen=True)
class Stage:
    """A step of the quick start.

    Args:
        name: of its file.
        says: what it does, for the user.
        minutes: about how long it takes on two cores.
        run: does it and returns what the report needs.
    """

    name: str
    says: str
    minutes: float
    run: Callable[[], Result]


@dataclass(frozen=True)
class Outcome:
    """What a stage found, how long it took when it ran, and whether it ran now."""

    result: Result
    seconds: float
    ran: bool


def run_stages(stages: list[Stage], folder: Path, *, say: Callable[[str], None]) -> dict[str, Outcome]:
    """Stages in order -> outcome by name; finished ones are not run again.

    A stage that runs makes those after it run too. A finished one is known by its file, written last.

    Args:
        folder: gets <name>.json for each finished stage.
        say: gets one line per stage.
    """
    folder.mkdir(parents=True, exist_ok=True)
    outcomes: dict[str, Outcome] = {}
    fresh = False
    for number, stage in enumerate(stages, 1):
        path = folder / f'{stage.name}.json'
        title = f'[{number}/{len(stages)}] {stage.says}'
        found = None if fresh else _read(path)
        if found:
            say(f'{title}: done before')
            outcomes[stage.name] = found
            continue
        fresh = True
        say(f'{title}: about {duration(stage.minutes)}')
        path.unlink(missing_ok=True)
        start = time.perf_counter()
        result = stage.run()
        outcome = Outcome(result, time.perf_counter() - start, ran=True)
        path.write_text(json.dumps({'seconds': outcome.seconds, 'result': result}, indent=1))
        outcomes[stage.name] = outcome
    return outcomes


def _read(path: Path) -> Outcome | None:
    """Stage file -> its outcome; None where there is none or it is broken."""
    try:
        record = json.loads(path.read_text())
        return Outcome(record['result'], record['seconds'], ran=False)
    except (OSError, ValueError, KeyError):
        return None


def forget_other_settings(folder: Path, settings: Result, *, results: list[Path]) -> None:
    """Removes stage files and results where they come from other settings than these; remembers these.

    Args:
        folder: of the stage files.
        settings: everything that the results depend on, as json.
        results: folders that would be mistaken for this run's (a training would be resumed from them).
    """
    note = folder / 'settings.json'
    text = json.dumps(settings, indent=1, sort_keys=True)
    if note.is_file() and note.read_text() != text:
        for old in (folder, *results):
            shutil.rmtree(old, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    note.write_text(text)


def duration(minutes: float) -> str:
    """Minutes -> '20 seconds' or '1.5 minutes'."""
    if minutes < 1:
        return f'{max(round(minutes * 60 / 5), 1) * 5} seconds'
    return f'{minutes:g} minute' + ('s' if minutes != 1 else '')
