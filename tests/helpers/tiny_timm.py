"""Tiny plain ViTs of timm as backbones."""

from __future__ import annotations

from typing import Any

import torch

from tests.helpers.tiny_models import model_cfg
from vitpose_mm.models import TimmViT

TINY = {'depth': 2, 'embed_dim': 48, 'num_heads': 2}
# what is special in each: registers; RoPE, LayerScale and no positions; SwiGLU, RoPE and fc_norm; no class token
FAMILIES = {
    'vit_base_patch14_reg4_dinov2': 14,
    'vit_base_patch16_dinov3': 16,
    'eva02_base_patch14_224': 14,
    'vit_base_patch16_siglip_256': 16,
}
MAE = 'vit_base_patch16_224.mae'


def build(name: str, **settings: Any) -> TimmViT:
    """Build a tiny model of a name for crops of 4x3 tokens, with weights that are all of some size."""
    patch = FAMILIES.get(name, 16)
    model_args = {**TINY, **settings.pop('model_args', {})}
    vit = TimmViT(name, (3 * patch, 4 * patch), model_args=model_args, **settings)
    for parameter in vit.parameters():
        parameter.data.normal_(0, 0.2)
    return vit


def crops_for(vit: TimmViT, number: int = 2) -> torch.Tensor:
    return torch.randn(number, 3, vit.input_size[1], vit.input_size[0])


def configure(name: str, **backbone: Any) -> dict:
    """Return the config of a tiny pose model with such a backbone."""
    patch = FAMILIES[name]
    codec = {'type': 'UDPHeatmap', 'input_size': (3 * patch, 4 * patch), 'heatmap_size': (12, 16), 'sigma': 2}
    cfg = model_cfg(TINY['embed_dim'], codec=codec)
    cfg['backbone'] = {
        'type': 'vitpose_mm.TimmViT', 'model': name, 'input_size': codec['input_size'], 'model_args': TINY, **backbone
    }  # fmt: skip
    return cfg
