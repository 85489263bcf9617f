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
    done = f'{part_of(len(jobs) - len(pending), len(jobs), "job", verb="are")} done.'
    costs = [expected_seconds(job, records, yardstick) for job in pending]
    known = [cost for cost in costs if cost is not None]
    if not known:
        say(f'{done} How long the others take is not known: they have no records.' if pending else done)
        return
    seconds = sum(known)
    unknown = len(costs) - len(known)
    uncounted = f'; {unknown} of them have no record and are not counted' if unknown else ''
    say(
        f'{done} The others take about {duration(seconds)} of one core of this machine: {duration(seconds / workers)} '
        f'by the clock with {workers} at a time and nothing else running{uncounted}.'
    )


def duration(seconds: float) -> str:
    """Return a length of time in minutes, or in hours from two on: '9 minutes', '3.5 hours'."""
    return f'{seconds / 60:.0f} minutes' if seconds < 7200 else f'{seconds / 3600:.1f} hours'


def expected_seconds(job: Job, records: Path, yardstick: float) -> float | None:
    """CPU seconds that a run takes here, from its records of any seed; None where there is none.

    Records of runs in one go are preferred; a record without CPU time counts by its minutes by the clock.
    """
    study, run = job.key.parts[-3:-1]
    found = [read_record(file) for file in (records / study).glob(f'{run}-*.json')]
    found = [record for record in found if record['run'] == run]
    whole = [record for record in found if not record.get('resumed')]
    seconds = [_seconds_here(record, yardstick) for record in whole or found]
    return statistics.fmean(seconds) if seconds else None


def _seconds_here(record: dict, yardstick: float) -> float:
    if record.get('yardstick_seconds') and 'cpu_seconds' in record:
        return float(record['cpu_seconds'] * yardstick / record['yardstick_seconds'])
    return float(60 * record.get('minutes', 0))
