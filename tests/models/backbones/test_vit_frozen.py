"""Which parts of the backbone are not trained."""

from __future__ import annotations

import pytest

from vitpose_mm.models import ViT

TINY = {'embed_dims': 32, 'num_layers': 3, 'num_heads': 4}


def trained(vit: ViT) -> set[str]:
    return {name for name, parameter in vit.named_parameters() if parameter.requires_grad}


def test_freezing_attention_takes_norm1() -> None:
    vit = ViT(TINY, frozen_parts=('attention',))
    frozen = {name for name, _ in vit.named_parameters()} - trained(vit)
    assert frozen == {
        f'blocks.{i}.{part}'
        for i in range(3)
        for part in (
            'attn.qkv.weight',
            'attn.qkv.bias',
            'attn.proj.weight',
            'attn.proj.bias',
            'norm1.weight',
            'norm1.bias',
        )
    }


def test_freezing_the_ffn_takes_norm2_and_the_embeddings() -> None:
    vit = ViT(TINY, frozen_parts=('ffn',))
    parts = ('norm1', 'attn')
    assert trained(vit) == {
        name
        for name, _ in vit.named_parameters()
        if name.startswith('last_norm') or any(f'.{part}.' in name for part in parts)
    }


def test_the_first_blocks_are_frozen_block_0_included() -> None:
    vit = ViT(TINY, frozen_blocks=2, drop_path_rate=0.5).train()
    assert {name.split('.')[0] + name.split('.')[1] for name in trained(vit)} == {
        'blocks2',
        'last_normweight',
        'last_normbias',
    }
    assert not vit.blocks[1].training and vit.blocks[2].training and not vit.patch_embed.training
    with pytest.raises(ValueError, match='frozen_blocks=4 is out of range: the backbone has 3'):
        ViT(TINY, frozen_blocks=4)
    with pytest.raises(ValueError, match="frozen_parts: 'mhsa' is not known"):
        ViT(TINY, frozen_parts=('mhsa',))
