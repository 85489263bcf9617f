"""What distillation costs: time and memory of a student's training step in the four settings of the paper's table."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch._subclasses.fake_tensor import FakeTensorMode

from vitpose_mm.models import KnowledgeTokenDistiller
from vitpose_mm.models.distillers.teacher import Teacher, read_model_config
from vitpose_mm.models.distillers.token_file import save_token
from vitpose_mm.registry import MODELS
from vitpose_mm.utils.configs import open_config

from .machine_description import describe_machine
from .memory import LiveTensors, make_fake, measure_allocated, show_mib
from .report import Report
from .timing import Call, Spread, Stand
from .training import LossStep, random_labels

# setting: token, weight of the teacher's heatmaps, memory in the paper's table (ViTPose-L to ViTPose-B, MB)
SETTINGS = {
    'none': ('none', 0.0, 14090),
    'token': ('tuned', 0.0, 14203),
    'output': ('none', 1.0, 15458),
    'both': ('tuned', 1.0, 15565),
}


@dataclass(frozen=True)
class DistillationBench:
    """Measures the settings of one distillation config on one device, with random weights.

    Args:
        stand: device and how to time.
        amp: number type of the student's and the teacher's autocast; None: float32.
        memory_batch: crops of the step whose memory is computed.
    """

    stand: Stand
    amp: torch.dtype | None
    memory_batch: int

    def memory(self, cfg: Config, setting: str) -> int:
        """Return the bytes of all tensors at the peak of the second step, teacher included; computed from shapes."""
        distiller = build_distiller(cfg, setting, self.amp)
        with FakeTensorMode(), LiveTensors() as live:
            make_fake(distiller)
            if distiller.teacher is not None:
                make_fake(distiller.teacher.model)
            step = make_step(distiller, cfg, self.memory_batch, torch.device('cpu'), self.amp)
            step()
            live.peak = live.now
            step()
            return live.peak

    def call(self, cfg: Config, setting: str) -> Call:
        """Return a call of one training step."""
        distiller = build_distiller(cfg, setting, self.amp).to(self.stand.device)
        return make_step(distiller, cfg, self.stand.batch, self.stand.device, self.amp)


def benchmark_distillation(bench: DistillationBench, config: Path) -> Report:
    """Measure the settings of a distillation config; return a report with one row a setting."""
    cfg = open_config(str(config))
    if 'student' not in cfg.get('model', {}):
        raise ValueError(f'{config} does not distil: choose a leaf of configs/distillation that names a teacher.')
    init_default_scope(cfg.get('default_scope', 'mmpose'))
    memory = {}
    for setting in SETTINGS:
        bench.stand.say(f'counting {setting}')
        memory[setting] = bench.memory(cfg, setting)
    allocated = {
        setting: measure_allocated(partial(bench.call, cfg, setting), bench.stand.device) for setting in SETTINGS
    }
    calls = {setting: bench.call(cfg, setting) for setting in SETTINGS}
    seconds = bench.stand.time(calls)
    report = Report('Cost of distillation', describe_machine(bench.stand.device), _notes(bench, config))
    base = Spread.of(seconds['none']).median
    report.tables[f'Training step: time with {bench.stand.batch} crops, memory with {bench.memory_batch}'] = [
        {
            'setting': setting,
            'ms': f'{Spread.of(seconds[setting]).median * 1e3:.4g}',
            'of none': f'{Spread.of(seconds[setting]).median / base:.3f}',
            'MiB of tensors': show_mib(memory[setting]),
            'MiB allocated': show_mib(allocated[setting]),
            'paper, MB': f'{paper:,}',
        }
        for setting, (_, _, paper) in SETTINGS.items()
    ]
    report.raw = {'seconds': seconds, 'bytes': memory, 'allocated': allocated}
    return report


def build_distiller(cfg: Config, setting: str, amp: torch.dtype | None) -> KnowledgeTokenDistiller:
    """Build the distiller of a config in one of the settings, with random weights and a random token."""
    token, weight, _ = SETTINGS[setting]
    student = cfg.model.student.to_dict()
    student['backbone']['init_cfg'] = None
    width = student['head']['in_channels']
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / 'token.pth'
        save_token(torch.randn(1, 1, width), file)
        distiller = KnowledgeTokenDistiller(student, token=token, token_file=str(file), output_weight=0.0)
    if weight:
        dtype = None if amp is None else str(amp).removeprefix('torch.')
        distiller.teacher = Teacher(MODELS.build(read_model_config(cfg.model.teacher)), dtype=dtype)
        distiller.output_weight = weight
    return distiller


def make_step(
    distiller: KnowledgeTokenDistiller, cfg: Config, batch: int, device: torch.device, amp: torch.dtype | None
) -> LossStep:
    """Return a call of a distiller's training step on B random crops."""
    width, height = cfg.codec.input_size
    crops = torch.randn(batch, 3, height, width, device=device)
    keypoints = distiller.student.head.out_channels
    samples = [random_labels(keypoints, cfg.codec.heatmap_size, device) for _ in range(batch)]
    return LossStep(distiller, crops, samples, amp=amp)


def _notes(bench: DistillationBench, config: Path) -> list[str]:
    numbers = f'autocast {bench.amp}' if bench.amp else 'fp32'
    return [
        f'{config.stem}; random weights; student and teacher in {numbers}.',
        'Memory is the peak of living tensors in the second step, computed from shapes, teacher included. The paper '
        'has its own implementation, and its row is for ViTPose-L teaching ViTPose-B. "Allocated" is what CUDA gave '
        f'out at the peak of the second step with {bench.stand.batch} crops.',
        bench.stand.describe(),
    ]
