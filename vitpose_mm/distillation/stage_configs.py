"""Make the configs of the stages, and of the model that comes out, from the one config of a distillation."""

from __future__ import annotations

import copy
from pathlib import Path

from mmengine.config import Config, ConfigDict

from ..models.distillers.knowledge_token import student_config

DISTILLER = 'vitpose_mm.KnowledgeTokenDistiller'
TUNING_KEYS = ('train_cfg', 'optim_wrapper', 'param_scheduler')  # of stage 1, below token_tuning in the config


def check_distillation(cfg: Config) -> None:
    """Check that a config describes a distillation and has what both stages need.

    A ``token_map`` that older configs have is removed from the config.

    Raises:
        ValueError: the model is not a distiller, or the config lacks what a stage needs.
    """
    kind = cfg.get('model', {}).get('type')
    if kind not in (DISTILLER, DISTILLER.split('.')[1]):
        raise ValueError(f'The config trains a {kind!r}, which is not a distiller: use one of configs/distillation.')
    model = cfg.model
    if cfg.get('load_from'):
        raise ValueError(
            f'load_from={cfg.load_from!r} is not for a distillation, whose student starts from '
            f"model.student.backbone.init_cfg=dict(type='Pretrained', checkpoint=...): leave load_from out."
        )
    student_of(cfg)
    if model.pop('token_map', 'fitted') != 'fitted':
        raise ValueError(
            "model.token_map is always 'fitted' now, a least-squares map from the teacher's width: leave it out."
        )
    if needs_teacher(cfg) and model.get('teacher_checkpoint') is None:
        raise ValueError('No checkpoint is named for the teacher: run tools/distill.py CONFIG --teacher CHECKPOINT.')
    if cfg.get('val_dataloader') and ('codec' not in cfg or 'pipeline' not in cfg.val_dataloader.dataset):
        raise ValueError(
            'The validation losses need the codec as a variable of the config and a pipeline in '
            'val_dataloader.dataset: add them, or set val_cfg, val_dataloader and val_evaluator to None.'
        )
    missing = [key for key in TUNING_KEYS if key not in (cfg.get('token_tuning') or {})]
    if has_token(cfg) and given_token(cfg) is None and missing:
        raise ValueError(
            f'token_tuning has no {missing[0]}, which stage 1 needs: add '
            f"'../_base_/schedules/token_tuning.py' to _base_, or set model.token=none."
        )


def student_of(cfg: Config) -> dict:
    """Return the student's config as it is built and deployed."""
    model = cfg.model
    return student_config(model.student, token=model.get('token', 'tuned'), num_tokens=model.get('num_tokens', 1))


def has_token(cfg: Config) -> bool:
    """Whether the student has a token, so that stage 1 tunes it unless a tuned one is given."""
    return cfg.model.get('token', 'tuned') != 'none'


def needs_teacher(cfg: Config) -> bool:
    """Whether a stage asks the teacher: for its heatmaps, or to tune a token."""
    return bool(cfg.model.get('output_weight', 1.0)) or (has_token(cfg) and given_token(cfg) is None)


def teacher_of(cfg: Config) -> str | dict | None:
    """Return the teacher's config or its name; None where no stage needs one."""
    return cfg.model.teacher if needs_teacher(cfg) else None


def given_token(cfg: Config) -> Path | None:
    """Return the file of a tuned token (``token_tuning.file``), which replaces stage 1; None where there is none."""
    file = (cfg.get('token_tuning') or {}).get('file')
    return Path(file) if file and has_token(cfg) else None


def checked_config(cfg: Config) -> Config:
    """Return a config of the data and the student alone, without the teacher, to be checked before stage 1."""
    checked = _copy(cfg)
    checked.model = ConfigDict(checked.model.student)
    checked.load_from, checked.resume = None, False
    return checked


def tuning_config(cfg: Config, work_dir: Path) -> Config:
    """Return the config of stage 1: the same crops, another model and a schedule of its own, no validation."""
    stage = _copy(cfg)
    model, tuning = stage.model, stage.pop('token_tuning')
    stage.model = ConfigDict(
        type='vitpose_mm.KnowledgeTokenTuner',
        teacher=model.teacher,
        teacher_checkpoint=model.teacher_checkpoint,
        teacher_dtype=model.get('teacher_dtype'),
        num_tokens=model.get('num_tokens', 1),
    )
    for key in TUNING_KEYS:
        stage[key] = tuning[key]
    for kind in ('val', 'test'):
        for part in ('cfg', 'dataloader', 'evaluator'):
            stage[f'{kind}_{part}'] = None
    _keep_checkpoints(stage, interval=1)  # there are few epochs
    stage.work_dir, stage.load_from, stage.resume = str(work_dir), None, False
    return stage


def training_config(cfg: Config, work_dir: Path, *, start: Path, token: Path | None) -> Config:
    """Return the config of stage 2."""
    stage = _copy(cfg)
    stage.model.token_file = None if token is None else str(token)
    _keep_checkpoints(stage)
    stage.work_dir, stage.load_from, stage.resume = str(work_dir), str(start), False
    return stage


def deploy_config(cfg: Config) -> Config:
    """Return the config of the student alone, which needs no distiller, no teacher and no pre-trained weights."""
    deployed = _copy(cfg)
    deployed.pop('token_tuning', None)
    student = student_of(cfg)
    student['backbone'].pop('init_cfg', None)
    deployed.model = ConfigDict(student)
    deployed.load_from, deployed.resume, deployed.launcher = None, False, 'none'
    deployed.pop('work_dir', None)
    return deployed


def _keep_checkpoints(stage: Config, **settings: int) -> None:
    """Let a stage save a checkpoint at its end, which tells a finished stage from a stopped one."""
    hook = stage.default_hooks.setdefault('checkpoint', {'type': 'CheckpointHook'})
    hook.update(save_optimizer=True, save_last=True, **settings)


def _copy(cfg: Config) -> Config:
    return Config(copy.deepcopy(cfg.to_dict()), filename=cfg.filename)
