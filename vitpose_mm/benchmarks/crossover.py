"""Where windows pay: kinds of attention against full attention, from 768 tokens a crop to 3,888."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from mmengine.registry import init_default_scope
from torch import Tensor, nn

from vitpose_mm.models.backbones.arch import find_arch
from vitpose_mm.registry import MODELS
from vitpose_mm.utils.configs import open_config

from .attention import PaperRow
from .machine_description import describe_machine
from .macs import count_macs
from .memory import LiveTensors, estimate_training_memory, measure_allocated, show_mib
from .models import make_call
from .report import Report
from .settings import Setting
from .timing import Call, Spread, Stand, ratios

Size = tuple[int, int]


def parse_size(text: str) -> Size:
    """Return (w, h) pixels of 'WxH'.

    Raises:
        ValueError: text of another form.
    """
    width, _, height = text.partition('x')
    if not (width.isdigit() and height.isdigit()):
        raise ValueError(f'--sizes {text}: write width and height in pixels, such as 192x256.')
    return int(width), int(height)


class Features(nn.Module):
    """Maps (B, 3, h, w) crops to (B, C, H, W): a backbone whose only feature map serves as heatmaps."""

    def __init__(self, backbone: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, 3, h, w) crops to (B, C, H, W) features."""
        features: Tensor = self.backbone(x)[0]
        return features


@dataclass(frozen=True)
class Crossover:
    """Measures the backbones of rows of the paper's table, shortened, on crops of several sizes.

    Args:
        stand: device and how to time.
        setting: number type and compiler of the training step.
        layers: number of blocks of each backbone; all of one kind cost the same, so that a few show the ratios.
        memory_batch: crops of the step whose memory is computed, with autocast to bf16.
    """

    stand: Stand
    setting: Setting
    layers: int
    memory_batch: int

    def measure(self, rows: Sequence[PaperRow], size: Size, configs: Path) -> dict[str, dict[str, Any]]:
        """Measure each row: tokens, products, bytes of memory, seconds of a training step of each round."""
        figures: dict[str, dict[str, Any]] = {}
        for row in rows:
            self.stand.say(f'{size[0]}x{size[1]}: counting {row.label}')
            model = self._build(row, size, configs, 'meta')
            figures[row.config] = {
                'tokens': model.backbone.grid[0] * model.backbone.grid[1],
                'macs': count_macs(model, size).total,
                'computed': estimate_training_memory(model, self.memory_batch, size).peak,
                'measured': self._measure_memory(row, size, configs),
            }
        calls = {row.config: self._call(row, size, configs) for row in rows}
        for name, seconds in self.stand.time(calls).items():
            figures[name]['seconds'] = seconds
        return figures

    def _measure_memory(self, row: PaperRow, size: Size, configs: Path) -> int:
        """Return the peak bytes of a training step: what CUDA gave out, or the tensors that a CPU's step makes."""
        allocated = measure_allocated(lambda: self._call(row, size, configs), self.stand.device)
        if allocated is not None:
            return allocated
        call = self._call(row, size, configs)
        call()
        with LiveTensors() as live:
            call()
        return live.peak

    def _call(self, row: PaperRow, size: Size, configs: Path) -> Call:
        torch.manual_seed(0)
        model = self._build(row, size, configs, self.stand.device)
        crops = torch.randn(self.stand.batch, 3, size[1], size[0], device=self.stand.device)
        return make_call(model, crops, self.setting, training=True)

    def _build(self, row: PaperRow, size: Size, configs: Path, device: str | torch.device) -> Any:
        backbone = open_config(str(row.path(configs))).model.backbone
        backbone.update(
            arch=asdict(replace(find_arch(backbone.arch), num_layers=self.layers)), input_size=size, init_cfg=None
        )
        init_default_scope('mmpose')
        with torch.device(device):
            return Features(MODELS.build(backbone))


