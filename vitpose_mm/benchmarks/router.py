"""Measure training with a head for each of three datasets against one head on the same crops."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from vitpose_mm.registry import MODELS

from .machine_description import describe_machine
from .report import Report
from .timing import Call, Spread, Stand
from .training import LossStep, random_labels

KEYPOINTS = {'coco': 17, 'aic': 14, 'mpii': 16}
ONE, ROUTED = 'one head', 'three routed heads'


def make_step(config: Path, datasets: Sequence[str], stand: Stand) -> LossStep:
    """Return a call of one training step of a base with one head; several datasets are routed."""
    cfg = Config.fromfile(config)
    init_default_scope('mmpose')
    torch.manual_seed(0)
    model: Any = copy.deepcopy(cfg.model)
    heads = {name: {'out_channels': KEYPOINTS[name]} for name in datasets}
    if len(heads) > 1:
        model.head = {'type': 'vitpose_mm.DatasetRouter', 'shared': model.head, 'heads': heads}
    else:
        model.head.update(heads[datasets[0]])
    built = MODELS.build(model).to(stand.device)
    width, height = built.backbone.input_size
    crops = torch.randn(stand.batch, 3, height, width, device=stand.device)
    names = [datasets[index % len(datasets)] for index in range(stand.batch)]
    size = (width // 4, height // 4)
    samples = [random_labels(KEYPOINTS[name], size, stand.device, dataset_name=name) for name in names]
    return LossStep(built, crops, samples)


def benchmark_router(stand: Stand, configs: Sequence[Path]) -> Report:
    """Time both models of each base in turns; return a report."""
    notes = [
        f'A training step on {stand.batch} random crops: forward, losses, backward, AdamW. One head takes all of them '
        'as COCO; the routed model has as many of COCO, AIC and MPII.',
        f'{stand.describe()} Median (least to largest) of the rounds.',
    ]
    report = Report('Cost of routing', describe_machine(stand.device), notes)
    rows = []
    for config in configs:
        calls: dict[str, Call] = {
            ONE: make_step(config, ['coco'], stand),
            ROUTED: make_step(config, list(KEYPOINTS), stand),
        }
        seconds = stand.time(calls)
        rows.append(_row(config.stem, seconds))
        report.raw[config.stem] = seconds
    report.tables[f'Training step, batch {stand.batch}'] = rows
    return report


def _row(name: str, seconds: dict[str, list[float]]) -> dict[str, str]:
    more = Spread.of([routed / one - 1 for one, routed in zip(seconds[ONE], seconds[ROUTED], strict=True)])
    spreads = {key: Spread.of([value * 1e3 for value in values]) for key, values in seconds.items()}
    figures = {f'{key} (ms)': f'{s.median:,.1f} ({s.low:,.1f} to {s.high:,.1f})' for key, s in spreads.items()}
    return {'model': name, **figures, 'overhead': f'{more.median:+.1%} ({more.low:+.1%} to {more.high:+.1%})'}
