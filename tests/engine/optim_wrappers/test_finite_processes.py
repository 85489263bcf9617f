"""Two processes skip an update together, also where one alone has the fault."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.distributed.fsdp import FullyShardedDataParallel
from torch.nn.parallel import DistributedDataParallel

from tests.helpers.processes import run_processes
from tests.helpers.tiny_updates import INF, NAN, assert_same, batches, net, state, train, wrap
from vitpose_mm.engine.optim_wrappers import FiniteOptimWrapper


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
