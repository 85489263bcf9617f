"""Training checkpoints open with torch.load, and a resume from them is as exact as before."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from tests.checkpoints.test_plain import open_elsewhere
from tests.helpers.tiny_run import run_cfg

HOOKS = [
    {'type': 'vitpose_mm.ExactResumeHook'},
    {'type': 'vitpose_mm.ResumeCheckHook'},
    {'type': 'vitpose_mm.PlainCheckpointHook'},
]


def test_a_run_opens_elsewhere_and_is_resumed_exactly(
    coco: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    init_default_scope('mmpose')
    Runner.from_cfg(run_cfg(coco, tmp_path / 'whole', custom_hooks=HOOKS)).train()
    for number in (6, 12):
        assert "['message_hub', 'meta', 'optimizer'" in open_elsewhere(tmp_path / 'whole' / f'iter_{number}.pth')
    resumed = run_cfg(coco, tmp_path / 'again', custom_hooks=HOOKS, log_level='WARNING')
    resumed.update(resume=True, load_from=str(tmp_path / 'whole' / 'iter_6.pth'))
    runner = Runner.from_cfg(resumed)
    said: list[str] = []
    runner.logger.warning = lambda text, *args: said.append(text)  # type: ignore[method-assign]
    runner.train()
    assert not [text for text in said if 'metainfo from the resumed checkpoint' in text]
    first, second = (torch.load(tmp_path / name / 'iter_12.pth', weights_only=True) for name in ('whole', 'again'))
    for name, value in first['state_dict'].items():
        assert torch.equal(value, second['state_dict'][name]), name
    assert first['param_schedulers'] == second['param_schedulers']
    assert first['optimizer']['param_groups'] == second['optimizer']['param_groups']
    logs = [one['message_hub']['log_scalars'] for one in (first, second)]
    assert torch.equal(logs[0]['train/loss']['log_history'], logs[1]['train/loss']['log_history'])
