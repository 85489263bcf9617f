"""The configs of the stages, and what is refused before anything is built."""

from __future__ import annotations

from pathlib import Path

import pytest
from mmengine.config import Config

from tests.helpers.tiny_distillation import distillation_cfg
from vitpose_mm.distillation import stage_configs


@pytest.fixture
def cfg(tmp_path: Path, coco: Path) -> Config:
    return distillation_cfg(coco, tmp_path, 'teacher.pth', num_tokens=2, teacher_dtype='bfloat16')


def test_stage_1_has_the_same_crops_and_a_schedule_of_its_own(cfg: Config, tmp_path: Path) -> None:
    before = cfg.to_dict()
    stage = stage_configs.tuning_config(cfg, tmp_path / 'one')
    assert cfg.to_dict() == before
    assert stage.train_dataloader == cfg.train_dataloader
    assert stage.custom_hooks == cfg.custom_hooks
    assert (stage.train_cfg.max_epochs, stage.optim_wrapper.optimizer.lr) == (2, 0.1)
    assert 'clip_grad' not in stage.optim_wrapper
    assert stage.val_cfg is None and stage.test_evaluator is None
    assert stage.default_hooks.checkpoint.interval == 1
    assert stage.model == {
        'type': 'vitpose_mm.KnowledgeTokenTuner', 'teacher': cfg.model.teacher, 'teacher_checkpoint': 'teacher.pth',
        'teacher_dtype': 'bfloat16', 'num_tokens': 2,
    }  # fmt: skip


def test_stage_2_starts_from_its_files(cfg: Config, tmp_path: Path) -> None:
    start, token = tmp_path / 'start.pth', tmp_path / 'token.pth'
    stage = stage_configs.training_config(cfg, tmp_path / 'two', start=start, token=token)
    assert (stage.load_from, stage.model.token_file, stage.resume) == (str(start), str(token), False)
    assert stage.optim_wrapper == cfg.optim_wrapper and stage.val_dataloader == cfg.val_dataloader


def test_both_stages_end_with_a_checkpoint_that_says_so(cfg: Config, tmp_path: Path) -> None:
    cfg.default_hooks.checkpoint = {'type': 'CheckpointHook', 'save_optimizer': False, 'save_last': False}
    stages = [
        stage_configs.tuning_config(cfg, tmp_path),
        stage_configs.training_config(cfg, tmp_path, start=tmp_path, token=None),
    ]
    hooks = [stage.default_hooks.checkpoint for stage in stages]
    assert all(hook.save_optimizer and hook.save_last for hook in hooks)


def test_the_deploy_config_has_the_student_alone(cfg: Config) -> None:
    cfg.model.student.backbone.init_cfg = {'type': 'Pretrained', 'checkpoint': 'mae.pth'}
    deployed = stage_configs.deploy_config(cfg)
    assert deployed.model.backbone.num_tokens == 2
    text = str(deployed.to_dict())
    assert not [word for word in ('Distiller', 'teacher', 'token_tuning', 'mae.pth') if word in text]
    cfg.model.token = 'none'
    assert 'num_tokens' not in stage_configs.deploy_config(cfg).model.backbone


@pytest.mark.parametrize('size', ['base_from-large', 'base_from-huge', 'small_from-base', 'large_from-huge'])
def test_every_epoch_of_stage_1_is_saved_in_the_shipped_configs(size: str, root: Path, tmp_path: Path) -> None:
    cfg = Config.fromfile(root / f'configs/distillation/vitpose_{size}_coco-256x192.py')
    cfg.model.teacher_checkpoint = 'teacher.pth'
    stage_configs.check_distillation(cfg)
    stage = stage_configs.tuning_config(cfg, tmp_path)
    assert stage.default_hooks.checkpoint.interval == 1 < cfg.default_hooks.checkpoint.interval
    assert stage.train_cfg.max_epochs == 5


def test_what_is_checked_first_is_the_student_with_its_data(cfg: Config) -> None:
    checked = stage_configs.checked_config(cfg)
    assert checked.model == cfg.model.student and checked.train_dataloader == cfg.train_dataloader


@pytest.mark.parametrize(
    ('change', 'sentence'),
    [
        ({'load_from': 'a.pth'}, r"load_from='a\.pth' is not for a distillation.*init_cfg"),
        ({'model.token': 'tunde'}, "'tunde' is not known: choose one of none, tuned"),
        ({'model.token_map': 'learned'}, r"token_map is always 'fitted' now.*leave it out"),
        ({'model.student.backbone.type': 'ResNet'}, "backbone 'ResNet' takes no tokens"),
        ({'model.teacher_checkpoint': None}, r'No checkpoint is named for the teacher.*--teacher'),
        ({'codec': None}, 'need the codec as a variable of the config'),
    ],
)
def test_mistakes_of_either_stage_are_named_at_once(cfg: Config, change: dict, sentence: str) -> None:
    cfg.merge_from_dict(change)
    if cfg.codec is None:
        cfg.pop('codec')
    with pytest.raises(ValueError, match=sentence):
        stage_configs.check_distillation(cfg)


def test_mistakes_are_named(cfg: Config) -> None:
    stage_configs.check_distillation(cfg)
    with pytest.raises(ValueError, match=r"trains a 'vitpose_mm\.PoseEstimator', which is not a distiller"):
        stage_configs.check_distillation(Config({'model': {'type': 'vitpose_mm.PoseEstimator'}}))
    cfg.pop('token_tuning')
    with pytest.raises(ValueError, match='token_tuning has no train_cfg'):
        stage_configs.check_distillation(cfg)
    cfg.model.token = 'none'
    stage_configs.check_distillation(cfg)
