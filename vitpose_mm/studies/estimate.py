"""How long jobs take on this machine, from what the same runs took on another."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path

from ..utils.counted import part_of
from ..utils.steps import Say
from .record import read_record
from .schedule import Job


def say_how_long(jobs: Sequence[Job], records: Path, yardstick: float, *, workers: int, say: Say) -> None:
    """Say how many runs there are to make and about how long that takes.

    Args:
        jobs: all jobs, done ones too.
        records: folder of records, one folder a study.
        yardstick: seconds that this machine takes for the fixed work of :func:`record.measure_yardstick`.
        workers: runs at a time.
        say: gets the line.
    """
    pending = [job for job in jobs if not job.done]
    costs = [expected_seconds(job, records, yardstick) for job in pending]
    known = [cost for cost in costs if cost is not None]
    hours = sum(known) / 3600
    unknown = len(costs) - len(known)
    uncounted = f'; {unknown} of them have no record and are not counted' if unknown else ''
    say(
        f'{part_of(len(jobs) - len(pending), len(jobs), "job", verb="are")} done. The others take about {hours:.2g} '
        f'CPU hours on this machine: {hours / workers:.2g} hours by the clock with {workers} at a time and nothing '
        f'else running{uncounted}.'
    )


def expected_seconds(job: Job, records: Path, yardstick: float) -> float | None:
    """CPU seconds that a run takes here, from its records of any seed; None where there is none."""
    study, run = job.key.parts[-3:-1]
    found = [read_record(file) for file in (records / study).glob(f'{run}-*.json')]
    seconds = [
        record['cpu_seconds'] * yardstick / record['yardstick_seconds']
        for record in found
        if record['run'] == run and record.get('yardstick_seconds') and not record.get('resumed')
    ]
    return statistics.fmean(seconds) if seconds else None
