"""The model bases with several datasets: sizes as in the plain bases, tables as in the released weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from vitpose_mm.checkpoints.key_tables import DATASETS
from vitpose_mm.models.backbones import ARCH
from vitpose_mm.registry import MODELS

BASES = Path(__file__).resolve().parents[2] / 'configs' / '_base_' / 'models'
# of the released ViTPose++ files: features of an expert
EXPERT_FEATURES = {'small': 96, 'base': 192, 'large': 256, 'huge': 320}


@pytest.mark.parametrize('size', EXPERT_FEATURES)
def test_a_routed_base_is_its_plain_base_with_other_heads(size: str) -> None:
    plain = Config.fromfile(BASES / f'vitpose_{size}.py')
    routed = Config.fromfile(BASES / f'vitpose_{size}_routed.py')
    assert routed.model.head.shared == plain.model.head
    assert routed.model.head.type == 'vitpose_mm.DatasetRouter' and 'in_channels' not in routed.model.head
    assert routed.model.backbone == plain.model.backbone


@pytest.mark.parametrize(
    'leaf',
    [
        'vitpose_base_classic_coco-aic-mpii-256x192.py',
        'vitpose-plus_small_classic_six-256x192.py',
        'vitpose_mini_classic_synthetic-multi-128x96.py',
        'vitpose_mini_classic_synthetic-mpii-128x96.py',
    ],
)
def test_a_config_that_mmengine_wrote_down_is_the_same_model(tmp_path: Path, leaf: str) -> None:
    """It sorts the keys: heads, their parameters (an optimizer knows them by place) and the default stay."""
    cfg = Config.fromfile(BASES.parents[1] / 'multi_dataset' / leaf)
    cfg.model.backbone.arch = dict(embed_dims=32, num_layers=1, num_heads=2)
    cfg.model.backbone.pop('expert_features', None)
    cfg.model.head.shared.in_channels = 32
    cfg.dump(tmp_path / leaf)
    again = Config.fromfile(tmp_path / leaf)
    assert list(again.model) != list(cfg.model)
    with torch.device('meta'):
        first, second = MODELS.build(cfg.model), MODELS.build(again.model)
    assert first.names.default == second.names.default == next(iter(cfg.model.head.heads))
    assert list(first.state_dict()) == list(second.state_dict())
    assert again.train_dataloader.dataset.metainfo == cfg.train_dataloader.dataset.metainfo


@pytest.mark.parametrize('size', EXPERT_FEATURES)
def test_an_experts_base_builds_the_released_shapes(size: str) -> None:
    cfg = Config.fromfile(BASES / f'vitpose_{size}_experts.py')
    names = [name.replace('coco_', '') for name in cfg.expert_ids]
    assert [(name, head.out_channels) for name, head in zip(names, cfg.heads.values(), strict=True)] == [
        *DATASETS.items()
    ]
    assert list(cfg.expert_ids) == list(cfg.heads) and list(cfg.expert_ids.values()) == list(range(6))
    cfg.model.backbone.arch = dict(vars(ARCH[size]), num_layers=1)
    with torch.device('meta'):
        model = MODELS.build(cfg.model)
    width = ARCH[size].embed_dims
    assert [len(one.weight) for one in model.backbone.blocks[0].mlp.experts] == [EXPERT_FEATURES[size]] * 6
    assert all(head.deconv_layers[0].in_channels == width for head in model.head.heads.values())
    assert model.names.resolve('Human-Art') == 'coco'
