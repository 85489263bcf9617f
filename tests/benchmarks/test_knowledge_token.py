"""What a token lowers: tuning lowers the loss of who it is tuned on, the teacher stays as it is, shares are right."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from tests.helpers.tiny_coco import write_coco
from tests.helpers.tiny_distillation import distillation_cfg
from tests.helpers.tiny_models import model_cfg
from vitpose_mm.benchmarks.knowledge_token import (
    BIAS,
    People,
    benchmark_token,
    loss_with,
    random_token,
)
from vitpose_mm.benchmarks.token_signals import attention_to_token, gradient_signal
from vitpose_mm.models.distillers.teacher import Teacher, load_teacher
from vitpose_mm.registry import MODELS


@pytest.fixture
def cfg(tmp_path: Path) -> Config:
    """The config of a tiny teacher with people to tune on."""
    found = distillation_cfg(write_coco(tmp_path / 'data'), tmp_path / 'run', '')
    found.model = model_cfg(24)
    found.pop('token_tuning')
    return found


@pytest.fixture
def checkpoint(tmp_path: Path) -> str:
    """Random weights of that teacher, a head that is not zero among them."""
    init_default_scope('mmpose')
    torch.manual_seed(0)
    model = MODELS.build(model_cfg(24))
    model.init_weights()
    for parameter in model.parameters():
        parameter.data.add_(0.05 * torch.randn_like(parameter))
    torch.save({'state_dict': model.state_dict()}, tmp_path / 'teacher.pth')
    return str(tmp_path / 'teacher.pth')


@pytest.fixture
def teacher(cfg: Config, checkpoint: str) -> Teacher:
    return load_teacher(cfg.model.to_dict(), checkpoint)


def silent(text: str) -> None:
    """Say nothing."""


def test_tuning_lowers_the_loss_of_the_people_it_sees_and_ends_where_it_began(cfg: Config, teacher: Teacher) -> None:
    people = People(cfg, teacher, steps=6, amp=False)
    token = random_token(teacher, 2)
    before = token.detach().clone()
    weights = copy.deepcopy(teacher.model.state_dict())
    found = people.tune(token, loss_with(token))
    assert found.by_validation < found.start
    assert torch.equal(token, before)
    assert all(torch.equal(weights[name], value) for name, value in teacher.model.state_dict().items())


def test_the_report_has_a_row_for_each_number_of_tokens(cfg: Config, checkpoint: str) -> None:
    report = benchmark_token(cfg, checkpoint, counts=[1, 3], steps=2, amp=True, say=silent)
    rows = report.tables['Loss on validation people']
    assert [(row['tuned'], row['parameters']) for row in rows] == [
        ('1 token', '24'),
        ('3 tokens', '72'),
        ('bias of the last norm', '24'),
    ]
    teacher = load_teacher(cfg.model.to_dict(), checkpoint)
    people = People(cfg, teacher, steps=1, amp=False)
    alone = people.mean_loss(loss_with(None))
    assert report.raw['losses'][BIAS]['start'] == pytest.approx(alone, rel=1e-6)


def test_equal_keys_get_an_even_share(teacher: Teacher) -> None:
    crops = torch.randn(2, 3, 64, 48)
    backbone = teacher.model.backbone
    for block in backbone.blocks:
        block.attn.qkv.weight.data.zero_()
        block.attn.qkv.bias.data.zero_()
    token = random_token(teacher, 1)
    assert attention_to_token(teacher, token, crops) == pytest.approx([1.0] * len(backbone.blocks))


def test_a_key_that_queries_point_at_gets_more(teacher: Teacher) -> None:
    crops = torch.randn(2, 3, 64, 48)
    first = teacher.model.backbone.blocks[0]
    dim = teacher.width
    first.attn.qkv.weight.data.zero_()
    first.attn.qkv.bias.data[:dim] = 1.0  # every query is the same
    first.attn.qkv.weight.data[dim : 2 * dim] = torch.eye(dim)
    first.norm1.weight.data.fill_(1.0)
    first.norm1.bias.data.zero_()
    token = random_token(teacher, 1)
    token.data[..., : dim // 2], token.data[..., dim // 2 :] = 5.0, -5.0
    one_head = attention_to_token(teacher, token, crops)[0]
    assert one_head > 1.2  # some heads point at it, and the others hardly look at it


def test_the_signal_of_gradients() -> None:
    found = gradient_signal([torch.tensor([3.0, 1.0]), torch.tensor([3.0, -1.0])])
    assert found['L2 norm of the mean'] == pytest.approx(3.0)
    assert found['standard deviation of a batch'] == pytest.approx(2**0.5)
    assert found['standard error of the mean'] == pytest.approx(1.0)


@pytest.mark.parametrize(('counts', 'steps', 'named'), [([0], 1, '--tokens 0'), ([1], 0, '--steps 0')])
def test_nothing_to_tune_is_said(cfg: Config, checkpoint: str, counts: list[int], steps: int, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        benchmark_token(cfg, checkpoint, counts=counts, steps=steps, amp=False, say=silent)
