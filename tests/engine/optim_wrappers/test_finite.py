"""Updates that are skipped leave everything as it was; finite ones are MMEngine's."""

from __future__ import annotations

import pytest
import torch
from mmengine.optim import OptimWrapper

from tests.helpers.tiny_updates import CLIPS, INF, NAN, assert_same, batches, net, state, train, wrap
from vitpose_mm.engine.optim_wrappers import FiniteOptimWrapper
from vitpose_mm.registry import OPTIM_WRAPPERS


@pytest.mark.parametrize('clip', CLIPS)
@pytest.mark.parametrize('accumulate', [1, 3])
def test_finite_updates_are_mmengines(clip: str, accumulate: int) -> None:
    ends = []
    for kind in (OptimWrapper, FiniteOptimWrapper):
        model = net()
        wrapper = wrap(kind, model, clip_grad=CLIPS[clip], accumulative_counts=accumulate)
        wrapper.initialize_count_status(model, 0, 8)
        assert set(train(model, wrapper, batches())) == {''}
        ends.append(state(model, wrapper))
    assert_same(*ends)


@pytest.mark.parametrize('clip', CLIPS)
@pytest.mark.parametrize('bad', [NAN, INF])
def test_a_bad_input_leaves_no_trace(clip: str, bad: float) -> None:
    model, inputs = net(), batches()
    wrapper = wrap(FiniteOptimWrapper, model, clip_grad=CLIPS[clip])
    train(model, wrapper, inputs[:3])
    before = state(model, wrapper)
    inputs[3, 2, 1] = bad
    assert train(model, wrapper, inputs[3:4]) == ['loss']
    assert_same(before, state(model, wrapper))
    assert all(p.grad is None for p in model.parameters())
    assert train(model, wrapper, inputs[4:]) == [''] * 4


@pytest.mark.parametrize('clip', CLIPS)
@pytest.mark.parametrize('bad', [NAN, INF])
def test_a_bad_gradient_of_a_good_loss_is_skipped(clip: str, bad: float) -> None:
    model = net()
    wrapper = wrap(FiniteOptimWrapper, model, clip_grad=CLIPS[clip])
    before = state(model, wrapper)
    handle = model[0].bias.register_hook(lambda gradient: gradient * bad)
    assert train(model, wrapper, batches(1)) == ['gradient']
    assert_same(before, state(model, wrapper))
    handle.remove()
    assert train(model, wrapper, batches(1)) == ['']


def test_a_bad_loss_with_a_good_gradient_is_skipped() -> None:
    model = net()
    wrapper = wrap(FiniteOptimWrapper, model)
    before = state(model, wrapper)
    with wrapper.optim_context(model):
        loss = model(batches(1)[0]).square().mean()
    wrapper.update_params(loss + torch.tensor(INF))
    assert wrapper.fault == 'loss'
    assert_same(before, state(model, wrapper))


@pytest.mark.parametrize('which', [0, 1, 2])
def test_an_accumulated_update_is_skipped_as_a_whole(which: int) -> None:
    model, inputs = net(), batches(9)
    wrapper = wrap(FiniteOptimWrapper, model, accumulative_counts=3)
    wrapper.initialize_count_status(model, 0, 9)
    train(model, wrapper, inputs[:3])
    before = state(model, wrapper)
    inputs[3 + which] = NAN
    assert train(model, wrapper, inputs[3:6])[-1] == 'loss'
    assert_same(before, state(model, wrapper))
    assert train(model, wrapper, inputs[6:]) == ['loss', 'loss', '']


def test_the_norm_of_a_skipped_gradient_is_not_logged() -> None:
    model = net()
    wrapper = wrap(FiniteOptimWrapper, model)
    train(model, wrapper, batches(2))
    norms = wrapper.message_hub.get_scalar('train/grad_norm')
    before = len(norms.data[0])
    train(model, wrapper, batches(1) * NAN)
    assert len(norms.data[0]) == before and norms.current() > 0


def test_names_are_registered() -> None:
    optimizer = torch.optim.SGD(net().parameters(), lr=0.1)
    built = OPTIM_WRAPPERS.build({'type': 'vitpose_mm.FiniteOptimWrapper', 'optimizer': optimizer})
    assert isinstance(built, FiniteOptimWrapper) and isinstance(built, OptimWrapper)
