"""The expert feed-forward network against a dense loop over all experts, and against the plain one."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from vitpose_mm.models.layers import ExpertFeedForward, FeedForward


def make(dtype: torch.dtype = torch.float64) -> ExpertFeedForward:
    return ExpertFeedForward(12, 48, num_experts=4).to(dtype)


def dense(module: ExpertFeedForward, x: Tensor, expert: Tensor) -> Tensor:
    """Every expert on every image, all but one masked: as the authors' code computes it."""
    hidden = F.gelu(module.fc1(x))
    own = 0
    for index, layer in enumerate(module.experts):
        mask = (expert == index).view(-1, *[1] * (x.ndim - 1))
        own = own + layer(hidden) * mask
    return torch.cat([module.fc2(hidden), own], -1)


@pytest.mark.parametrize('shape', [(6, 4, 3, 12), (6, 2, 12)])
@pytest.mark.parametrize('expert', [[2, 0, 2, 3, 0, 2], [1] * 6])
def test_equals_a_dense_loop_in_value_and_gradients(shape: tuple[int, ...], expert: list[int]) -> None:
    module, ids = make(), torch.tensor(expert)
    x = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    weights = torch.randn(shape, dtype=torch.float64)
    found, gradients = [], []
    for function in (module, lambda x, ids: dense(module, x, ids)):
        y = function(x, ids)
        found.append(y)
        gradients.append(torch.autograd.grad((y * weights).sum(), [x, *module.parameters()]))
    assert (found[0] - found[1]).abs().max() < 1e-14
    for ours, theirs in zip(*gradients, strict=True):
        assert (ours - theirs).abs().max() < 1e-12
    absent = [not gradients[0][5 + 2 * index].any() for index in range(4)]
    assert absent == [index not in expert for index in range(4)]


def test_a_quarter_of_the_channels_is_the_experts() -> None:
    module = make()
    assert module.fc2.weight.shape == (9, 48) and module.experts[3].weight.shape == (3, 48)
    assert sorted(name for name, _ in module.named_parameters())[:2] == ['experts.0.bias', 'experts.0.weight']


def test_a_plain_network_starts_every_expert() -> None:
    """Of a mixed batch the result is then the plain network's."""
    plain, module = FeedForward(12, 48), make(torch.float32)
    module.load_state_dict(plain.state_dict())
    assert torch.equal(module.fc2.weight, plain.fc2.weight[:9])
    assert all(torch.equal(one.bias, plain.fc2.bias[9:]) for one in module.experts)
    x = torch.randn(3, 4, 3, 12)
    assert torch.allclose(module(x, torch.tensor([3, 0, 3])), plain(x), atol=1e-6)


def test_experts_of_a_file_win_over_a_joined_fc2() -> None:
    """The authors' splitter joins fc2 and leaves the experts in."""
    plain, source, module = FeedForward(12, 48), make(torch.float32), make(torch.float32)
    module.load_state_dict({**source.state_dict(), **plain.state_dict()})
    assert torch.equal(module.experts[2].weight, source.experts[2].weight)
    assert torch.equal(module.fc2.bias, plain.fc2.bias[:9])


def test_mistakes_are_named() -> None:
    with pytest.raises(ValueError, match='4 experts needs the expert of each image'):
        make()(torch.zeros(1, 2, 12, dtype=torch.float64))
    with pytest.raises(ValueError, match='expert_features=12 must be from 1 to 11 of 12 channels: 3 is usual'):
        ExpertFeedForward(12, 48, num_experts=2, expert_features=12)
