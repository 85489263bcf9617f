"""What the user sees at the end: a table of scores and times, and the losses as a picture."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from .outcomes import Outcome

POSE_COLUMNS = {'AP': 'coco/AP', 'AP50': 'coco/AP .5', 'AP75': 'coco/AP .75', 'AR': 'coco/AR'}
BOX_COLUMNS = {'AP': 'coco/bbox_mAP', 'AP50': 'coco/bbox_mAP_50', 'AP75': 'coco/bbox_mAP_75'}


def score_table(outcomes: dict[str, Outcome]) -> str:
    """Return a table of the outcomes of the steps boxes, truth and detected."""
    rows = [('', *POSE_COLUMNS)]
    for title, step in (('pose, ground-truth boxes', 'truth'), ('pose, detected boxes', 'detected')):
        rows.append((title, *(f'{outcomes[step].result[key]:.3f}' for key in POSE_COLUMNS.values())))
    rows.append(('person detector', *(f'{outcomes["boxes"].result[key]:.3f}' for key in BOX_COLUMNS.values()), '-'))
    return _lay_out(rows)


def time_table(seconds: dict[str, float]) -> str:
    """Return a table of the seconds of each step, by its title."""
    rows = [('step', 'seconds'), *((title, f'{value:.0f}') for title, value in seconds.items())]
    rows.append(('together', f'{sum(seconds.values()):.0f}'))
    return _lay_out(rows)


def _lay_out(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        numbers = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append('  '.join([row[0].ljust(widths[0]), *numbers]))
    lines.insert(1, '-' * len(lines[0]))
    return '\n'.join(lines)


def read_losses(work_dir: Path) -> list[tuple[int, float]]:
    """Return (iteration, loss) of the whole training in a work folder; of a resumed one's repeated steps the last."""
    losses = {}
    for path in sorted(work_dir.glob('*/vis_data/scalars.json')):
        for line in path.read_text().splitlines():
            record = json.loads(line)
            if 'loss' in record and 'step' in record:
                losses[int(record['step'])] = float(record['loss'])
    return sorted(losses.items())


def draw_curves(path: Path, trainings: dict[str, Path]) -> None:
    """Draw a picture with one loss curve for each work folder, by title."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.5), layout='constrained')
    FigureCanvasAgg(figure)
    for axes, (title, folder) in zip(figure.subplots(1, len(trainings)), trainings.items(), strict=True):
        losses = read_losses(folder)
        axes.plot(*zip(*losses, strict=True) if losses else ((), ()))
        axes.set(title=title, xlabel='iteration', ylabel='loss', yscale='log')
        axes.grid(alpha=0.3)
    figure.savefig(path, dpi=110)
