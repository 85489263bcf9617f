from __future__ import annotations

from pathlib import Path

import pytest
from mmengine.config import Config

from vitpose_mm.quickstart.plan import DETECTOR, POSE
from vitpose_mm.quickstart.summary import read_losses
from vitpose_mm.quickstart.train_and_test import CONFIGURED_DATA, load, train
from vitpose_mm.synthetic import generate


@pytest.mark.parametrize('name', [DETECTOR, POSE])
def test_every_path_of_the_config_moves(root: Path, tmp_path: Path, name: str) -> None:
    path = root / 'configs' / 'quickstart' / name
    assert CONFIGURED_DATA in Config.fromfile(path).pretty_text
    moved = load(path, tmp_path / 'elsewhere', work_dir=tmp_path / 'work')
    assert CONFIGURED_DATA not in moved.pretty_text
    assert f'{tmp_path}/elsewhere/annotations/person_keypoints_val.json' == moved.val_evaluator.ann_file
    assert moved.work_dir == str(tmp_path / 'work')
    assert moved.model.type == Config.fromfile(path).model.type


@pytest.mark.slow
def test_an_interrupted_training_goes_on(root: Path, tmp_path: Path) -> None:
    generate(tmp_path / 'data', 12, seed=1, size=(160, 120), workers=0, progress=False)

    def config(work_dir: str = 'work') -> Config:
        cfg = load(root / 'configs' / 'quickstart' / POSE, tmp_path / 'data', work_dir=tmp_path / work_dir)
        cfg.train_dataloader.batch_size = 8
        cfg.default_hooks.logger.interval = 1
        return cfg

    train(config(), epochs=1)
    steps = len(read_losses(tmp_path / 'work'))
    assert steps >= 2
    train(config('again'), epochs=1)
    assert read_losses(tmp_path / 'again') == read_losses(tmp_path / 'work')
    train(config(), epochs=2)
    assert [step for step, _ in read_losses(tmp_path / 'work')] == list(range(1, 2 * steps + 1))
    assert len(list((tmp_path / 'work').glob('*/vis_data/scalars.json'))) == 2
