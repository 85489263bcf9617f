"""Partial finetuning by config: what is frozen at full size, and that nothing else of the training changes."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest
import torch
from mmengine.config import Config, DictAction
from mmengine.optim import build_optim_wrapper
from mmengine.registry import MODELS, init_default_scope

from tests.helpers.tiny_coco import write_coco
from tests.helpers.tiny_leaf import shrink
from vitpose_mm.checkpoints import load_file
from vitpose_mm.engine.train import build_runner

C, BLOCKS, TOKENS = 768, 12, 16 * 12
NORM = 2 * C
ATTENTION = C * 3 * C + 3 * C + C * C + C
FFN = C * 4 * C + 4 * C + 4 * C * C + C
EMBEDDINGS = 16 * 16 * 3 * C + C + (1 + TOKENS) * C
# by leaf: how many parameters are frozen, as the authors' code freezes them (and block 0, which it forgets)
FROZEN = {
    'attention': BLOCKS * (ATTENTION + NORM),
    'ffn': BLOCKS * (FFN + NORM) + EMBEDDINGS,
    'blocks': 6 * (ATTENTION + FFN + 2 * NORM) + EMBEDDINGS,
}
every_kind = pytest.mark.parametrize('kind', FROZEN)
pytestmark = pytest.mark.filterwarnings('ignore:The metainfo config file')


def leaf(kind: str) -> str:
    return f'finetuning/vitpose_base_frozen-{kind}_coco-256x192'


@every_kind
def test_what_is_frozen_at_full_size(kind: str, root: Path) -> None:
    init_default_scope('mmpose')
    cfg = Config.fromfile(root / f'configs/{leaf(kind)}.py')
    with torch.device('meta'):
        model = MODELS.build(cfg.model)
    frozen = {id(parameter) for parameter in model.parameters() if not parameter.requires_grad}
    assert sum(p.numel() for p in model.parameters() if id(p) in frozen) == FROZEN[kind]
    assert all(parameter.requires_grad for parameter in model.head.parameters())
    groups = build_optim_wrapper(model, cfg.optim_wrapper).optimizer.param_groups
    given = {id(parameter) for group in groups for parameter in group['params']}
    assert given == {id(parameter) for parameter in model.parameters()} - frozen


@pytest.mark.parametrize(
    ('word', 'kind'),
    [
        ('model.backbone.frozen_parts=attention', 'attention'),
        ('model.backbone.frozen_parts=[ffn]', 'ffn'),
        ('model.backbone.frozen_blocks=6', 'blocks'),
    ],
)
def test_frozen_by_argument_on_the_command_line(word: str, kind: str, root: Path) -> None:
    """`--cfg-options` on the plain config is the leaf."""
    parser = argparse.ArgumentParser()
    parser.add_argument('--cfg-options', nargs='+', action=DictAction)
    cfg = Config.fromfile(root / 'configs/coco/vitpose_base_classic_coco-256x192.py')
    cfg.merge_from_dict(parser.parse_args(['--cfg-options', word]).cfg_options)
    with torch.device('meta'):
        model = MODELS.build(cfg.model.backbone)
    assert sum(p.numel() for p in model.parameters() if not p.requires_grad) == FROZEN[kind]


@pytest.fixture(scope='module')
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_coco(tmp_path_factory.mktemp('coco'), num_images=4)


def config(name: str, data: Path, work_dir: Path) -> Config:
    """Two iterations an epoch, saved after each epoch, not evaluated."""
    cfg = shrink(name, data, work_dir, batch_size=2)
    cfg.default_hooks.checkpoint = {'type': 'CheckpointHook', 'interval': 1}
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    return cfg


@pytest.fixture(scope='module')
def whole(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint with everything trained."""
    work_dir = tmp_path_factory.mktemp('whole')
    build_runner(config('coco/vitpose_base_classic_coco-256x192', data, work_dir)).train()
    return work_dir / 'epoch_1.pth'


@pytest.mark.slow
@every_kind
def test_finetunes_from_a_whole_checkpoint_and_resumes(kind: str, whole: Path, data: Path, tmp_path: Path) -> None:
    """Frozen weights stay those of the checkpoint to the bit; the optimizer's states resume."""
    cfg = config(leaf(kind), data, tmp_path)
    cfg.load_from = str(whole)
    cfg.model.backbone.with_cp = True
    if kind == 'blocks':
        cfg.model.backbone.frozen_blocks = 1
    model = build_runner(cfg).train()
    before, after = load_file(whole), load_file(tmp_path / 'epoch_1.pth')
    trained = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    parameters = {name for name, _ in model.named_parameters()}
    moved = {name for name in parameters if not torch.equal(before['state_dict'][name], after['state_dict'][name])}
    assert moved == trained and trained != parameters
    assert len(after['optimizer']['state']) == len(trained) < len(before['optimizer']['state'])

    cfg.merge_from_dict({'load_from': None, 'resume': True, 'experiment_name': f'{kind} again'})
    cfg.train_cfg.max_epochs = 2
    runner = build_runner(cfg)
    runner.train()
    states = runner.optim_wrapper.optimizer.state.values()
    assert {float(state['step']) for state in states} == {4.0}
