"""A training whose pre-trained weights are of another model is refused; what a file lacks is logged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.registry import init_default_scope

from tests.helpers.tiny_models import model_cfg
from vitpose_mm.checks.pretrained import find_missing_tensors, pretrained_warnings
from vitpose_mm.models import KnowledgeTokenDistiller, PoseEstimator, ViT
from vitpose_mm.registry import MODELS

SMALL, WIDE = ({'embed_dims': width, 'num_layers': 2, 'num_heads': 2} for width in (16, 32))


def estimator(arch: dict = SMALL, *, keypoints: int = 17, **init: str) -> PoseEstimator:
    backbone = {'type': 'vitpose_mm.ViT', 'arch': arch, 'input_size': (48, 64)}
    if init:
        backbone['init_cfg'] = {'type': 'Pretrained', **init}
    head = {'type': 'vitpose_mm.SimpleHead', 'in_channels': arch['embed_dims'], 'out_channels': keypoints}
    return PoseEstimator(backbone=backbone, head=head)


def save(model: torch.nn.Module, file: Path) -> str:
    torch.save({'state_dict': model.state_dict()}, file)
    return str(file)


def test_what_fits_is_taken_and_what_is_new_is_said(tmp_path: Path) -> None:
    file = save(estimator(), tmp_path / 'a.pth')
    assert list(pretrained_warnings(estimator(), file)) == []
    (line,) = pretrained_warnings(estimator(keypoints=5), file)
    assert line == f'{file} does not have head.final_layer.weight, head.final_layer.bias: they start as in a new model'


def test_weights_of_another_size_or_model_are_refused(tmp_path: Path) -> None:
    wide, other = save(estimator(WIDE), tmp_path / 'wide.pth'), save(torch.nn.Linear(2, 2), tmp_path / 'other.pth')
    for file in (wide, other):
        with pytest.raises(ValueError, match=rf"load_from='{file}' fits \d of \d\d tensors, and not backbone\."):
            list(pretrained_warnings(estimator(), file))
        with pytest.raises(ValueError, match=rf"model\.backbone\.init_cfg\.checkpoint='{file}' fits \d of \d\d"):
            list(pretrained_warnings(estimator(checkpoint=file), None))


def test_a_backbones_own_file_and_one_with_a_prefix(tmp_path: Path) -> None:
    alone = save(ViT(SMALL, (48, 64)), tmp_path / 'alone.pth')
    whole = save(estimator(), tmp_path / 'whole.pth')
    assert list(pretrained_warnings(estimator(checkpoint=alone), None)) == []
    assert list(pretrained_warnings(estimator(checkpoint=whole, prefix='backbone'), None)) == []


def test_the_position_embedding_of_another_grid_fits(tmp_path: Path) -> None:
    assert find_missing_tensors(ViT(SMALL, (48, 64)), ViT(SMALL, (96, 128)).state_dict()) == set()


def test_the_model_is_left_as_it_is(tmp_path: Path) -> None:
    model, file = estimator(), save(estimator(), tmp_path / 'a.pth')
    before = {name: value.clone() for name, value in model.state_dict().items()}
    list(pretrained_warnings(model, file))
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_a_wrapped_model_is_looked_into(tmp_path: Path) -> None:
    wrapped = torch.nn.DataParallel(estimator())
    assert list(pretrained_warnings(wrapped, save(estimator(), tmp_path / 'a.pth'))) == []


def test_a_teacher_keeps_its_numbers(tmp_path: Path) -> None:
    teacher = save(PoseEstimator(**without_type(model_cfg(24))), tmp_path / 'teacher.pth')
    distiller = KnowledgeTokenDistiller(
        model_cfg(16), teacher=model_cfg(24), teacher_checkpoint=teacher, token='none', output_weight=1.0
    )
    start = save(distiller, tmp_path / 'start.pth')
    assert list(pretrained_warnings(distiller, start)) == []
    assert distiller.teacher is not None
    assert {value.device.type for value in distiller.teacher.model.state_dict().values()} == {'cpu'}


def without_type(config: dict) -> dict:
    return {key: value for key, value in config.items() if key != 'type'}


def test_modules_that_rename_a_file_are_left_to_themselves(tmp_path: Path) -> None:
    init_default_scope('mmpose')
    file = save(torch.nn.Linear(2, 2), tmp_path / 'a.pth')
    init = {'type': 'Pretrained', 'checkpoint': file}
    swin = MODELS.build({'type': 'SwinTransformer', 'depths': [1, 1, 1, 1], 'embed_dims': 24, 'init_cfg': init})
    assert list(pretrained_warnings(swin, None)) == []


def test_a_look_does_not_change_how_the_next_load_works() -> None:
    """torch notes in a state dict to assign its tensors; an optimizer would lose the parameters that it replaces."""
    model = torch.nn.Linear(3, 2)
    state: Any = torch.nn.Linear(3, 2).state_dict()
    weight = model.weight
    assert not find_missing_tensors(model, state)
    model.load_state_dict(state)
    assert model.weight is weight
    assert all('assign_to_params_buffers' not in metadata for metadata in state._metadata.values())
