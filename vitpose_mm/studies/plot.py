"""A plot of a study: every seed of every run as a dot, the means as lines."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from ..utils.files import complete
from .seed_statistics import SeedStatistics
from .study import Table


def drawn(records: Sequence[dict], table: Table) -> list[dict]:
    """Return the records that a plot shows."""
    return [record for record in records if record['run'] not in table.not_drawn]


def digest(records: Sequence[dict], table: Table) -> str:
    """Return a hash of what a plot shows; the plot bears it."""
    metric = next(iter(table.columns))
    points = [(record['run'], record['seed'], record['metrics'].get(metric)) for record in drawn(records, table)]
    return hashlib.sha256(json.dumps([points, table.names, table.columns]).encode()).hexdigest()[:16]


def draw(records: Sequence[dict], table: Table, file: Path) -> None:
    """Draw the first column of a table as an SVG."""
    import matplotlib
    from matplotlib.figure import Figure

    metric, what = next(iter(table.columns.items()))
    records = drawn(records, table)
    names = dict.fromkeys(record['run'] for record in records)
    runs = [run for run in names if SeedStatistics.of(records, run, metric)]
    with matplotlib.rc_context({'svg.hashsalt': 'study', 'svg.fonttype': 'none', 'font.size': 9}):
        figure = Figure(figsize=(6.4, 0.6 + 0.3 * len(runs)), layout='constrained')
        axes = figure.add_subplot()
        for line, run in enumerate(reversed(runs)):
            own = [record['metrics'] for record in records if record['run'] == run]
            values = [metrics[metric] for metrics in own if metric in metrics]
            axes.plot(values, [line] * len(values), 'o', color='tab:blue', alpha=0.6, markersize=5)
            axes.plot([sum(values) / len(values)], [line], '|', color='black', markersize=14)
        axes.set_yticks(range(len(runs)), [table.names.get(run, run) for run in reversed(runs)])
        axes.set_xlabel(what)
        axes.grid(axis='x', alpha=0.3)
        with complete(file) as part:
            figure.savefig(part, format='svg', metadata={'Date': None, 'Description': digest(records, table)})
