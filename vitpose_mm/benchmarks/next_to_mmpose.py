"""The table of a call of ours next to MMPose's, timed in turns within one run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from .machine_description import describe_machine
from .report import Report
from .timing import Call, Spread, Stand, ratios

THEIRS, OURS = 'mmpose', 'ours'


def report_times(title: str, stand: Stand, calls: Mapping[str, Call], *, note: str, unit: str = 'person') -> Report:
    """Time calls in turns and return their report: milliseconds a call and a unit, and the ratio to MMPose.

    Args:
        title: of the page and of its table.
        stand: where and how; its batch is the number of units a call.
        calls: by name, MMPose's among them.
        note: what a call does.
        unit: what a call does its work for.
    """
    seconds = stand.time(calls)
    plural = {'person': 'people'}.get(unit, f'{unit}s')
    notes = [
        f'{stand.batch} {plural} a call. {note} {torch.get_num_threads()} thread(s). {stand.describe()}',
        f'Ratios are to {THEIRS}, medians (least to largest) of the rounds.',
    ]
    report = Report(title, describe_machine(stand.device), notes)
    report.tables[title] = [_row(name, seconds, stand.batch, unit=unit) for name in calls]
    report.raw = dict(seconds)
    return report


def _row(name: str, seconds: Mapping[str, Sequence[float]], units: int, *, unit: str) -> dict[str, str]:
    spent = Spread.of([1000 * value for value in seconds[name]])
    ratio = ratios(list(seconds[name]), list(seconds[THEIRS]))
    return {
        '': name,
        'ms a call': f'{spent.median:.2f} ({spent.low:.2f} to {spent.high:.2f})',
        f'ms a {unit}': f'{spent.median / units:.3f}',
        'to mmpose': f'{ratio.median:.2f} ({ratio.low:.2f} to {ratio.high:.2f})',
    }
