"""A distillation in two processes: DDP finds every parameter used, and both keep the same weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from tests.helpers.processes import run_processes
from tests.helpers.tiny_distillation import distillation_cfg
from vitpose_mm.checkpoints import load_file
from vitpose_mm.distillation import Distillation, run

pytestmark = pytest.mark.slow
MODES = {
    'both': {},
    'trainable': {'token': 'trainable', 'output_weight': 0.0},
}


def distil_ddp(data: Path, folder: Path, teacher: str) -> dict[str, dict[str, Any]]:
    """What each of the two processes does."""
    return {mode: distil(data, folder / mode, teacher, MODES[mode]) for mode in MODES}


def distil(data: Path, work_dir: Path, teacher: str, settings: dict) -> dict[str, Any]:
    cfg = distillation_cfg(data, work_dir, teacher, **settings)
    cfg.launcher = 'pytorch'
    cfg.model_wrapper_cfg = {'type': 'MMDistributedDataParallel', 'device_ids': None, 'broadcast_buffers': False}
    cfg.train_dataloader.batch_size = 2
    cfg.train_cfg.max_epochs = cfg.token_tuning.train_cfg.max_epochs = 1
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    built, original = [], run.build_runner

    def build_and_keep(stage: Any) -> Any:
        built.append(original(stage))
        return built[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, 'build_runner', build_and_keep)
        Distillation(cfg, say=str, progress=False).run()
    return {
        'unused': [runner.model.find_unused_parameters for runner in built],
        'buckets': [{name for name, _ in runner.model.module.named_parameters()} for runner in built],
        'weights': built[-1].model.module.state_dict(),
        'iterations': [runner.iter for runner in built],
    }


@pytest.fixture(scope='module')
def results(coco: Path, teacher_file: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list]:
    folder = tmp_path_factory.mktemp('ddp')
    return folder, run_processes(distil_ddp, coco, folder, teacher_file, timeout=600)


@pytest.mark.parametrize('mode', MODES)
def test_two_processes_make_one_model(mode: str, results: tuple[Path, list]) -> None:
    folder, both = results
    for result in both:
        assert result[mode]['unused'] == [False, False]
        assert result[mode]['iterations'] == [4, 4]
        assert result[mode]['buckets'][0] == {'token'}
        assert all(name.startswith('student.') for name in result[mode]['buckets'][1])
    first, second = (result[mode]['weights'] for result in both)
    for name, value in first.items():
        if 'running' not in name:  # each process has its own half of a batch
            assert torch.equal(value, second[name]), name
    deployed = load_file(folder / mode / 'deploy.pth')['state_dict']
    assert deployed['backbone.tokens'].shape == (1, 1, 16)
    assert torch.equal(deployed['head.final_layer.weight'], first['student.head.final_layer.weight'])
