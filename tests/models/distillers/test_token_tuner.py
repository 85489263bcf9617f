"""Stage 1: the token moves and nothing else does."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import torch
from torch import Tensor

from tests.helpers.tiny_models import batch, model_cfg
from vitpose_mm.models import KnowledgeTokenTuner


def digest(tensors: dict[str, Tensor]) -> dict[str, str]:
    """Return a hash of each tensor's bytes by name."""
    return {name: hashlib.sha256(value.numpy().tobytes()).hexdigest() for name, value in tensors.items()}


def state_of(tuner: KnowledgeTokenTuner) -> dict[str, Tensor]:
    """Every tensor of the teacher, buffers that are not saved too."""
    model = tuner.teacher.model
    return {**dict(model.named_parameters()), **dict(model.named_buffers())}


def tune(tuner: KnowledgeTokenTuner, steps: int = 20) -> list[float]:
    """Train as a runner would, on one batch; return the losses."""
    inputs, samples = batch()
    optimizer = torch.optim.AdamW(tuner.parameters(), lr=0.1, weight_decay=0.1)
    losses = []
    tuner.train()
    for _ in range(steps):
        loss = tuner(inputs, samples, mode='loss')['loss_kpt']
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def test_the_token_moves_and_nothing_else(teacher_file: str) -> None:
    tuner = KnowledgeTokenTuner(model_cfg(24, drop_path_rate=0.5), teacher_file)
    before, start = digest(state_of(tuner)), tuner.token.detach().clone()
    losses = tune(tuner)
    assert len(before) > 40 and any('running_mean' in name for name in before)
    assert digest(state_of(tuner)) == before
    assert not torch.equal(tuner.token, start)
    assert losses[-1] < losses[0]
    assert all(parameter.grad is None for parameter in tuner.teacher.model.parameters())


def test_the_token_is_all_there_is(teacher_file: str) -> None:
    tuner = KnowledgeTokenTuner(model_cfg(24), teacher_file, num_tokens=3)
    assert {name: tuple(value.shape) for name, value in tuner.state_dict().items()} == {'token': (1, 3, 24)}
    assert [name for name, _ in tuner.named_parameters()] == ['token']


def test_the_gradient_is_that_of_the_teachers_loss(teacher_file: str) -> None:
    tuner = KnowledgeTokenTuner(model_cfg(24), teacher_file)
    inputs, samples = batch()
    tuner(inputs, samples, mode='loss')['loss_kpt'].backward()
    token = tuner.token.detach().clone().requires_grad_()
    model = tuner.teacher.model
    heatmaps = model.head(model.backbone(inputs, None, token.repeat(4, 1, 1)))
    targets = torch.stack([sample.gt_fields.heatmaps for sample in samples])
    weights = torch.cat([sample.gt_instance_labels.keypoint_weights for sample in samples])
    ((heatmaps - targets).square() * weights[..., None, None]).mean().backward()
    assert torch.allclose(tuner.token.grad, token.grad, rtol=1e-4, atol=1e-9)
    assert tuner.token.grad.abs().max() > 1e-6


def test_the_teacher_moves_along(teacher_file: str) -> None:
    tuner = KnowledgeTokenTuner(model_cfg(24), teacher_file).double()
    assert tuner.teacher.model.head.final_layer.weight.dtype == torch.float64
    assert not tuner.train().teacher.model.training


def test_another_keypoint_set_than_the_teachers_is_refused(teacher_file: str) -> None:
    tuner = KnowledgeTokenTuner(model_cfg(24), teacher_file)
    inputs, samples = batch()
    for sample in samples:
        sample.set_metainfo({'flip_indices': list(range(17))})
    with pytest.raises(ValueError, match='The 17 keypoints of the teacher are others'):
        tuner(inputs, samples, mode='loss')
    with pytest.raises(ValueError, match='teacher has 17 keypoints and the student 14: choose a teacher of the same'):
        tuner(*batch(keypoints=14), mode='loss')


def test_what_it_cannot_do(teacher_file: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='predicts nothing'):
        KnowledgeTokenTuner(model_cfg(24), teacher_file)(*batch(), mode='predict')
    cfg = model_cfg(24)
    cfg['backbone'] = {'type': 'ResNet', 'depth': 18}
    cfg['head']['in_channels'] = 512
    from mmengine.registry import MODELS

    torch.save({'state_dict': MODELS.build(cfg).state_dict()}, tmp_path / 'resnet.pth')
    with pytest.raises(ValueError, match='A ResNet takes no tokens'):
        KnowledgeTokenTuner(cfg, str(tmp_path / 'resnet.pth'))


def test_a_type_without_gradients_so_small_is_refused(teacher_file: str) -> None:
    with pytest.raises(ValueError, match=r"'float16' leaves a token without a gradient.*'bfloat16'"):
        KnowledgeTokenTuner(model_cfg(24), teacher_file, teacher_dtype='float16')
