"""The model split over two processes trains like the whole model in one, and leaves a checkpoint like its."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import MODELS, init_default_scope
from torch import nn
from torch.distributed.fsdp import FullyShardedDataParallel

from tests.helpers.processes import run_processes
from tests.helpers.tiny_leaf import ARCH, Recorder, shrink
from vitpose_mm.checkpoints import load_file
from vitpose_mm.engine.optim_wrappers.layer_decay_constructor import strip_wrappers
from vitpose_mm.engine.train import build_runner
from vitpose_mm.models import ViT
from vitpose_mm.utils.position_grid import resize_position

LEAF = 'vitpose_g/vitpose_g_classic_coco-576x432'
CELL = 'vitpose_g/vitpose_g-vitae_classic_coco-576x432'
Rates = dict[str, tuple[float, float]]


def config(data: Path, work_dir: Path, **settings: Any) -> Config:
    """4 iterations of 4 samples over all processes; gradients are clipped; saved after iterations 2 and 4."""
    cfg = shrink(LEAF, data, work_dir, **settings)
    cfg.optim_wrapper.clip_grad.max_norm = 1e-3
    cfg.default_hooks.checkpoint = {'type': 'CheckpointHook', 'interval': 2, 'by_epoch': False}
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    return cfg


def rates(model: nn.Module, optimizer: torch.optim.Optimizer) -> Rates:
    """Return learning rate and weight decay of every parameter."""
    names = {id(parameter): strip_wrappers(name) for name, parameter in model.named_parameters()}
    return {
        names[id(parameter)]: (group['lr'], group['weight_decay'])
        for group in optimizer.param_groups
        for parameter in group['params']
    }


def train(cfg: Config) -> tuple[Any, Recorder]:
    recorder = Recorder()
    runner = build_runner(cfg)
    runner.register_hook(recorder)
    runner.train()
    return runner, recorder


def train_sharded(data: Path, folder: Path) -> dict[str, Any]:
    """What each of the two processes does: train, resume from the middle, finetune and evaluate."""
    runner, recorder = train(config(data, folder / 'whole', batch_size=2, launcher='pytorch'))
    result = {
        'losses': recorder.losses,
        'norms': recorder.norms,
        'rates': rates(runner.model, runner.optim_wrapper.optimizer),
        'units': sum(isinstance(part, FullyShardedDataParallel) for part in runner.model.modules()),
        'numel': sum(parameter.numel() for parameter in runner.model.parameters()),
        'root_rates': rates_around_the_root(runner.cfg),
        'bf16': [step(runner, bf16=bf16) for bf16 in (False, True)],
    }
    cfg = config(data, folder / 'resumed', batch_size=2, launcher='pytorch')
    cfg.merge_from_dict({'resume': True, 'load_from': str(folder / 'whole/iter_2.pth')})
    result['resumed'] = train(cfg)[1].losses

    cell = shrink(CELL, data, folder / 'cell', batch_size=2, head='Classic', launcher='pytorch')
    cell.load_from = str(folder / 'other_grid.pth')
    cell.optim_wrapper.paramwise_cfg.custom_keys = {'pos_embed': {'lr_mult': 0.0}}
    runner, _ = train(cell)
    result['metrics'] = runner.message_hub.get_scalar('val/coco/AP').current()
    result['buffers'] = {strip_wrappers(name): value for name, value in runner.model.named_buffers()}
    return result


def step(runner: Any, *, bf16: bool) -> tuple[float, float]:
    """Return loss and norm of the gradient of the first batch, with every block computed twice (`with_cp`)."""
    model = runner.model
    assert model.module.backbone.with_cp
    data = model.module.data_preprocessor(next(iter(runner.train_dataloader)), training=True)
    with torch.autocast('cpu', torch.bfloat16, enabled=bf16):
        loss = model(**data, mode='loss')['loss_kpt']
    loss.backward()
    norm = model.clip_grad_norm_(1.0)
    runner.optim_wrapper.zero_grad()
    return loss.item(), norm.item()


def rates_around_the_root(cfg: Config) -> Rates:
    init_default_scope('mmpose')
    cpu = torch.device('cpu')
    model = FullyShardedDataParallel(MODELS.build(cfg.model), device_id=cpu, use_orig_params=True)
    return rates(model, build_optim_wrapper(model, cfg.optim_wrapper).optimizer)


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp('fsdp')


@pytest.fixture(scope='module')
def sharded(coco: Path, folder: Path) -> list[dict[str, Any]]:
    other = ViT(dict(ARCH), (32, 32))
    nn.init.normal_(other.pos_embed)
    torch.save({'state_dict': other.state_dict(prefix='backbone.')}, folder / 'other_grid.pth')
    return run_processes(train_sharded, coco, folder, timeout=600)


@pytest.fixture(scope='module')
def plain(coco: Path, folder: Path) -> tuple[Any, Recorder]:
    """The same in one process without FSDP, by what the leaf's first lines say for one device."""
    cfg = config(coco, folder / 'plain', batch_size=4)
    cfg.runner_type = 'Runner'
    return train(cfg)


