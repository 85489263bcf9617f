"""Operators of a model with their times."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from vitpose_mm.benchmarks.profile import profile_model
from vitpose_mm.benchmarks.settings import Setting


@pytest.mark.parametrize('training', [False, True])
def test_every_linear_layer_is_there(tiny_config: Path, training: bool) -> None:
    report = profile_model(
        tiny_config, torch.device('cpu'), Setting.parse('fp32'), batch=2, training=training, warmup=1, calls=3
    )
    _, calls = report.raw['microseconds_and_calls']['aten::addmm']
    assert calls == 8  # of two blocks, as often in a training step: the way back has products without a bias
    rows = report.tables['Time']
    assert [float(row['ms']) for row in rows] == sorted((float(row['ms']) for row in rows), reverse=True)
    assert any('backward' in row['operator'].lower() for row in rows) == training
    assert ('A training step' in report.notes[0]) == training
