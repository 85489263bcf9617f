"""Every parameter's learning rate and weight decay against a table written by hand."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from vitpose_mm.engine.optim_wrappers import layer_decay_constructor
from vitpose_mm.engine.optim_wrappers.layer_decay_constructor import LayerDecayConstructor, strip_wrappers
from vitpose_mm.models import SimpleHead, ViT

OPTIMIZER = {'type': 'AdamW', 'lr': 1.0, 'weight_decay': 0.1}


class Model(nn.Module):
    def __init__(self, rate: float | None = None, **kwargs: object) -> None:
        super().__init__()
        arch = {'embed_dims': 8, 'num_layers': 2, 'num_heads': 2, 'layer_decay_rate': rate}
        self.backbone = ViT(arch, (32, 32), attention='window', window_size=(2, 2), **kwargs)
        self.head = SimpleHead(8, 3)


def rates(model: nn.Module, **paramwise: object) -> dict[str, tuple[float, float]]:
    constructor = LayerDecayConstructor({'type': 'OptimWrapper', 'optimizer': OPTIMIZER}, paramwise)
    groups = constructor(model).optimizer.param_groups
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    return {
        strip_wrappers(names[id(parameter)]): (group['lr'], group['weight_decay'])
        for group in groups
        for parameter in group['params']
    }


# two blocks: depths 0 (embeddings), 1, 2, 3 (all else); rate .5 gives .125, .25, .5, 1
BLOCK = {
    'norm1.weight': 0.0,
    'norm1.bias': 0.0,
    'attn.qkv.weight': 0.1,
    'attn.qkv.bias': 0.0,
    'attn.proj.weight': 0.1,
    'attn.proj.bias': 0.0,
    'attn.rel_pos.rel_pos_h': 0.0,
    'attn.rel_pos.rel_pos_w': 0.0,
    'norm2.weight': 0.0,
    'norm2.bias': 0.0,
    'mlp.fc1.weight': 0.1,
    'mlp.fc1.bias': 0.0,
    'mlp.fc2.weight': 0.1,
    'mlp.fc2.bias': 0.0,
}
TABLE = {
    'backbone.pos_embed': (0.125, 0.0),
    'backbone.patch_embed.proj.weight': (0.125, 0.1),
    'backbone.patch_embed.proj.bias': (0.125, 0.0),
    **{f'backbone.blocks.0.{name}': (0.25, decay) for name, decay in BLOCK.items()},
    **{f'backbone.blocks.1.{name}': (0.5, decay) for name, decay in BLOCK.items()},
    'backbone.last_norm.weight': (1.0, 0.0),
    'backbone.last_norm.bias': (1.0, 0.0),
    'head.final_layer.weight': (1.0, 0.1),
    'head.final_layer.bias': (1.0, 0.0),
}


def test_every_parameter() -> None:
    assert rates(Model(), layer_decay_rate=0.5) == TABLE


def test_without_decay_every_rate_is_the_same() -> None:
    assert rates(Model()) == {name: (1.0, decay) for name, (_, decay) in TABLE.items()}


def test_auto_is_the_rate_of_the_backbones_size() -> None:
    assert rates(Model(0.5), layer_decay_rate='auto') == TABLE
    assert rates(Model(0.5), layer_decay_rate=1.0)['backbone.pos_embed'] == (1.0, 0.0)  # a number wins
    student = nn.Module()
    student.student = Model(0.5)
    student.student.backbone = torch.compile(student.student.backbone)
    assert rates(student, layer_decay_rate='auto') == {f'student.{name}': rate for name, rate in TABLE.items()}


def test_auto_without_a_known_rate_says_that_all_layers_learn_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(layer_decay_constructor, 'print_log', lambda text, **_: said.append(text))
    alike = {name: (1.0, decay) for name, (_, decay) in TABLE.items()}
    assert rates(Model(1.0), layer_decay_rate='auto') == alike
    assert len(said) == 1  # how many groups there are
    assert rates(Model(), layer_decay_rate='auto') == alike
    assert "layer_decay_rate='auto': no rate is known for a backbone of this size" in said[1]
    plain = nn.Module()
    plain.backbone = nn.Linear(2, 2)
    assert rates(plain, layer_decay_rate='auto') == {'backbone.weight': (1.0, 0.1), 'backbone.bias': (1.0, 0.0)}


def test_custom_keys_multiply_and_the_longest_wins() -> None:
    custom = {'backbone': {'lr_mult': 10.0}, 'backbone.blocks.1': {'lr_mult': 3.0, 'decay_mult': 2.0}}
    found = rates(Model(), layer_decay_rate=0.5, custom_keys=custom)
    assert found['backbone.blocks.0.mlp.fc1.weight'] == (2.5, 0.1)
    assert found['backbone.blocks.1.mlp.fc1.weight'] == (1.5, 0.2)
    assert found['head.final_layer.weight'] == (1.0, 0.1)


def test_wrappers_change_nothing() -> None:
    model = Model()
    model.backbone = torch.compile(model.backbone)  # never called, so nothing is compiled
    wrapped = nn.Module()
    wrapped.module = model
    assert rates(wrapped, layer_decay_rate=0.5) == TABLE
    student = nn.Module()
    student.student = Model()
    assert rates(student, layer_decay_rate=0.5) == {f'student.{name}': rate for name, rate in TABLE.items()}


def test_frozen_parameters_have_no_group() -> None:
    found = rates(Model(frozen_blocks=1), layer_decay_rate=0.5)
    assert found == {
        name: rate
        for name, rate in TABLE.items()
        if not name.startswith(('backbone.blocks.0', 'backbone.pos_embed', 'backbone.patch_embed'))
    }


def test_an_appended_token_is_learned_as_positions_are() -> None:
    model = Model()
    del model.backbone.tokens  # a constant
    model.backbone.tokens = nn.Parameter(torch.zeros(1, 1, 16))
    assert rates(model, layer_decay_rate=0.5) == {**TABLE, 'backbone.tokens': (0.125, 0.0)}


def test_mmpretrains_backbone_is_asked_too() -> None:
    from mmpretrain.models import VisionTransformer

    model = nn.Module()
    model.backbone = VisionTransformer('deit-tiny', img_size=32, with_cls_token=False, out_type='featmap')
    found = rates(model, layer_decay_rate=0.5)
    assert found['backbone.layers.11.attn.qkv.weight'] == (0.5, 0.1)
    assert found['backbone.layers.0.attn.qkv.weight'] == (0.5**12, 0.1)
    assert found['backbone.pos_embed'] == (0.5**13, 0.0)


def test_mistakes_are_named() -> None:
    with pytest.raises(ValueError, match="'decay_multi', which is not known"):
        rates(Model(), decay_multi=0.0)
    plain = nn.Module()
    plain.backbone = nn.Linear(2, 2)
    with pytest.raises(ValueError, match='needs a backbone with get_layer_depth'):
        rates(plain, layer_decay_rate=0.5)
    with pytest.raises(ValueError, match="layer_decay_rate='automatic' is not a valid rate"):
        rates(Model(), layer_decay_rate='automatic')
    with pytest.raises(ValueError, match='layer_decay_rate=75 is not a valid rate'):
        rates(Model(), layer_decay_rate=75)
