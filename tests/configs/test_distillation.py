"""The distillation leaves: who teaches whom, what each setting changes, and that the pair fits together."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS

from tests.helpers import shipped_configs
from tests.helpers.shipped_configs import CONFIGS, shallow
from vitpose_mm.distillation.stage_configs import check_distillation, deploy_config, tuning_config
from vitpose_mm.models.distillers.knowledge_token import check_preprocessors, student_config
from vitpose_mm.registry import MODELS as OURS

FOLDER = CONFIGS / 'distillation'
# leaf: student's config, teacher's config
COCO = 'coco/vitpose_{}_classic_coco-256x192'
PAIRS = {
    'vitpose_base_from-large_coco-256x192': (COCO.format('base'), COCO.format('large')),
    'vitpose_base_from-huge_coco-256x192': (COCO.format('base'), COCO.format('huge')),
    'vitpose_small_from-base_coco-256x192': (COCO.format('small'), COCO.format('base')),
    'vitpose_large_from-huge_coco-256x192': (COCO.format('large'), COCO.format('huge')),
    'vitpose_mini_from-midi_synthetic-128x96': (
        'quickstart/vitpose_mini_classic_synthetic-128x96',
        'distillation/vitpose_midi_classic_synthetic-128x96',
    ),
    'vitpose_mini_from-small-dino_coco-lspet-256x192': (
        'distillation/vitpose_mini_classic_coco-lspet-256x192',
        'finetuning/vitpose_small-dino_classic_coco-lspet-256x192',
    ),
}
CONTROLS = {
    'vitpose_mini_random-token_synthetic-128x96': {'token': 'random'},
    'vitpose_mini_trainable-token_synthetic-128x96': {'token': 'trainable'},
}
pytestmark = pytest.mark.filterwarnings('ignore:The metainfo config file')


def read(name: str) -> Config:
    """Read a config by folder and name, or the name of a distillation leaf; copy what you change."""
    return shipped_configs.read(name if '/' in name else f'distillation/{name}')


def test_every_leaf_is_here() -> None:
    alone = {name.split('/')[1] for pair in PAIRS.values() for name in pair}
    assert {path.stem for path in FOLDER.glob('*.py')} - alone == {*PAIRS, *CONTROLS}


@pytest.mark.parametrize('name', PAIRS)
def test_who_teaches_whom(name: str) -> None:
    student, teacher = PAIRS[name]
    cfg = read(name)
    assert cfg.model.student == read(student).model
    assert cfg.model.teacher == f'vitpose_mm::{teacher}.py'
    same = ('optim_wrapper', 'param_scheduler', 'train_cfg', 'train_dataloader', 'test_dataloader', 'custom_hooks')
    assert all(cfg[key] == read(student)[key] for key in same)
    assert 'token' not in cfg.model and 'output_weight' not in cfg.model  # the defaults: both losses, equal weight
    cfg = Config({**cfg.to_dict(), 'model': {**cfg.model, 'teacher_checkpoint': 'x.pth'}})  # as --teacher does
    check_distillation(cfg)
    stage = tuning_config(cfg, Path('x'))
    assert (stage.model.type, stage.train_cfg.max_epochs) == ('vitpose_mm.KnowledgeTokenTuner', 5)
    assert stage.optim_wrapper.optimizer.weight_decay == 0


@pytest.mark.parametrize('name', PAIRS)
def test_the_pair_fits(name: str) -> None:
    """Same keypoints, same colours, and both take the student's crops."""
    cfg, teacher_cfg = read(name), read(PAIRS[name][1])
    with torch.device('meta'):
        student = MODELS.build(shallow(student_config(cfg.model.student, token='tuned', num_tokens=1), 1))
        teacher = MODELS.build(shallow(teacher_cfg.model, 1))
    assert student.head.out_channels == teacher.head.out_channels
    assert student.backbone.input_size == teacher.backbone.input_size
    check_preprocessors(
        MODELS.build(cfg.model.student.data_preprocessor), OURS.build(teacher_cfg.model.data_preprocessor)
    )
    width, height = cfg.codec.input_size
    inputs = torch.zeros(2, 3, height, width, device='meta')
    said = [model(inputs, None).shape for model in (student.eval(), teacher.eval())]
    assert said[0] == said[1] == (2, 17, *cfg.codec.heatmap_size[::-1])


@pytest.mark.parametrize('name', CONTROLS)
def test_a_control_changes_one_thing(name: str) -> None:
    cfg, main = read(name).to_dict(), read('vitpose_mini_from-midi_synthetic-128x96').to_dict()
    assert cfg['model'] == {**main['model'], **CONTROLS[name]}
    assert {k: v for k, v in cfg.items() if k != 'model'} == {k: v for k, v in main.items() if k != 'model'}


def test_the_deploy_config_is_the_students_with_room_for_a_token() -> None:
    cfg, student = read('vitpose_base_from-large_coco-256x192'), read(PAIRS['vitpose_base_from-large_coco-256x192'][0])
    deployed, expected = deploy_config(cfg).to_dict(), student.to_dict()
    expected['model']['backbone']['num_tokens'] = 1
    assert deployed['model'] == expected['model']
    assert deployed['test_dataloader'] == expected['test_dataloader']


@pytest.mark.parametrize('size', ['huge', 'large'])
def test_teachers_are_found_by_name(size: str) -> None:
    from vitpose_mm.models.distillers.teacher import read_model_config

    assert read_model_config(f'vitpose_mm::{COCO.format(size)}.py')['backbone']['arch'] == size
