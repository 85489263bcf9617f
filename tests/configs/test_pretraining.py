"""The configs of pre-training: what they train on, MAE's recipe, and that a run continues where it was."""

from __future__ import annotations

import copy
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.optim import build_optim_wrapper
from mmengine.registry import MODELS

from tests.engine.hooks.test_exact_resume_hook import assert_same_end, resume_from
from tests.helpers.shipped_configs import CONFIGS, read
from tests.helpers.tiny_coco import write_coco
from tests.helpers.tiny_mae import mae_cfg
from tests.helpers.tiny_run import read_log, train
from vitpose_mm.checks.preflight import check_config

FOLDER = CONFIGS / 'pretraining'
MAES = sorted(FOLDER.glob('mae_*.py'))
every_mae = pytest.mark.parametrize('path', MAES, ids=lambda path: path.stem)


def build(path: Path, device: str = 'meta') -> torch.nn.Module:
    with torch.device(device):
        return MODELS.build(copy.deepcopy(read(path).model))


def test_the_papers_sources_of_pretraining_are_there_in_two_sizes() -> None:
    names = {path.stem for path in MAES}
    for size in ('base', 'large'):
        for source in ('coco-crops', 'coco-aic-crops', 'coco-aic-images'):
            assert f'mae_{size}_{source}-224' in names


@every_mae
def test_crops_patches_and_decoder_fit_each_other(path: Path) -> None:
    cfg, model = read(path), build(path)
    for dataset in cfg.train_dataloader.dataset.datasets:
        assert dataset.whole_images if 'images' in path.stem else not dataset.get('whole_images', False)
        size = next(step.scale for step in dataset.pipeline if 'RandomResizedCrop' in step.type)
        assert model.backbone.patch_resolution == (size // 16, size // 16)
        inputs = torch.zeros(2, 3, size, size, device='meta')
        assert list(model.loss(inputs, [])) == ['loss']
    assert model.backbone.mask_ratio == 0.75
    assert model.head.norm_pix


# MAE appendix A.1, tables 1 and 8: encoder width, depth, heads; decoder width, depth, heads
SIZES = {'base': (768, 12, 12, 512, 8, 16), 'large': (1024, 24, 16, 512, 8, 16), 'mini': (192, 6, 6, 96, 2, 3)}


@every_mae
def test_sizes(path: Path) -> None:
    model = build(path)
    encoder, decoder = model.backbone.layers, model.neck.decoder_blocks
    found = [(part[0].embed_dims, len(part), part[0].attn.num_heads) for part in (encoder, decoder)]
    assert (*found[0], *found[1]) == SIZES[path.stem.split('_')[1]]


@every_mae
def test_the_recipe_is_maes(path: Path) -> None:
    cfg, model = read(path), build(path)
    epochs, warmup, lr, batch = (100, 5, 1e-3, 64) if 'mini' in path.stem else (1600, 40, 2.4e-3, 4096)
    assert (cfg.train_cfg.max_epochs, cfg.auto_scale_lr.base_batch_size) == (epochs, batch)
    assert [(part.begin, part.end) for part in cfg.param_scheduler] == [(0, warmup), (warmup, epochs)]
    assert cfg.param_scheduler[1].T_max == epochs - warmup
    groups = build_optim_wrapper(model, copy.deepcopy(cfg.optim_wrapper)).optimizer.param_groups
    plain = {name for group in groups if group['weight_decay'] == 0 for name in group['param_names']}
    decayed = {name for group in groups if group['weight_decay'] for name in group['param_names']}
    assert all(group['lr'] == pytest.approx(lr) for group in groups)
    assert {group['weight_decay'] for group in groups} == {0, 0.05}
    assert groups[0]['betas'] == (0.9, 0.95)
    assert {'backbone.cls_token', 'neck.mask_token', 'backbone.ln1.weight'} <= plain
    matrices = r'(qkv|proj|projection|layers\.\d(\.0)?|decoder_embed|decoder_pred)\.weight$'
    assert all(re.search(matrices, name) for name in decayed)
    assert plain | decayed == {name for name, value in model.named_parameters() if value.requires_grad}
    assert not model.backbone.pos_embed.requires_grad


@every_mae
def test_there_is_nothing_to_validate_and_pictures_are_drawn(path: Path) -> None:
    cfg = read(path)
    assert cfg.val_cfg is cfg.test_cfg is None
    assert cfg.custom_hooks[-1].type == 'vitpose_mm.ReconstructionHook'


def finetunings() -> list[Path]:
    return sorted(path for path in FOLDER.glob('vitpose_*.py'))


@pytest.mark.parametrize('path', finetunings(), ids=lambda path: path.stem)
def test_finetuning_starts_from_a_leaf_of_this_folder_without_padding(path: Path) -> None:
    backbone = read(path).model.backbone
    assert backbone.patch_padding == 0
    if 'init_cfg' not in backbone:
        return  # from scratch, or as a study says
    source = Path(backbone.init_cfg.checkpoint)
    leaf = FOLDER / f'{source.parent.name}.py'
    assert source.name == f'epoch_{read(leaf).train_cfg.max_epochs}.pth'
    encoder = build(leaf).backbone
    ours = MODELS.build({key: value for key, value in backbone.items() if key != 'init_cfg'})
    assert ours.arch.embed_dims == encoder.embed_dims
    assert len(ours.blocks) == len(encoder.layers)


@pytest.mark.slow
def test_twelve_iterations_are_five_a_resume_and_seven(coco: Path, tmp_path: Path) -> None:
    """Bit for bit: weights, optimizer, schedule and losses, the random masks among them."""
    check_config(mae_cfg(coco, tmp_path / 'whole'))
    assert train(mae_cfg(coco, tmp_path / 'whole')).iter == 12
    train(mae_cfg(coco, tmp_path / 'part', **resume_from(tmp_path / 'whole', 5)))
    assert_same_end(tmp_path / 'whole', tmp_path / 'part')
    log = read_log(tmp_path / 'whole')
    assert read_log(tmp_path / 'part') == log[5:]
    assert log[-1]['loss'] < log[0]['loss']


@pytest.fixture
def coco(tmp_path: Path) -> Path:
    return write_coco(tmp_path / 'coco', num_images=16)


@pytest.mark.slow
def test_the_package_imports_mmpretrain_nowhere() -> None:
    """Only a config's type names load it: it cannot be imported where transformers is installed."""
    sources = (CONFIGS.parent / 'vitpose_mm').rglob('*.py')
    assert [file for file in sources if re.search(r'^\s*(from|import) mmpretrain', file.read_text(), re.M)] == []
    code = 'import sys, vitpose_mm.registry, vitpose_mm.engine; assert "mmpretrain" not in sys.modules'
    subprocess.run([sys.executable, '-c', code], check=True, capture_output=True)