pytestmark = pytest.mark.slow


def test_the_model_is_split(sharded: list[dict[str, Any]], plain: tuple[Any, Recorder]) -> None:
    """The root and two blocks are units of their own, and every parameter is in one process or in parts."""
    whole = sum(parameter.numel() for parameter in plain[0].model.parameters())
    assert [result['units'] for result in sharded] == [3, 3]
    assert sum(result['numel'] for result in sharded) == whole
    assert min(result['numel'] for result in sharded) > 0.4 * whole


def test_every_parameter_has_its_learning_rate_and_weight_decay(sharded: list[dict], plain: tuple) -> None:
    runner = plain[0]
    table = rates(runner.model, runner.optim_wrapper.optimizer)
    assert len(set(table.values())) == 8  # 4 depths, with and without weight decay
    for result in sharded:
        assert result['rates'] == table
        assert result['root_rates'] == table


def test_losses_are_those_of_one_process(sharded: list[dict], plain: tuple) -> None:
    """A process's loss is the mean of its half of the batch."""
    losses = [sum(pair) / 2 for pair in zip(*(result['losses'] for result in sharded), strict=True)]
    assert losses == pytest.approx(plain[1].losses, rel=1e-5)
    assert len(set(losses)) == 4


def test_gradients_are_clipped_by_their_whole_norm(sharded: list[dict], plain: tuple) -> None:
    for result in sharded:
        assert result['norms'] == pytest.approx(plain[1].norms, rel=1e-4)
    assert min(plain[1].norms) > 1e-3


def test_the_checkpoint_is_a_plain_models(sharded: list[dict], plain: tuple, folder: Path) -> None:
    state = load_file(folder / 'whole/iter_4.pth')['state_dict']
    expected = plain[0].model.state_dict()
    assert list(state) == list(expected)
    assert state['backbone.pos_grid'].tolist() == [4, 3]
    for name, value in expected.items():
        torch.testing.assert_close(state[name], value, rtol=1e-4, atol=1e-5, msg=name)
    plain[0].model.load_state_dict(state, strict=True)


def test_a_resumed_run_goes_on_as_if_never_stopped(sharded: list[dict], folder: Path) -> None:
    for result in sharded:
        assert result['resumed'] == result['losses'][2:]
    first, second = (load_file(folder / name / 'iter_4.pth') for name in ('whole', 'resumed'))
    for name, value in first['state_dict'].items():
        assert torch.equal(second['state_dict'][name], value), name
    for name, state in first['optimizer']['state'].items():
        for key, value in state.items():
            assert torch.equal(second['optimizer']['state'][name][key], value), (name, key)


def test_activation_checkpointing_works_in_bf16_too(sharded: list[dict[str, Any]]) -> None:
    for result in sharded:
        (loss, norm), (rough_loss, rough_norm) = result['bf16']
        assert rough_loss == pytest.approx(loss, rel=0.02) and rough_loss != loss
        assert rough_norm == pytest.approx(norm, rel=0.05)


def test_finetunes_from_a_checkpoint_of_another_grid(sharded: list[dict[str, Any]], folder: Path) -> None:
    """The cell with convolutions, from a plain backbone of 2x2 tokens, with its table of positions kept."""
    before = load_file(folder / 'other_grid.pth')['state_dict']
    after = load_file(folder / 'cell/best_coco_AP_epoch_1.pth')['state_dict']
    resized = resize_position(before['backbone.pos_embed'], (2, 2), (4, 3))
    assert torch.equal(after['backbone.pos_embed'], resized)
    drift = after['backbone.blocks.0.mlp.fc1.weight'] - before['backbone.blocks.0.mlp.fc1.weight']
    assert 0 < drift.abs().max() < 0.01
    assert after['backbone.blocks.0.conv.expand.weight'].shape == (64, 4, 3, 3)


def test_evaluates(sharded: list[dict[str, Any]]) -> None:
    assert sharded[0]['metrics'] == sharded[1]['metrics'] >= 0


def test_buffers_are_shared(sharded: list[dict[str, Any]]) -> None:
    """The running statistics of the convolutions and of the head, and the integer position grid."""
    first, second = (result['buffers'] for result in sharded)
    assert first['backbone.pos_grid'].tolist() == second['backbone.pos_grid'].tolist() == [4, 3]
    norms = [name for name in first if name.endswith('running_mean')]
    assert len(norms) == 4
    for name in norms:
        assert torch.equal(first[name], second[name]) and first[name].any()


def test_one_process_is_refused(coco: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"there is only one: start .* or set runner_type='Runner'"):
        build_runner(shrink(LEAF, coco, tmp_path, batch_size=4))