def benchmark_crossover(bench: Crossover, rows: Sequence[PaperRow], sizes: Sequence[Size], configs: Path) -> Report:
    """Measure the rows at every size; return a report with a table for each, and a drawing.

    Args:
        rows: the first is what the others are compared with.
    """
    report = Report('Kinds of attention and the size of the grid', describe_machine(bench.stand.device), _notes(bench))
    points: dict[str, list[dict[str, Any]]] = {row.label: [] for row in rows}
    for size in sizes:
        figures = bench.measure(rows, size, configs)
        first = figures[rows[0].config]
        report.raw[f'{size[0]}x{size[1]}'] = figures
        lines = []
        for row in rows:
            point = _compare(figures[row.config], first)
            points[row.label].append(point)
            lines.append(_line(row, figures[row.config], point))
        report.tables[f'Crops of {size[0]}x{size[1]}, {first["tokens"]:,} tokens'] = lines
    report.svg = draw_crossover(points, f'{report.title}: {report.machine["device"]}')
    return report


def _notes(bench: Crossover) -> list[str]:
    return [
        f'{bench.layers} layers of ViT-B at 1/8 features, random weights. A training step: forward, mean squared '
        f'error, backward, AdamW; batch {bench.stand.batch}, {bench.setting.number}.',
        f'Memory computed: all tensors of a step with {bench.memory_batch} crops in bf16 autocast, attention one '
        f'kernel. Measured: what the timed step allocates beyond parameters and optimizer state.',
        bench.stand.describe(),
    ]


def _compare(figures: dict[str, Any], full: dict[str, Any]) -> dict[str, Any]:
    """Return the ratios of a row's figures to those of full attention; below 1, the row needs less."""
    time = ratios(full['seconds'], figures['seconds'])
    return {
        'tokens': figures['tokens'],
        'time': time.median,
        'time_low': time.low,
        'time_high': time.high,
        **{key: figures[key] / full[key] for key in ('macs', 'computed', 'measured')},
    }


def _line(row: PaperRow, figures: dict[str, Any], point: dict[str, Any]) -> dict[str, str]:
    return {
        'attention': row.label,
        'GMACs': f'{figures["macs"] / 1e9:.2f}',
        'of full': f'{point["macs"]:.2f}',
        'step, ms': f'{Spread.of(figures["seconds"]).median * 1e3:.4g}',
        'time of full': f'{point["time"]:.2f} ({point["time_low"]:.2f} to {point["time_high"]:.2f})',
        'computed, MiB': show_mib(figures['computed']),
        'computed of full': f'{point["computed"]:.2f}',
        'measured, MiB': show_mib(figures['measured']),
        'measured of full': f'{point["measured"]:.2f}',
    }


def draw_crossover(points: dict[str, list[dict[str, Any]]], title: str) -> str:
    """Draw an SVG of time and memory next to full attention's, over the number of tokens."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.6, 4.2), layout='constrained')
    FigureCanvasSVG(figure)
    panels = figure.subplots(1, 2)
    for panel, solid, dashed, name in zip(
        panels,
        ('time', 'measured'),
        ('macs', 'computed'),
        ('training step: measured time, and operations (dashed)', 'memory: measured, and computed for a GPU (dashed)'),
        strict=True,
    ):
        for label, line in points.items():
            tokens = [point['tokens'] for point in line]
            (curve,) = panel.plot(tokens, [point[solid] for point in line], marker='o', markersize=4, label=label)
            panel.plot(tokens, [point[dashed] for point in line], '--', color=curve.get_color(), linewidth=1)
        panel.set(title=name, xlabel='tokens of a crop', ylabel='of full attention', ylim=(0, None))
        panel.title.set_fontsize(10)
        panel.grid(alpha=0.3)
    panels[0].legend(fontsize=8, loc='lower left')
    figure.suptitle(title, fontsize=11)
    drawn = io.StringIO()
    with matplotlib.rc_context({'svg.hashsalt': 'vitpose_mm'}):
        figure.savefig(drawn, format='svg', metadata={'Date': None})
    return drawn.getvalue()
