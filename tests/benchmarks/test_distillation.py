"""What the cost of distillation is made of: the settings are those of the paper, and memory adds up."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from tests.helpers.tiny_coco import CODEC
from tests.helpers.tiny_models import model_cfg
from vitpose_mm.benchmarks.distillation import (
    SETTINGS,
    DistillationBench,
    benchmark_distillation,
    build_distiller,
    make_step,
)
from vitpose_mm.benchmarks.timing import Clock, Protocol, Stand

CPU = torch.device('cpu')


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A config of the tiny pair; weights are not needed."""
    model = {'type': 'vitpose_mm.KnowledgeTokenDistiller', 'student': model_cfg(16), 'teacher': model_cfg(24)}
    Config({'default_scope': 'mmpose', 'codec': CODEC, 'model': model}).dump(tmp_path / 'tiny.py')
    return tmp_path / 'tiny.py'


def bench(**given: int) -> DistillationBench:
    numbers = {'batch': 2, 'memory_batch': 4, **given}
    stand = Stand(CPU, Clock(CPU, 'process'), Protocol(1, 2, 2), numbers['batch'], str)
    return DistillationBench(stand, None, numbers['memory_batch'])


@pytest.mark.parametrize('setting', SETTINGS)
def test_a_step_trains_the_student_alone(setting: str, config: Path) -> None:
    cfg = Config.fromfile(config)
    distiller = build_distiller(cfg, setting, None)
    token, weight, _ = SETTINGS[setting]
    assert (distiller.kind, distiller.teacher is not None) == (token, weight > 0)
    before = {name: value.clone() for name, value in distiller.state_dict().items()}
    make_step(distiller, cfg, 2, CPU, None)()
    moved = {name for name, value in distiller.state_dict().items() if not torch.equal(value, before[name])}
    assert 'student.head.final_layer.bias' in moved and 'student.backbone.tokens' not in moved


def test_a_teacher_costs_its_weights_and_a_token_next_to_nothing(config: Path) -> None:
    cfg = Config.fromfile(config)
    used = {setting: bench().memory(cfg, setting) for setting in SETTINGS}
    teacher = build_distiller(cfg, 'output', None).teacher.model.state_dict().values()
    weights = sum(value.nbytes for value in teacher)
    assert used['output'] - used['none'] >= weights
    assert used['both'] - used['token'] >= weights
    assert 0 < used['token'] - used['none'] < 0.1 * used['none']


@pytest.mark.slow
def test_the_report_has_a_row_for_each_setting(config: Path) -> None:
    report = benchmark_distillation(bench(), config)
    (rows,) = report.tables.values()
    assert [(row['setting'], row['paper, MB']) for row in rows] == [
        ('none', '14,090'), ('token', '14,203'), ('output', '15,458'), ('both', '15,565'),
    ]  # fmt: skip
    assert rows[0]['of none'] == '1.000'
    assert all(len(report.raw['seconds'][setting]) == 2 for setting in SETTINGS)
