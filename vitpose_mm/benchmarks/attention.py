"""The paper's table of attention kinds at 1/8 features: what each costs to count, to keep and to run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from .benchmark_models import Heatmaps, build
from .machine_description import describe_machine
from .macs import count_macs
from .memory import TrainingMemory, estimate_training_memory, measure_allocated, show_mib
from .models import make_call
from .report import Report
from .settings import Setting
from .timing import Call, Spread, Stand, ratios


@dataclass(frozen=True)
class PaperRow:
    """A row of the paper's table (ViTPose-B, 32x24 tokens) and the config that is our reading of it."""

    label: str
    config: str
    gflops: float
    memory_mb: int

    def path(self, configs: Path) -> Path:
        """Return the path of this row's config below our folder of configs."""
        return configs / 'attention' / f'vitpose_base_stride8-{self.config}_coco-256x192.py'


# The paper's table of attention kinds; our reading of each row is in docs/attention.md
ROWS = {
    row.config: row
    for row in (
        PaperRow('full', 'full', 76.59, 36141),
        PaperRow('window 8x8', 'window', 66.31, 21161),
        PaperRow('window 8x8 + shift', 'shift', 66.31, 21161),
        PaperRow('window 8x8 + pool', 'pool', 66.39, 22893),
        PaperRow('window 8x8 + shift + pool', 'shift-pool', 66.39, 22893),
        PaperRow('window 8x8, full every quarter', 'quarters', 69.94, 28594),
        PaperRow('window 16x12 + shift + pool', 'shift-pool-16x12', 68.46, 26778),
    )
}


def choose_rows(names: Sequence[str]) -> list[PaperRow]:
    """Return the rows of these names.

    Raises:
        ValueError: a name that is not one of a row.
    """
    unknown = [name for name in names if name not in ROWS]
    if unknown:
        raise ValueError(f'{unknown[0]!r} is not a row of the table: choose from {", ".join(ROWS)}.')
    return [ROWS[name] for name in names]


@dataclass(frozen=True)
class AttentionBench:
    """Measures rows on one device.

    Args:
        stand: device and how to time.
        training: setting of the training step.
        forward: setting of the forward pass.
        memory_batch: crops of the step whose memory is computed.
    """

    stand: Stand
    training: Setting
    forward: Setting
    memory_batch: int

    def memory(self, model: Heatmaps, size: tuple[int, int]) -> TrainingMemory:
        """Computed from shapes, for ``memory_batch`` crops."""
        return estimate_training_memory(model, self.memory_batch, size, amp=self.training.amp)

    def allocated(self, path: Path) -> int | None:
        """Return the bytes that CUDA's allocator gave out for a training step, or None without CUDA."""
        return measure_allocated(lambda: self._call(path, self.training, training=True), self.stand.device)

    def time(self, paths: Mapping[str, Path], *, training: bool) -> dict[str, list[float]]:
        """Return the seconds of a training step or a forward pass, of each row and round."""
        setting = self.training if training else self.forward
        calls = {name: self._call(path, setting, training=training) for name, path in paths.items()}
        return self.stand.time(calls)

    def _call(self, path: Path, setting: Setting, *, training: bool) -> Call:
        torch.manual_seed(0)
        model, (width, height) = build(path, self.stand.device)
        crops = torch.randn(self.stand.batch, 3, height, width, device=self.stand.device)
        return make_call(model, crops, setting, training=training)


def benchmark_attention(bench: AttentionBench, rows: Sequence[PaperRow], configs: Path) -> Report:
    """Measure the rows; return a report with a table of counts and memory, and one of times."""
    report = Report('Attention at 1/8 features, ViTPose-B', describe_machine(bench.stand.device), _notes(bench))
    counts, raw = [], {}
    for row in rows:
        bench.stand.say(f'counting {row.label}')
        model, size = build(row.path(configs), 'meta')
        figures = {
            'parameters': sum(p.numel() for p in model.parameters()),
            'macs_backbone': count_macs(model.estimator.backbone, size).total,
            'macs': count_macs(model, size).total,
            'memory': bench.memory(model, size).peak,
            'allocated': bench.allocated(row.path(configs)),
        }
        counts.append(_count_line(row, figures))
        raw[row.config] = figures
    report.tables[f'Counts, and memory of a training step with {bench.memory_batch} crops'] = counts
    paths = {row.config: row.path(configs) for row in rows}
    steps, passes = bench.time(paths, training=True), bench.time(paths, training=False)
    report.tables[f'Times, batch {bench.stand.batch}'] = [
        _time_line(row, steps, passes, bench.stand.batch) for row in rows
    ]
    report.raw = {'rows': raw, 'training_seconds': steps, 'forward_seconds': passes}
    return report


def _notes(bench: AttentionBench) -> list[str]:
    amp = bench.training.amp
    return [
        'Random weights and crops of 256x192; classic head with one deconvolution; heatmaps of 64x48.',
        f'Training step: forward ({f"autocast {amp}" if amp else "fp32"}), mean squared error, backward, AdamW. '
        f'Forward: {bench.forward.number} weights and activations.',
        'Memory "of tensors" is the peak of living tensors, computed from shapes; "allocated" is what CUDA gave out '
        f'with {bench.stand.batch} crops. The paper does not name the batch of its column; 512 over eight GPUs is 64.',
        bench.stand.describe(),
    ]


def _count_line(row: PaperRow, figures: Mapping[str, Any]) -> dict[str, str]:
    return {
        'attention': row.label,
        'parameters (M)': f'{figures["parameters"] / 1e6:.2f}',
        'GMACs': f'{figures["macs_backbone"] / 1e9:.2f}',
        'paper, GFLOPs': f'{row.gflops:.2f}',
        'with head': f'{figures["macs"] / 1e9:.2f}',
        'MiB of tensors': show_mib(figures['memory']),
        'MiB allocated': show_mib(figures['allocated']),
        'paper, MB': f'{row.memory_mb:,}',
    }


def _time_line(
    row: PaperRow, steps: Mapping[str, list[float]], passes: Mapping[str, list[float]], batch: int
) -> dict[str, str]:
    step, forward = steps[row.config], passes[row.config]
    full = steps.get('full')
    faster = ratios(step, full) if full else None
    return {
        'attention': row.label,
        'training step, ms': f'{Spread.of(step).median * 1e3:.4g}',
        'speed vs full': f'{faster.median:.2f} ({faster.low:.2f} to {faster.high:.2f})' if faster else '-',
        'forward, crops/s': f'{batch / Spread.of(forward).median:.4g}',
    }
