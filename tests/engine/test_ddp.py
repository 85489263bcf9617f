"""Partial finetuning in two processes: DDP finds every trained parameter used, and both keep the same weights."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.hooks import Hook
from torch import Tensor

from tests.helpers.processes import run_processes
from tests.helpers.tiny_leaf import Recorder, shrink
from vitpose_mm.engine.train import build_runner

# leaf, what to change in the tiny backbone of two blocks, the modules below it that are frozen
BLOCKS = (0, 1)
ATTENTION = [f'blocks.{i}.{part}' for i in BLOCKS for part in ('attn', 'norm1')]
FFN = [f'blocks.{i}.{part}' for i in BLOCKS for part in ('mlp', 'norm2')]
PLAIN = 'coco/vitpose_base_classic_coco-256x192'
LEAF = 'finetuning/vitpose_base_frozen-{}_coco-256x192'
SETTINGS = {
    'nothing': (PLAIN, {}, []),
    'attention': (LEAF.format('attention'), {}, ATTENTION),
    'ffn': (LEAF.format('ffn'), {}, [*FFN, 'patch_embed']),
    'both': (PLAIN, {'frozen_parts': ['attention', 'ffn']}, [*ATTENTION, *FFN, 'patch_embed']),
    'blocks': (LEAF.format('blocks'), {'frozen_blocks': 1}, ['blocks.0', 'patch_embed']),
    'all blocks': (LEAF.format('blocks'), {'frozen_blocks': 2}, ['blocks.0', 'blocks.1', 'patch_embed']),
}
FROZEN_POSITIONS = [name for name, (_, _, modules) in SETTINGS.items() if 'patch_embed' in modules]


class Modes(Hook):
    """Keeps the names of the backbone's modules that are in training mode, as they are in an iteration."""

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        self.training = {name for name, part in runner.model.module.backbone.named_modules() if part.training}


def train_ddp(data: Path, folder: Path) -> dict[str, dict[str, Any]]:
    """What each of the two processes does: four iterations with every setting, activation checkpointing on."""
    return {setting: train_setting(setting, data, folder / setting) for setting in SETTINGS}


def train_setting(setting: str, data: Path, work_dir: Path) -> dict[str, Any]:
    leaf, backbone, _ = SETTINGS[setting]
    cfg = shrink(leaf, data, work_dir, batch_size=2, head='Classic', launcher='pytorch')
    cfg.model.backbone.update(backbone, with_cp=True)
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.default_hooks.checkpoint = None
    cfg.model_wrapper_cfg = {'type': 'MMDistributedDataParallel', 'device_ids': None, 'broadcast_buffers': False}
    runner, recorder, modes = build_runner(cfg), Recorder(), Modes()
    runner.register_hook(recorder)
    runner.register_hook(modes)
    runner._init_model_weights()
    runner._init_model_weights = lambda: None  # the weights of now are those it starts from
    model, start = runner.model.module, copy.deepcopy(runner.model.module.state_dict())
    runner.train()
    names = {parameter: name for name, parameter in model.named_parameters()}
    optimizer = runner.optim_wrapper.optimizer
    return {
        'start': start,
        'end': model.state_dict(),
        'losses': recorder.losses,
        'training': modes.training,
        'groups': {names[parameter] for group in optimizer.param_groups for parameter in group['params']},
        'states': {names[parameter] for parameter in optimizer.state},
        'unused': runner.model.find_unused_parameters,
    }


@pytest.fixture(scope='module')
def results(coco: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, dict[str, Any]]]:
    return run_processes(train_ddp, coco, tmp_path_factory.mktemp('ddp'), timeout=600)


pytestmark = [pytest.mark.slow, pytest.mark.parametrize('setting', SETTINGS)]


def is_frozen(name: str, setting: str) -> bool:
    modules = SETTINGS[setting][2]
    if name == 'backbone.pos_embed':
        return setting in FROZEN_POSITIONS
    return any(name.startswith(f'backbone.{module}.') for module in modules)


def changed(result: dict[str, dict[str, Tensor]]) -> set[str]:
    return {name for name, value in result['end'].items() if not torch.equal(value, result['start'][name])}


def test_trains_without_looking_for_unused_parameters(results: list[dict], setting: str) -> None:
    """A parameter without a gradient would stop DDP at the second iteration."""
    for result in results:
        assert result[setting]['unused'] is False
        assert len(set(result[setting]['losses'])) == 4


def test_all_but_the_frozen_parts_move(results: list[dict], setting: str) -> None:
    """Weight decay would move frozen weights too; the first block trains after frozen embeddings."""
    for result in results:
        parameters = [name for name in result[setting]['end'] if name in result['nothing']['groups']]
        trained = {name for name in parameters if not is_frozen(name, setting)}
        assert changed(result[setting]) & set(parameters) == trained
        assert ('backbone.blocks.0.norm1.weight' in trained) == (setting in ('nothing', 'ffn'))


def test_the_optimizer_knows_what_is_trained_only(results: list[dict], setting: str) -> None:
    for result in results:
        trained = {name for name in result['nothing']['groups'] if not is_frozen(name, setting)}
        assert result[setting]['groups'] == result[setting]['states'] == trained


def test_frozen_modules_stay_in_eval_mode(results: list[dict], setting: str) -> None:
    for result in results:
        everything = result['nothing']['training']
        frozen = SETTINGS[setting][2]
        assert {'', 'blocks.0', 'blocks.0.attn.qkv', 'patch_embed.proj', 'last_norm'} <= everything
        expected = {name for name in everything if not any(f'{name}.'.startswith(f'{part}.') for part in frozen)}
        assert result[setting]['training'] == expected


def test_both_processes_keep_the_same_weights(results: list[dict], setting: str) -> None:
    first, second = (result[setting]['end'] for result in results)
    for name, value in first.items():
        assert torch.equal(value, second[name]), name
    assert first['backbone.pos_grid'].tolist() == [4, 3]
