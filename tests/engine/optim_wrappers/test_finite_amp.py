"""Mixed precision: updates that are skipped, and those that are MMEngine's."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from mmengine.optim import AmpOptimWrapper, OptimWrapper
from mmengine.optim.optimizer import amp_optimizer_wrapper

from tests.helpers.tiny_updates import CLIPS, INF, NAN, assert_same, batches, net, state, train, wrap
from vitpose_mm.engine.optim_wrappers import FiniteAmpOptimWrapper, finite


@pytest.fixture
def cpu_amp(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let MMEngine's mixed precision for GPUs run here, with torch's scaler for the CPU."""
    monkeypatch.setattr(finite, 'get_device', lambda: 'cuda')
    monkeypatch.setattr(amp_optimizer_wrapper, 'is_cuda_available', lambda: True)
    monkeypatch.setattr(
        amp_optimizer_wrapper, 'GradScaler', lambda *args, **kwargs: torch.amp.GradScaler('cpu', *args, **kwargs)
    )


@pytest.mark.parametrize('clip', CLIPS)
@pytest.mark.parametrize('scale', [512.0, 'dynamic'])
def test_finite_updates_in_mixed_precision_are_mmengines(clip: str, scale: Any, cpu_amp: None) -> None:
    ends = []
    for kind in (AmpOptimWrapper, FiniteAmpOptimWrapper):
        model = net()
        wrapper = wrap(kind, model, clip_grad=CLIPS[clip], loss_scale=scale, dtype='bfloat16')
        assert set(train(model, wrapper, batches())) == {''}
        ends.append(state(model, wrapper))
    assert_same(*ends)


def test_on_a_cpu_updates_are_those_of_bfloat16_autocast() -> None:
    model, plain = net(), net()
    wrapper = wrap(FiniteAmpOptimWrapper, model, loss_scale=1.0, dtype='bfloat16')
    reference = wrap(OptimWrapper, plain)
    inputs = batches()
    assert set(train(model, wrapper, inputs)) == {''}
    for batch in inputs:
        with torch.autocast('cpu', torch.bfloat16):
            loss = plain(batch).square().mean()
        reference.update_params(loss)
    assert_same(state(model, wrapper)[0], state(plain, reference)[0])
    exact = net()
    train(exact, wrap(OptimWrapper, exact), inputs)
    assert not torch.equal(exact[0].weight, model[0].weight)


def test_a_cpu_goes_on_from_the_state_of_a_gpu() -> None:
    model = net()
    wrapper = wrap(FiniteAmpOptimWrapper, model)
    train(model, wrapper, batches())
    saved = {**wrapper.state_dict(), 'loss_scaler': {'scale': 65536.0, '_growth_tracker': 3}}
    fresh = wrap(FiniteAmpOptimWrapper, net())
    fresh.load_state_dict(saved)
    assert_same(fresh.optimizer.state_dict()['state'], wrapper.optimizer.state_dict()['state'])


def test_a_cpu_refuses_float16() -> None:
    with pytest.raises(ValueError, match="dtype='float16' does not train on a CPU"):
        wrap(FiniteAmpOptimWrapper, net(), dtype='float16')


def test_an_overflow_that_the_loss_scale_is_there_for_is_no_fault(cpu_amp: None) -> None:
    model = net()
    wrapper = wrap(FiniteAmpOptimWrapper, model, loss_scale={'init_scale': 4.0}, dtype='bfloat16')
    before = model[3].bias.detach().clone()
    model[3].bias.register_hook(lambda gradient: gradient + (INF if wrapper.loss_scaler.get_scale() > 1 else 0))
    scales = []
    for _ in range(3):
        assert train(model, wrapper, batches(1)) == ['']
        scales.append(wrapper.loss_scaler.get_scale())
    assert scales == [2.0, 1.0, 1.0]
    assert not torch.equal(model[3].bias, before)


def test_in_mixed_precision_other_faults_are_faults(cpu_amp: None) -> None:
    for scale, bad, fault in (
        ({'init_scale': 1.0}, NAN, 'gradient'),
        (512.0, NAN, 'gradient'),
        ({'init_scale': 4.0}, NAN, ''),
        ({'init_scale': 4.0}, 1e38, 'gradient'),  # finite with its scale, but its norm is not: no scale helps
    ):
        model = net()
        wrapper = wrap(FiniteAmpOptimWrapper, model, loss_scale=scale, dtype='bfloat16')
        model[3].bias.register_hook(lambda gradient, bad=bad: gradient + bad)
        assert train(model, wrapper, batches(1)) == [fault]
        before = state(model, wrapper)
        assert train(model, wrapper, batches(1) * NAN) == ['loss']
        assert_same(before, state(model, wrapper))
