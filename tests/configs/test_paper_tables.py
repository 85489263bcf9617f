"""The configs against tables written by hand from the paper and the authors' code."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch
from mmengine.registry import MODELS, init_default_scope

from tests.helpers.shipped_configs import read
from vitpose_mm.models.backbones.arch import find_arch, recommended_layer_decay


def backbone(name: str) -> torch.nn.Module:
    """Build the backbone of a config on the meta device."""
    init_default_scope('mmpose')
    with torch.device('meta'):
        return MODELS.build(copy.deepcopy(read(name).model.backbone))


# size: drop path, layer decay, width (ViTPose sec. 4.1 and the authors' configs)
SIZES = {
    'small': (0.1, 0.8, 384),
    'base': (0.3, 0.75, 768),
    'large': (0.5, 0.8, 1024),
    'huge': (0.55, 0.85, 1280),
}


def test_a_size_by_its_numbers_has_the_layer_decay_of_the_named_one() -> None:
    dino = find_arch({'embed_dims': 384, 'num_layers': 12, 'num_heads': 6})
    assert recommended_layer_decay(dino) == 0.8
    assert recommended_layer_decay(replace(dino, layer_decay_rate=0.65)) == 0.65
    assert recommended_layer_decay(replace(dino, num_layers=11)) is None


@pytest.mark.parametrize('head', ['classic', 'simple'])
@pytest.mark.parametrize('size', SIZES)
def test_recipe_of_the_paper(size: str, head: str) -> None:
    cfg = read(f'coco/vitpose_{size}_{head}_coco-256x192')
    drop_path, layer_decay, width = SIZES[size]
    assert (cfg.model.backbone.arch, cfg.model.backbone.drop_path_rate) == (size, drop_path)
    assert cfg.optim_wrapper.paramwise_cfg == {'layer_decay_rate': 'auto'}
    assert find_arch(cfg.model.backbone.arch).layer_decay_rate == layer_decay
    assert cfg.model.head.in_channels == width
    assert cfg.model.head.type == {'classic': 'vitpose_mm.ClassicHead', 'simple': 'vitpose_mm.SimpleHead'}[head]
    optimizer = {'type': 'AdamW', 'lr': 5e-4, 'betas': (0.9, 0.999), 'weight_decay': 0.1}
    assert cfg.optim_wrapper.optimizer == optimizer
    assert cfg.optim_wrapper.clip_grad.max_norm == 1.0
    warm_up, steps = cfg.param_scheduler
    assert (warm_up.end, warm_up.start_factor, warm_up.by_epoch) == (500, 1e-3, False)
    assert (steps.milestones, steps.gamma, steps.end, cfg.train_cfg.max_epochs) == ([170, 200], 0.1, 210, 210)
    assert cfg.auto_scale_lr.base_batch_size == 512
    assert cfg.codec == {
        'type': 'vitpose_mm.BatchedUDPHeatmap',
        'input_size': (192, 256),
        'heatmap_size': (48, 64),
        'sigma': 2,
    }


def test_augmentation_of_the_paper() -> None:
    pipeline = read('coco/vitpose_base_classic_coco-256x192').train_dataloader.dataset.pipeline
    steps = {step['type']: step for step in pipeline}
    assert steps['RandomFlip']['prob'] == 0.5
    assert (steps['RandomHalfBody']['prob'], steps['RandomHalfBody']['min_total_keypoints']) == (0.3, 9)
    boxes = steps['RandomBBoxTransform']
    assert (boxes['shift_prob'], boxes['scale_factor'], boxes['rotate_factor']) == (0.0, (0.5, 1.5), 80.0)
    assert steps['TopdownAffine']['use_udp'] is True


# row: kinds of the first three blocks, window (h, w) (ViTPose table 3; ViTDet's four global blocks)
ATTENTION = {
    'full': (('full', 'full', 'full'), (8, 8)),
    'window': (('window', 'window', 'window'), (8, 8)),
    'shift': (('window', 'shift', 'window'), (8, 8)),
    'pool': (('pool', 'pool', 'pool'), (8, 8)),
    'shift-pool': (('pool', 'shift+pool', 'pool'), (8, 8)),
    'quarters': (('window', 'window', 'full'), (8, 8)),
    'shift-pool-16x12': (('pool', 'shift+pool', 'pool'), (16, 12)),
}


@pytest.mark.parametrize('row', ATTENTION)
def test_attention_of_every_block(row: str) -> None:
    kinds, window = ATTENTION[row]
    vit = backbone(f'attention/vitpose_base_stride8-{row}_coco-256x192')
    assert vit.grid == (32, 24)
    for i, block in enumerate(vit.blocks):
        kind = kinds[i % 2] if 'shift' in row else kinds[i % 3]
        assert block.attn.window == (None if kind == 'full' else window)
        assert block.attn.shift == ('shift' in kind)
        assert block.attn.pool == ('pool' in kind)


def test_heatmaps_at_stride_8() -> None:
    usual, fine = (read(f'attention/vitpose_base_stride8-{row}_coco-256x192') for row in ('full', 'fine'))
    assert (usual.codec.heatmap_size, usual.model.head.num_upsamples) == ((48, 64), 1)
    assert (fine.codec.heatmap_size, fine.codec.sigma) == ((96, 128), 4)


# h x w of the crops: tokens (h, w), standard deviation of the targets in heatmap pixels
RESOLUTION = {
    '224x224': ((14, 14), 2),
    '256x256': ((16, 16), 2),
    '384x288': ((24, 18), 3),
    '384x384': ((24, 24), 3),
    '576x432': ((36, 27), 4.5),
}


@pytest.mark.parametrize('size', RESOLUTION)
def test_resolution(size: str) -> None:
    grid, sigma = RESOLUTION[size]
    name = f'resolution/vitpose_base_classic_coco-{size}'
    height, width = (int(number) for number in size.split('x'))
    codec = read(name).codec
    assert (codec.input_size, codec.heatmap_size) == ((width, height), (width // 4, height // 4))
    assert codec.sigma == sigma
    assert backbone(name).grid == grid


# leaf: what is frozen of block 0, of block 11, and beside the blocks (the authors' code)
HALF = {'norm1', 'attn', 'norm2', 'mlp'}
FROZEN = {
    'attention': ({'norm1', 'attn'}, {'norm1', 'attn'}, set()),
    'ffn': ({'norm2', 'mlp'}, {'norm2', 'mlp'}, {'patch_embed', 'pos_embed'}),
    'blocks': (HALF, set(), {'patch_embed', 'pos_embed'}),
}


@pytest.mark.parametrize('part', FROZEN)
def test_frozen_parts(part: str) -> None:
    names = [
        name.split('.')
        for name, parameter in backbone(f'finetuning/vitpose_base_frozen-{part}_coco-256x192').named_parameters()
        if not parameter.requires_grad
    ]
    first, last, beside = FROZEN[part]
    assert {name[2] for name in names if name[:2] == ['blocks', '0']} == first
    assert {name[2] for name in names if name[:2] == ['blocks', '11']} == last
    assert {name[0] for name in names if name[0] != 'blocks'} == beside


@pytest.mark.parametrize('size', [(256, 192), (128, 96)])
def test_real_data_recipe(size: tuple[int, int]) -> None:
    height, width = size
    cfg = read(f'finetuning/vitpose_small-dino_classic_coco-lspet-{height}x{width}')
    assert cfg.codec.input_size == (width, height)
    assert cfg.model.backbone.arch == {'embed_dims': 384, 'num_layers': 12, 'num_heads': 6}
    warm_up, falling = cfg.param_scheduler
    if size == (128, 96):
        assert (warm_up.end, falling.T_max, cfg.train_cfg.max_epochs) == (300, 32, 32)
        assert (cfg.train_dataloader.batch_size, cfg.optim_wrapper.optimizer.lr) == (32, 4e-4)
        assert cfg.train_dataloader.sampler.ratios == [1, 1]
        half_body, box = cfg.train_dataloader.dataset.pipeline[3:5]
        assert (half_body.prob, box.rotate_factor, box.scale_factor) == (0.1, 30, (0.75, 1.25))
    else:
        assert (warm_up.end, falling.end, cfg.train_cfg.max_epochs) == (100, 100, 100)
    people = cfg.train_dataloader.dataset.datasets
    assert [dataset.data_root for dataset in people] == ['data/coco/', 'data/lspet/']
    assert cfg.val_dataloader.dataset.bbox_file == ''
    assert cfg.test_dataloader.dataset.filter_cfg.bbox_score_thr == 0.1
    assert cfg.test_dataloader.dataset.bbox_file.endswith('COCO_val2017_detections_AP_H_49_person.json')


def test_options_of_the_command_line() -> None:
    """Pre-trained weights and ground-truth boxes are a flag away from every COCO config."""
    cfg = copy.deepcopy(read('coco/vitpose_base_classic_coco-256x192'))
    weights = {'type': 'Pretrained', 'checkpoint': 'mae.pth'}
    cfg.merge_from_dict({f'model.backbone.init_cfg.{key}': value for key, value in weights.items()})
    cfg.merge_from_dict({'test_dataloader.dataset.bbox_file': None})
    assert cfg.model.backbone.init_cfg == weights
    assert not cfg.test_dataloader.dataset.bbox_file
