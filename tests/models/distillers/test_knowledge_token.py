"""Stage 2: the four settings and the two controls, their losses and gradients, and what the deployed model is."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.model import ExponentialMovingAverage
from mmengine.registry import MODELS
from mmengine.structures import InstanceData

from tests.helpers.tiny_coco import CODEC
from tests.helpers.tiny_models import batch, model_cfg, write_teacher
from vitpose_mm.models import KnowledgeTokenDistiller
from vitpose_mm.models.distillers.knowledge_token import student_config, student_weights
from vitpose_mm.models.distillers.token_file import save_token


@pytest.fixture
def token_file(tmp_path: Path) -> str:
    save_token(torch.randn(1, 1, 16, generator=torch.Generator().manual_seed(2)), tmp_path / 'token.pth')
    return str(tmp_path / 'token.pth')


def make(teacher_file: str, token_file: str | None, **settings: Any) -> KnowledgeTokenDistiller:
    """A distiller with the tiny pair, initialised as a runner does."""
    student = settings.pop('student', None) or model_cfg(16)
    settings = {'teacher': model_cfg(24), 'teacher_checkpoint': teacher_file, 'token_file': token_file, **settings}
    distiller = KnowledgeTokenDistiller(student, **settings)
    distiller.init_weights()
    for parameter in distiller.student.parameters():  # the head starts near zero, which would prove little
        torch.nn.init.normal_(parameter, std=0.2)
    return distiller


def train(distiller: KnowledgeTokenDistiller, steps: int = 3) -> None:
    optimizer = torch.optim.AdamW(distiller.parameters(), lr=1e-2, weight_decay=0.5)
    distiller.train()
    for _ in range(steps):
        optimizer.zero_grad()
        sum(distiller(*batch(), mode='loss').values()).backward()
        optimizer.step()


MODES = {
    'none': {'token': 'none', 'output_weight': 0.0},
    'token': {'output_weight': 0.0},
    'output': {'token': 'none'},
    'both': {},
}


@pytest.mark.parametrize('mode', MODES)
def test_losses_and_gradients_equal_a_hand_computation(mode: str, teacher_file: str, token_file: str) -> None:
    distiller = make(teacher_file, token_file, **{'output_weight': 0.7, **MODES[mode]}).eval()
    inputs, samples = batch()
    losses = distiller(inputs, samples, mode='loss')
    sum(losses.values()).backward()
    ours = {name: parameter.grad for name, parameter in distiller.student.named_parameters()}

    student = MODELS.build(model_cfg(16)).eval()
    student.load_state_dict({k: v for k, v in distiller.student.state_dict().items() if k != 'backbone.tokens'})
    teacher = MODELS.build(model_cfg(24)).eval()
    teacher.load_state_dict(torch.load(teacher_file, weights_only=False)['state_dict'])
    token = None
    if mode in ('token', 'both'):
        token = torch.load(token_file)['state_dict']['token'].repeat(4, 1, 1)
    heatmaps = student.head(student.backbone(inputs, None, token))
    targets = torch.stack([sample.gt_fields.heatmaps for sample in samples])
    weights = torch.cat([sample.gt_instance_labels.keypoint_weights for sample in samples])
    expected = {'loss_kpt': ((heatmaps - targets).square() * weights[..., None, None]).mean()}
    if mode in ('output', 'both'):
        with torch.no_grad():
            aims = teacher(inputs, None, mode='tensor')  # without the token, whatever the student has
        expected['loss_distill'] = 0.7 * (heatmaps - aims).square().mean()
    sum(expected.values()).backward()

    assert losses.keys() == expected.keys()
    for name, loss in losses.items():
        assert torch.allclose(loss, expected[name], rtol=1e-5), name
    for name, parameter in student.named_parameters():
        assert torch.allclose(ours[name], parameter.grad, rtol=1e-3, atol=1e-7), name
    assert ours['backbone.blocks.0.attn.qkv.weight'].abs().max() > 1e-6


@pytest.mark.parametrize('mode', MODES)
def test_the_teacher_is_in_nothing(mode: str, teacher_file: str, token_file: str) -> None:
    distiller = make(teacher_file, token_file, **MODES[mode])
    student = MODELS.build(student_config(model_cfg(16), token=distiller.kind, num_tokens=1))
    assert distiller.state_dict().keys() == {f'student.{name}' for name in student.state_dict()}
    trained = {f'student.{name}' for name, _ in student.named_parameters()}
    assert {name for name, _ in distiller.named_parameters()} == trained
    assert (distiller.teacher is None) == (mode in ('none', 'token'))
    average = ExponentialMovingAverage(distiller)
    assert average.module.teacher is distiller.teacher
    if distiller.teacher is not None:
        before = {name: value.clone() for name, value in distiller.teacher.model.state_dict().items()}
        train(distiller)
        for name, value in distiller.teacher.model.state_dict().items():
            assert torch.equal(value, before[name]), name
        assert not distiller.train().teacher.model.head.training
        assert distiller.double().teacher.model.head.final_layer.weight.dtype == torch.float64


def test_the_tuned_token_stays_as_it_is(teacher_file: str, token_file: str) -> None:
    distiller = make(teacher_file, token_file)
    tuned = torch.load(token_file)['state_dict']['token']
    train(distiller)
    assert torch.equal(distiller.student.backbone.tokens, tuned)
    average = ExponentialMovingAverage(distiller)
    average.update_parameters(distiller)
    average.update_parameters(distiller)
    assert torch.equal(average.module.student.backbone.tokens, tuned)


def test_the_controls(teacher_file: str, token_file: str) -> None:
    tuned = torch.load(token_file)['state_dict']['token']
    frozen = make(teacher_file, token_file, token='random')
    start = frozen.student.backbone.tokens.clone()
    assert not torch.equal(start, tuned)
    assert 0.5 < float(start.norm() / tuned.norm()) < 2
    train(frozen)
    assert torch.equal(frozen.student.backbone.tokens, start)

    free = make(teacher_file, token_file, token='trainable')
    assert 'student.backbone.tokens' in dict(free.named_parameters())
    start = free.student.backbone.tokens.detach().clone()
    train(free)
    assert not torch.equal(free.student.backbone.tokens, start)
    assert free.state_dict().keys() == frozen.state_dict().keys()


@pytest.mark.parametrize('token', ['none', 'tuned', 'random', 'trainable'])
def test_the_deployed_model_is_the_student_to_the_bit(token: str, teacher_file: str, token_file: str) -> None:
    distiller = make(teacher_file, token_file, token=token)
    train(distiller)
    deployed = MODELS.build(student_config(model_cfg(16), token=token, num_tokens=1))
    deployed.load_state_dict(student_weights(distiller.state_dict()))
    inputs, _ = batch()
    assert torch.equal(deployed.eval()(inputs, None), distiller.eval()(inputs, None))
    plain = MODELS.build(model_cfg(16)).eval()
    weights = student_weights(distiller.state_dict())
    weights.pop('backbone.tokens', None)
    plain.load_state_dict(weights)
    assert torch.equal(plain(inputs, None), deployed(inputs, None)) == (token == 'none')


def test_predicts_as_the_student(teacher_file: str, token_file: str) -> None:
    distiller = make(teacher_file, token_file).eval()
    inputs, samples = batch()
    for sample in samples:
        sample.set_metainfo({'input_size': CODEC['input_size']})
        sample.set_metainfo({'input_center': np.array([24.0, 32.0]), 'input_scale': np.array([48.0, 64.0])})
        sample.gt_instances = InstanceData(bboxes=np.zeros((1, 4)), bbox_scores=np.ones(1))
    ours = distiller(inputs, copy.deepcopy(samples), mode='predict')
    theirs = distiller.student.predict(inputs, copy.deepcopy(samples))
    for a, b in zip(ours, theirs, strict=True):
        assert (a.pred_instances.keypoints == b.pred_instances.keypoints).all()


def test_the_student_alone_runs_under_autocast(teacher_file: str, token_file: str) -> None:
    distiller = make(teacher_file, token_file).eval()
    inputs, samples = batch()
    heatmaps = distiller.teacher.heatmaps(inputs, (16, 12))
    with torch.autocast('cpu', torch.bfloat16):
        losses = distiller(inputs, samples, mode='loss')
        said = distiller.student(inputs, None).float()
    assert torch.allclose(losses['loss_distill'], F.mse_loss(said, heatmaps), rtol=1e-3)


def test_mistakes_are_named(teacher_file: str, token_file: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r'No file of a knowledge token is named.*tools/distill.py'):
        make(teacher_file, None)
    with pytest.raises(ValueError, match=r'gone\.pth does not exist'):
        make(teacher_file, 'gone.pth')
    with pytest.raises(ValueError, match='holds no knowledge token'):
        make(teacher_file, teacher_file)
    with pytest.raises(ValueError, match=r'1 tokens 16 wide and the student takes 2 of 16'):
        make(teacher_file, token_file, num_tokens=2)
    with pytest.raises(ValueError, match="'magic' is not known: choose one of none, tuned, random, trainable"):
        make(teacher_file, token_file, token='magic')
    with pytest.raises(ValueError, match=r'output_weight=1.0 needs a teacher'):
        make(teacher_file, token_file, teacher=None)
    with pytest.raises(ValueError, match='teacher has 17 keypoints and the student 14'):
        make(teacher_file, token_file, student=model_cfg(16, keypoints=14))
    pale = model_cfg(24)
    pale['data_preprocessor']['mean'] = [0.0] * 3
    with pytest.raises(ValueError, match='another mean than'):
        make(teacher_file, token_file, teacher=pale)
    with pytest.raises(ValueError, match="backbone 'ResNet' takes no tokens"):
        student_config({'backbone': {'type': 'ResNet'}}, token='tuned', num_tokens=1)
    animals = write_teacher(tmp_path / 'animals.pth', model_cfg(24), meta={'flip_indices': [1, 0, *range(2, 17)]})
    with pytest.raises(ValueError, match='keypoints of the teacher are others'):
        make(animals, token_file)(*batch(), mode='loss')


def test_a_token_file_is_a_few_kilobytes(tmp_path: Path) -> None:
    save_token(torch.randn(1, 1, 1280), tmp_path / 'token.pth')
    assert (tmp_path / 'token.pth').stat().st_size < 10_000


def test_an_oks_scorer_of_the_student_learns(teacher_file: str, token_file: str) -> None:
    student = model_cfg(16, codec=CODEC | {'type': 'vitpose_mm.BatchedUDPHeatmap'})
    student['head'] |= {'oks_scorer': {'sigmas': [0.1] * 17}}
    distiller = make(teacher_file, token_file, student=student)
    inputs, samples = batch()
    for sample in samples:
        sample.gt_instances = InstanceData(
            bboxes=torch.tensor([[0.0, 0, 40, 60]]), bbox_scales=torch.tensor([[50.0, 67]])
        )
        sample.gt_fields.heatmaps[:, 8, 6] = 1.0
    losses = distiller(inputs, samples, mode='loss')
    assert set(losses) == {'loss_kpt', 'loss_distill', 'loss_oks'}
    losses['loss_oks'].backward()
    learning = {name for name, value in distiller.named_parameters() if value.grad is not None}
    assert learning and all(name.startswith('student.head.oks_scorer.') for name in learning)
