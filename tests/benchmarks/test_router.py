"""The cost of routing: the steps that are compared, and the report."""

from __future__ import annotations

from pathlib import Path

import torch

from vitpose_mm.benchmarks.router import benchmark_router, make_step
from vitpose_mm.benchmarks.timing import Clock, Protocol, Stand


def bench(batch: int = 3) -> Stand:
    device = torch.device('cpu')
    return Stand(device, Clock(device, 'process'), Protocol(0, 2, 2), batch, lambda text: None)


def test_both_steps_train_the_same_backbone_on_the_same_crops(tiny_config: Path) -> None:
    one, routed = make_step(tiny_config, ['coco'], bench()), make_step(tiny_config, ['coco', 'aic', 'mpii'], bench())
    assert [sample.dataset_name for sample in routed.samples] == ['coco', 'aic', 'mpii']
    assert one.crops.shape == routed.crops.shape == (3, 3, 64, 48)
    backbones = [dict(step.model.backbone.named_parameters()) for step in (one, routed)]
    assert all(torch.equal(value, backbones[1][name]) for name, value in backbones[0].items())
    for step in (one, routed):
        before = [parameter.clone() for parameter in step.model.parameters()]
        step()
        assert all(not torch.equal(a, b) for a, b in zip(before, step.model.parameters(), strict=True))


def test_the_report_has_a_row_a_model(tiny_config: Path) -> None:
    report = benchmark_router(bench(), [tiny_config])
    (row,) = report.tables['Training step, batch 3']
    assert row['model'] == 'tiny' and row['overhead'].count('%') == 3
    seconds = report.raw['tiny']
    overheads = [
        routed / one - 1 for one, routed in zip(seconds['one head'], seconds['three routed heads'], strict=True)
    ]
    assert row['overhead'].startswith(f'{sum(overheads) / 2:+.1%}')
