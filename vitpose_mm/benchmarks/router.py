"""What it costs to train with a head for each of three datasets, against one head on the same crops."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData, PixelData
from mmpose.structures import PoseDataSample
from torch import Tensor, nn

from vitpose_mm.registry import MODELS

from .machine import describe_machine
from .report import Report
from .timing import Call, Clock, Protocol, Say, Spread, time_in_turns

KEYPOINTS = {'coco': 17, 'aic': 14, 'mpii': 16}
ONE, ROUTED = 'one head', 'three routed heads'


@dataclass(frozen=True)
class RouterBench:
    """How the two models are timed.

    Args:
        device: to run on.
        clock: to time with.
        protocol: how often.
        batch: crops a step, of the three datasets by turns.
        say: is told how far it is.
    """

    device: torch.device
    clock: Clock
    protocol: Protocol
    batch: int
    say: Say


class LossStep:
    """Forward, the heads' losses, backward and AdamW, on one batch that stays the same.

    Args:
        model: an estimator; set to training mode.
        crops: (B, 3, h, w).
        samples: B samples with heatmaps.
    """

    def __init__(self, model: nn.Module, crops: Tensor, samples: list[PoseDataSample]) -> None:
        self.model = model.to(crops.device).train()
        self.crops, self.samples = crops, samples
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, weight_decay=0.1)

    def __call__(self) -> None:
        losses: dict[str, Tensor] = self.model(self.crops, self.samples, mode='loss')
        torch.stack([loss for name, loss in losses.items() if 'loss' in name]).sum().backward()
        self.optimizer.step()
        self.optimizer.zero_grad()


def make_step(config: Path, datasets: Sequence[str], bench: RouterBench) -> LossStep:
    """Base of a model with one head, and the datasets in a batch -> a step; several datasets are routed."""
    cfg = Config.fromfile(config)
    init_default_scope('mmpose')
    torch.manual_seed(0)
    model: Any = copy.deepcopy(cfg.model)
    heads = {name: {'out_channels': KEYPOINTS[name]} for name in datasets}
    if len(heads) > 1:
        model.head = {'type': 'vitpose_mm.DatasetRouter', 'shared': model.head, 'heads': heads}
    else:
        model.head.update(heads[datasets[0]])
    built = MODELS.build(model)
    width, height = built.backbone.input_size
    crops = torch.randn(bench.batch, 3, height, width, device=bench.device)
    samples = [
        make_sample(datasets[place % len(datasets)], (width // 4, height // 4), bench.device)
        for place in range(bench.batch)
    ]
    return LossStep(built, crops, samples)


def make_sample(dataset: str, size: tuple[int, int], device: torch.device) -> PoseDataSample:
    """Name and (w, h) of the heatmaps -> a sample with random heatmaps."""
    sample = PoseDataSample(metainfo={'dataset_name': dataset})
    sample.gt_instance_labels = InstanceData(keypoint_weights=torch.ones(1, KEYPOINTS[dataset], device=device))
    sample.gt_fields = PixelData(heatmaps=torch.rand(KEYPOINTS[dataset], size[1], size[0], device=device))
    return sample


def benchmark_router(bench: RouterBench, configs: Sequence[Path]) -> Report:
    """Time both models of each base in turns -> report."""
    notes = [
        f'A training step on {bench.batch} random crops: forward, losses, backward, AdamW. One head takes all of them '
        'as COCO; the routed model has as many of COCO, AIC and MPII.',
        f'{bench.protocol.warmup} steps to warm up and {bench.protocol.chunk * bench.protocol.rounds} timed, in '
        f'{bench.protocol.rounds} rounds in turns; clock: {bench.clock.kind}. Median (least to largest) of the rounds.',
    ]
    report = Report('Cost of routing', describe_machine(bench.device), notes)
    rows = []
    for config in configs:
        calls: dict[str, Call] = {
            ONE: make_step(config, ['coco'], bench),
            ROUTED: make_step(config, list(KEYPOINTS), bench),
        }
        seconds = time_in_turns(calls, bench.clock, bench.protocol, bench.say)
        rows.append(_row(config.stem, seconds))
        report.raw[config.stem] = seconds
    report.tables[f'Training step, batch {bench.batch}'] = rows
    return report


def _row(name: str, seconds: dict[str, list[float]]) -> dict[str, str]:
    more = Spread.of([routed / one - 1 for one, routed in zip(seconds[ONE], seconds[ROUTED], strict=True)])
    spreads = {key: Spread.of([value * 1e3 for value in values]) for key, values in seconds.items()}
    figures = {f'{key} (ms)': f'{s.median:,.1f} ({s.low:,.1f} to {s.high:,.1f})' for key, s in spreads.items()}
    return {'model': name, **figures, 'overhead': f'{more.median:+.1%} ({more.low:+.1%} to {more.high:+.1%})'}
