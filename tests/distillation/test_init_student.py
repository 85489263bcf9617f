"""Between the stages: the fitted map and the student's first weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.helpers.tiny_coco import CODEC
from tests.helpers.tiny_distillation import distillation_cfg
from tests.helpers.tiny_models import model_cfg, write_teacher
from vitpose_mm.distillation.crops import batches, labelled_validation_set, training_set
from vitpose_mm.distillation.init_student import fit_map, write_initial_weights
from vitpose_mm.distillation.validation_loss import student_loss, teacher_losses
from vitpose_mm.models.distillers.teacher import load_teacher, resize
from vitpose_mm.models.distillers.token_file import load_token, save_token
from vitpose_mm.registry import MODELS

LARGE = {**CODEC, 'input_size': (96, 128), 'heatmap_size': (24, 32)}


def tokens_by_hand(model: torch.nn.Module, inputs: torch.Tensor) -> torch.Tensor:
    """Return (B, C, H, W) of (B, 3, h, w): convolution and positions."""
    vit = model.backbone
    x = vit.patch_embed.proj(inputs)
    positions = (vit.pos_embed[:, 1:] + vit.pos_embed[:, :1]).unflatten(1, vit.grid)
    return x + positions.permute(0, 3, 1, 2)


@pytest.mark.parametrize('codec', [CODEC, LARGE], ids=['same size', 'larger teacher'])
def test_the_map_is_the_least_squares_fit_of_entering_tokens(codec: dict, coco: Path, tmp_path: Path) -> None:
    cfg = distillation_cfg(coco, tmp_path, '')
    teacher_cfg = model_cfg(24, codec=codec)
    teacher = load_teacher(teacher_cfg, write_teacher(tmp_path / 'teacher.pth', teacher_cfg))
    student = MODELS.build(model_cfg(16))
    student.init_weights()
    weights, explained = fit_map(cfg, teacher, student)

    given, wanted = [], []
    with torch.no_grad():
        for inputs, _ in batches(training_set(cfg), student.data_preprocessor):
            theirs = tokens_by_hand(teacher.model, resize(inputs, codec['input_size'][::-1]))
            theirs = torch.nn.functional.interpolate(theirs, (4, 3), mode='bilinear')
            given.append(theirs.permute(0, 2, 3, 1).reshape(-1, 24))
            wanted.append(tokens_by_hand(student, inputs).permute(0, 2, 3, 1).reshape(-1, 16))
    a, b = torch.cat(given).double().numpy(), torch.cat(wanted).double().numpy()
    expected = np.linalg.lstsq(a, b, rcond=None)[0]
    assert a.shape == (16 * 12, 24)
    assert np.abs(weights.T.numpy() - expected).max() < 1e-3 * np.abs(expected).max()
    assert abs(explained - (1 - ((a @ expected - b) ** 2).sum() / (b**2).sum())) < 1e-4


def test_the_start_is_the_students_and_the_token_is_mapped(coco: Path, teacher_file: str, tmp_path: Path) -> None:
    cfg = distillation_cfg(coco, tmp_path, teacher_file)
    save_token(torch.randn(1, 1, 24), tmp_path / 'tuned.pth')
    files = {'tuned': tmp_path / 'tuned.pth', 'token': tmp_path / 'token.pth', 'start': tmp_path / 'start.pth'}
    found = write_initial_weights(cfg, **files)
    state = torch.load(files['start'])['state_dict']
    assert not [name for name in state if 'token' in name]
    student = MODELS.build(model_cfg(16))
    student.load_state_dict({name.removeprefix('student.'): value for name, value in state.items()})
    weights, explained = fit_map(cfg, load_teacher(model_cfg(24), teacher_file), student)
    mapped = (load_token(files['tuned']).double() @ weights.T).float()
    assert torch.allclose(load_token(files['token']), mapped, rtol=1e-4, atol=1e-6)
    assert abs(found['token/explained'] - explained) < 1e-6


def test_a_token_of_another_teacher_is_refused(coco: Path, teacher_file: str, tmp_path: Path) -> None:
    save_token(torch.randn(1, 1, 20), tmp_path / 'tuned.pth')
    cfg = distillation_cfg(coco, tmp_path, teacher_file)
    with pytest.raises(ValueError, match=r'tuned\.pth holds a token 20 wide, and the teacher is 24 wide'):
        write_initial_weights(
            cfg, tuned=tmp_path / 'tuned.pth', token=tmp_path / 'token.pth', start=tmp_path / 'start.pth'
        )


def test_equal_widths_need_no_map(coco: Path, tmp_path: Path) -> None:
    cfg = distillation_cfg(coco, tmp_path, 'absent.pth')
    cfg.model.teacher = model_cfg(16)
    save_token(torch.randn(1, 1, 16), tmp_path / 'tuned.pth')
    found = write_initial_weights(
        cfg, tuned=tmp_path / 'tuned.pth', token=tmp_path / 'token.pth', start=tmp_path / 'start.pth'
    )
    assert found == {}
    assert torch.equal(load_token(tmp_path / 'token.pth'), load_token(tmp_path / 'tuned.pth'))


def test_held_out_losses_are_means_over_people(coco: Path, teacher_file: str, tmp_path: Path) -> None:
    cfg = distillation_cfg(coco, tmp_path, teacher_file)
    teacher, token = load_teacher(model_cfg(24), teacher_file), torch.randn(1, 1, 24)
    found = teacher_losses(cfg, teacher, token)
    dataset = labelled_validation_set(cfg)
    assert len(dataset) == 16
    sums = [0.0, 0.0]
    for sample in (dataset[i] for i in range(16)):
        data = teacher.model.data_preprocessor({'inputs': [sample['inputs']], 'data_samples': [sample['data_samples']]})
        target = sample['data_samples'].gt_fields.heatmaps
        weight = sample['data_samples'].gt_instance_labels.keypoint_weights
        for i, given in enumerate((None, token)):
            with torch.no_grad():
                said = teacher.model.head(teacher.model.backbone(data['inputs'], None, given))[0]
            sums[i] += float(((said - target).square() * weight[0][:, None, None]).mean())
    assert np.allclose(list(found.values()), np.array(sums) / 16, rtol=1e-4)
    alone = student_loss(cfg, teacher.model)['student/held_out_loss']
    assert alone == found['teacher/held_out_loss']
