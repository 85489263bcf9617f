"""ViT against mmpretrain's and timm's, counts, positions, freezing, checkpointing and layer depth."""

from __future__ import annotations

import pytest
import torch

from vitpose_mm.models import ViT
from vitpose_mm.utils.position_grid import resize_position

TINY = {'embed_dims': 32, 'num_layers': 3, 'num_heads': 4}


def randomise(module: torch.nn.Module, std: float = 0.1) -> None:
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=std)


@pytest.mark.parametrize('arch, millions', [('small', 21.7), ('base', 85.8), ('large', 303.3), ('huge', 630.9)])
def test_parameter_counts(arch: str, millions: float) -> None:
    with torch.device('meta'):
        vit = ViT(arch)
    assert abs(sum(p.numel() for p in vit.parameters()) / 1e6 - millions) < 0.06


def test_equals_mmpretrain() -> None:
    """mmpretrain keeps the first row folded into the position embedding and calls parts by other names."""
    from mmpretrain.models import VisionTransformer

    ours = ViT({'embed_dims': 32, 'num_layers': 3, 'num_heads': 4}, (48, 64))
    randomise(ours)
    theirs = VisionTransformer(
        arch={'embed_dims': 32, 'num_layers': 3, 'num_heads': 4, 'feedforward_channels': 128},
        img_size=(64, 48),
        patch_size=16,
        patch_cfg={'padding': 2},
        qkv_bias=True,
        with_cls_token=False,
        out_type='featmap',
        final_norm=True,
    )
    names = {'patch_embed.proj': 'patch_embed.projection', 'blocks': 'layers', 'norm': 'ln', 'last_ln': 'ln1'}
    names |= {'mlp.fc1': 'ffn.layers.0.0', 'mlp.fc2': 'ffn.layers.1'}
    state = {}
    for name, value in ours.state_dict().items():
        if name == 'pos_grid':
            continue
        if name == 'pos_embed':
            value = value[:, 1:] + value[:, :1]
        for old, new in names.items():
            name = name.replace(old, new)
        state[name] = value
    theirs.load_state_dict(state)
    x = torch.randn(2, 3, 64, 48)
    theirs.eval()  # returns nothing
    (a,), (b,) = ours.eval()(x), theirs(x)
    assert a.shape == b.shape == (2, 32, 4, 3)
    assert (a - b).abs().max() < 1e-5


def test_equals_timm() -> None:
    from timm.models.vision_transformer import VisionTransformer

    ours = ViT(TINY, (48, 64), patch_padding=0)
    randomise(ours)
    theirs = VisionTransformer(
        img_size=(64, 48),
        embed_dim=32,
        depth=3,
        num_heads=4,
        num_classes=0,
        class_token=False,
        global_pool='',
    )
    state = {name.replace('last_norm', 'norm'): value for name, value in ours.state_dict().items()}
    state['pos_embed'] = state['pos_embed'][:, 1:] + state['pos_embed'][:, :1]
    del state['pos_grid']
    theirs.load_state_dict(state)
    x = torch.randn(2, 3, 64, 48)
    expected = theirs.eval()(x).transpose(1, 2).reshape(2, 32, 4, 3)
    assert (ours.eval()(x)[0] - expected).abs().max() < 1e-5


def test_a_checkpoint_of_another_grid_is_resized_from_its_own_rectangle() -> None:
    """12 x 16 and 16 x 12 have equally many rows: only the stored grid tells them apart."""
    source, target = ViT(TINY, (256, 192)), ViT(TINY, (288, 384))
    randomise(source)
    target.load_state_dict(source.state_dict())
    assert target.grid == (24, 18)
    assert target.pos_grid.tolist() == [24, 18]
    assert torch.equal(target.pos_embed, resize_position(source.pos_embed, (12, 16), (24, 18)))


def test_a_checkpoint_without_a_grid_goes_by_rule() -> None:
    state = ViT(TINY, (224, 224)).state_dict()
    randomise_table = torch.randn_like(state['pos_embed'])
    state['pos_embed'] = randomise_table
    del state['pos_grid']
    target = ViT(TINY)
    target.load_state_dict(state)
    assert torch.equal(target.pos_embed, resize_position(randomise_table, (14, 14), (16, 12)))
    assert target.pos_grid.tolist() == [16, 12]


