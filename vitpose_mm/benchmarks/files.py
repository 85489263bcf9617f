"""Seconds to read the weights of a model next to ``torch.load``, and to check labels as many as COCO's."""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch

from ..checkpoints import load_file
from ..checks.preflight import check_config
from .benchmark_models import build
from .coco_sized import PARTS, write_set
from .machine_description import describe_machine
from .report import Report
from .timing import Call, Spread, Stand

OURS, THEIRS = 'load_file', 'torch.load'


def benchmark_files(stand: Stand, config: Path, *, share: float = 1) -> Report:
    """Time reading a file with the weights of a model, and checking a made-up set of labels.

    Args:
        stand: where and how calls are timed.
        config: of the model.
        share: of COCO's number of labels.
    """
    report = Report(
        'Reading files', describe_machine(stand.device), [f'{stand.describe()} Files are in the page cache.']
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / 'weights.pth'
        torch.save({'meta': {}, 'state_dict': build(config)[0].estimator.state_dict()}, file)
        report.tables[f'Weights of {config.stem}, {file.stat().st_size / 1e6:,.0f} MB'] = [
            _time_loading(stand, file, report)
        ]
        stand.say('writing labels and images')
        cfg = write_set(folder, share=share)
        seconds = stand.time({'labels': lambda: check_config(cfg.copy())})['labels']
        report.raw['labels'] = seconds
        sizes = [
            f'{int(share * images):,} images and {int(share * people):,} people' for images, people, _ in PARTS.values()
        ]
        spread = Spread.of(seconds)
        row = {
            'training, validation': ', '.join(sizes),
            'seconds': f'{spread.median:.1f} ({spread.low:.1f} to {spread.high:.1f})',
        }
        report.tables['All checks of labels before a training'] = [row]
    return report


def _time_loading(stand: Stand, file: Path, report: Report) -> dict[str, str]:
    calls: dict[str, Call] = {
        THEIRS: lambda: torch.load(file, map_location='cpu', weights_only=True),
        OURS: lambda: load_file(file),
    }
    seconds = report.raw['loading'] = stand.time(calls)
    spreads = {key: Spread.of(values) for key, values in seconds.items()}
    ratio = Spread.of([ours / theirs for ours, theirs in zip(seconds[OURS], seconds[THEIRS], strict=True)])
    figures = {f'{key} (s)': f'{one.median:.3f} ({one.low:.3f} to {one.high:.3f})' for key, one in spreads.items()}
    return {**figures, f'{OURS} / {THEIRS}': f'{ratio.median:.2f} ({ratio.low:.2f} to {ratio.high:.2f})'}
