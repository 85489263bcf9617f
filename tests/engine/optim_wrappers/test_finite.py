"""Updates that are skipped leave everything as it was; finite ones are MMEngine's."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from mmengine.optim import AmpOptimWrapper, OptimWrapper
from mmengine.optim.optimizer import amp_optimizer_wrapper
from torch import Tensor, nn
from torch.distributed.fsdp import FullyShardedDataParallel
from torch.nn.parallel import DistributedDataParallel

from tests.helpers.processes import run_processes
from vitpose_mm.engine.optim_wrappers import FiniteAmpOptimWrapper, FiniteOptimWrapper, finite
from vitpose_mm.registry import OPTIM_WRAPPERS

NAN, INF = float('nan'), float('inf')
CLIPS: dict[str, dict | None] = {
    'norm': {'max_norm': 0.1},
    'value': {'type': 'value', 'clip_value': 0.01},
    'none': None,
}


def net() -> nn.Sequential:
    """A model with statistics, which a NaN in the input reaches."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 3))


def batches(number: int = 8) -> Tensor:
    return torch.randn(number, 5, 4, generator=torch.Generator().manual_seed(1))


def wrap(kind: type, model: nn.Module, **settings: Any) -> Any:
    clip = copy.deepcopy(settings.pop('clip_grad', {'max_norm': 0.1}))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    return kind(optimizer=optimizer, clip_grad=clip, **settings)


def train(model: nn.Module, wrapper: Any, inputs: Tensor, *, factor: float = 1.0) -> list[str]:
    """Train a step a batch, the loss times a factor; return the faults."""
    faults = []
    for batch in inputs:
        with wrapper.optim_context(model):
            loss = model(batch).square().mean()
        wrapper.update_params(loss * factor)
        faults.append(getattr(wrapper, 'fault', ''))
    return faults


def state(model: nn.Module, wrapper: Any) -> tuple[dict, dict]:
    """Weights and statistics, and what the optimizer knows."""
    return copy.deepcopy((model.state_dict(), wrapper.optimizer.state_dict()['state']))


def assert_same(first: Any, second: Any) -> None:
    """Equal bit for bit, in nested dicts and tuples."""
    if isinstance(first, dict):
        assert first.keys() == second.keys()
        first, second = list(first.values()), list(second.values())
    if isinstance(first, (list, tuple)):
        for one, other in zip(first, second, strict=True):
            assert_same(one, other)
    else:
        assert torch.equal(first, second)


@pytest.fixture
def cpu_amp(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let MMEngine's mixed precision for GPUs run here, with torch's scaler for the CPU."""
    monkeypatch.setattr(finite, 'get_device', lambda: 'cuda')
    monkeypatch.setattr(amp_optimizer_wrapper, 'is_cuda_available', lambda: True)
    monkeypatch.setattr(
        amp_optimizer_wrapper, 'GradScaler', lambda *args, **kwargs: torch.amp.GradScaler('cpu', *args, **kwargs)
    )


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


def test_names_are_registered() -> None:
    optimizer = torch.optim.SGD(net().parameters(), lr=0.1)
    built = OPTIM_WRAPPERS.build({'type': 'vitpose_mm.FiniteOptimWrapper', 'optimizer': optimizer})
    assert isinstance(built, FiniteOptimWrapper) and isinstance(built, OptimWrapper)


def train_in_processes() -> tuple[list[str], dict, dict]:
    """What each of two processes does: five steps, of which two have a bad loss in one process each."""
    rank = torch.distributed.get_rank()
    model = DistributedDataParallel(net())
    wrapper = wrap(FiniteOptimWrapper, model)
    inputs = batches(10)[rank::2].clone()
    train(model, wrapper, inputs[:2])
    before = state(model, wrapper)
    if rank == 1:
        inputs[2] = NAN
    faults = train(model, wrapper, inputs[2:3])
    with wrapper.optim_context(model):
        loss = model(inputs[3]).square().mean()
    wrapper.update_params(loss + (INF if rank == 0 else 0.0))  # its gradient is finite
    faults.append(wrapper.fault)
    assert_same(before, state(model, wrapper))
    faults += train(model, wrapper, inputs[4:])
    return faults, model.state_dict(), before[0]


@pytest.mark.slow
def test_processes_decide_alike() -> None:
    (first, weights, before), (second, others, _) = run_processes(train_in_processes)
    assert first == second == ['loss', 'loss', '']
    learned = [name for name in weights if 'running' not in name]  # each process has its own statistics
    assert_same({name: weights[name] for name in learned}, {name: others[name] for name in learned})
    assert not torch.equal(weights['module.0.weight'], before['module.0.weight'])


class HalfBad(nn.Module):
    """A layer whose gradient can be spoiled, and one after it: FSDP gives one to each of two processes."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Linear(4, 4), nn.Linear(4, 4)
        self.spoil = False

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.first(x)
        if self.spoil:
            hidden.register_hook(lambda gradient: gradient * NAN)
        return self.second(hidden)


def train_sharded() -> tuple[list[str], bool, bool]:
    """What each of two processes does: three updates; the second has a bad gradient in one shard only."""
    model = FullyShardedDataParallel(HalfBad(), device_id=torch.device('cpu'), use_orig_params=True)
    wrapper = wrap(FiniteOptimWrapper, model, clip_grad=None)
    faults = train(model, wrapper, batches(1))
    before = [p.detach().clone() for p in model.parameters()]
    model.module.spoil = True
    with wrapper.optim_context(model):
        loss = model(batches(1)[0]).square().mean()
    wrapper.backward(wrapper.scale_loss(loss))
    own_is_bad = any(bool(p.grad.isnan().any()) for p in model.parameters() if p.grad is not None)
    wrapper.step()
    wrapper.zero_grad()
    faults.append(wrapper.fault)
    same = all(torch.equal(old, new) for old, new in zip(before, model.parameters(), strict=True))
    model.module.spoil = False
    return faults + train(model, wrapper, batches(1)), own_is_bad, same


@pytest.mark.slow
def test_shards_decide_alike() -> None:
    results = run_processes(train_sharded)
    assert [faults for faults, _, _ in results] == [['', 'gradient', '']] * 2
    assert sorted(own_is_bad for _, own_is_bad, _ in results) == [False, True]
    assert all(same for _, _, same in results)