def test_dynamic_input_equals_a_backbone_of_that_size() -> None:
    one, other = ViT(TINY, (96, 128), dynamic_input=True).eval(), ViT(TINY, (48, 64)).eval()
    randomise(one)
    other.load_state_dict(one.state_dict())
    x = torch.randn(1, 3, 64, 48)
    assert torch.allclose(one(x)[0], other(x)[0], atol=1e-5)
    with pytest.raises(ValueError, match=r'made for \(48, 64\) \(w, h\) pixels and got \(96, 128\)'):
        other(torch.zeros(1, 3, 128, 96))
    with pytest.raises(ValueError, match=r'An input of 190x250 \(w x h\) pixels does not divide into patches'):
        one(torch.zeros(1, 3, 250, 190))


def test_eighth_features() -> None:
    vit = ViT(TINY, (192, 256), patch_ratio=2, attention=('window', 'shift+pool', 'full'))
    assert vit(torch.zeros(1, 3, 256, 192))[0].shape == (1, 32, 32, 24)


def test_initial_weights_are_maes() -> None:
    vit = ViT('small')
    vit.init_weights()
    weight = vit.blocks[3].mlp.fc1.weight
    limit = (6 / (384 + 1536)) ** 0.5
    assert weight.abs().max() <= limit
    assert abs(weight.std() - limit / 3**0.5) < 1e-3
    assert not vit.blocks[3].mlp.fc1.bias.any()
    assert vit.pos_embed[0, 1:].norm(dim=1).sub((384 / 2) ** 0.5).abs().max() < 1e-3
    kernel = vit.patch_embed.proj.weight
    assert kernel.abs().max() <= (6 / (384 + 768)) ** 0.5


@pytest.mark.parametrize('frozen', [0, 1])
def test_activation_checkpointing_changes_nothing(frozen: int) -> None:
    """Also after frozen embeddings, where reentrant checkpointing silently stops training the first block."""
    options = dict(attention=('window', 'full', 'shift+pool'), window_size=(2, 2))
    plain, saving = (
        ViT(TINY, (64, 64), frozen_parts=('ffn',) if frozen else (), with_cp=with_cp, **options)
        for with_cp in (False, True)
    )
    randomise(plain)
    saving.load_state_dict(plain.state_dict())
    x = torch.randn(2, 3, 64, 64)
    for vit in (plain, saving):
        vit.train()(x)[0].square().sum().backward()
    for (name, a), b in zip(plain.named_parameters(), saving.parameters(), strict=True):
        assert (a.grad is None) == (b.grad is None) == (not a.requires_grad), name
        if a.grad is not None:
            assert torch.equal(a.grad, b.grad), name
    assert saving.blocks[0].attn.qkv.weight.grad.abs().sum() > 0


def test_layer_depth() -> None:
    vit = ViT('base')
    assert vit.get_layer_depth('backbone.pos_embed', 'backbone.') == (0, 14)
    assert vit.get_layer_depth('backbone.patch_embed.proj.weight', 'backbone.') == (0, 14)
    assert vit.get_layer_depth('backbone.blocks.11.norm1.bias', 'backbone.') == (12, 14)
    assert vit.get_layer_depth('backbone.last_norm.bias', 'backbone.') == (13, 14)
    assert vit.get_layer_depth('head.final_layer.bias', 'backbone.') == (13, 14)


def test_bad_arguments_are_named() -> None:
    with pytest.raises(ValueError, match=r"arch='enormous' is not known: choose one of .*'base'"):
        ViT('enormous')
    with pytest.raises(ValueError, match='is not a valid size'):
        ViT({'width': 3})
    with pytest.raises(ValueError, match='width of 30 cannot be split into 4 heads'):
        ViT({'embed_dims': 30, 'num_layers': 1, 'num_heads': 4})
    with pytest.raises(ValueError, match=r'window_size=\(0, 3\) is not a window'):
        ViT(TINY, attention='window', window_size=(0, 3))
    with pytest.raises(ValueError, match="rel_pos='yes'"):
        ViT(TINY, rel_pos='yes')
    with pytest.raises(ValueError, match='190x256'):
        ViT(TINY, (190, 256))
