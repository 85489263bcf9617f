"""A student and a teacher that do not fit are refused before anything is trained."""

from __future__ import annotations

from pathlib import Path

import pytest
from mmengine.config import Config

from tests.helpers.tiny_distillation import distillation_cfg
from vitpose_mm.checks.compatibility import check_compatibility
from vitpose_mm.distillation import Distillation
from vitpose_mm.distillation.stage_configs import student_of, teacher_of

ROUTER = {'type': 'vitpose_mm.DatasetRouter', 'heads': {'coco': {'out_channels': 17}}}


@pytest.fixture
def cfg(tmp_path: Path, coco: Path) -> Config:
    return distillation_cfg(coco, tmp_path / 'work', 'teacher.pth')


def check(cfg: Config) -> None:
    check_compatibility(student_of(cfg), teacher_of(cfg))


@pytest.mark.parametrize(
    ('change', 'sentence'),
    [
        ({'teacher.data_preprocessor.mean': [1.0, 2.0, 3.0]}, 'the teacher has another mean'),
        ({'teacher.head.out_channels': 14}, 'The teacher has 14 keypoints and the student 17'),
        ({'teacher.head': ROUTER}, 'The teacher has a head for each of coco'),
        ({'student.head': ROUTER}, 'The student has a head for each of coco'),
    ],
)
def test_who_does_not_fit_is_named(cfg: Config, change: dict, sentence: str) -> None:
    check(cfg)
    for key, value in change.items():
        if isinstance(value, dict):
            shared = cfg.model[key.split('.')[0]].head.copy()
            shared.pop('out_channels')
            value = {**value, 'shared': shared, '_delete_': True}
        cfg.merge_from_dict({f'model.{key}': value})
    with pytest.raises(ValueError, match=sentence):
        Distillation(cfg, say=str, progress=False).run()
    assert not list((Path(cfg.work_dir)).rglob('*.pth'))


def test_models_that_cannot_be_built_without_numbers_or_name_no_colours(cfg: Config) -> None:
    cfg.model.token = 'none'
    swin = {'type': 'SwinTransformer', 'depths': [1, 1, 1, 1], 'embed_dims': 24, 'out_indices': (3,)}
    cfg.model.teacher = {**cfg.model.teacher, 'backbone': swin}
    check(cfg)
    for model in (cfg.model.student, cfg.model.teacher):
        model.pop('data_preprocessor')
    check(cfg)


def test_a_teacher_that_is_not_asked_may_be_another(cfg: Config) -> None:
    cfg.merge_from_dict({'model.teacher.head.out_channels': 14, 'model.output_weight': 0.0, 'model.token': 'none'})
    check(cfg)
