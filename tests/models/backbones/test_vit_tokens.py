"""A ViT's own tokens: a constant of the model that every block sees, and nothing at all where there is none."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from tests.helpers.naive_attention import naive_attention
from vitpose_mm.checkpoints import convert
from vitpose_mm.models import ViT

TINY = {'embed_dims': 16, 'num_layers': 2, 'num_heads': 2}
KINDS = ['full', 'window', 'shift', 'pool', 'shift+pool']


def make(num_tokens: int = 0, attention: str = 'full', seed: int = 3) -> ViT:
    """A tiny ViT with loud weights, in eval mode."""
    vit = ViT(TINY, (48, 64), attention=attention, window_size=(3, 2), num_tokens=num_tokens)
    generator = torch.Generator().manual_seed(seed)
    for parameter in vit.parameters():
        parameter.data.copy_(torch.randn(parameter.shape, generator=generator) * 0.3)
    if num_tokens:
        vit.tokens.copy_(torch.randn(1, num_tokens, 16, generator=generator))
    return vit.eval()


def by_hand(vit: ViT, x: Tensor, tokens: Tensor | None) -> Tensor:
    """The paper's layers one after the other, with the attention of the tests."""
    x = vit.patch_embed(x)
    x = x + (vit.pos_embed[:, 1:] + vit.pos_embed[:, :1]).unflatten(1, vit.grid)
    for block in vit.blocks:
        mixed, mixed_tokens = naive_attention(
            block.attn, block.norm1(x), None if tokens is None else block.norm1(tokens)
        )
        x = x + mixed
        x = x + block.mlp(block.norm2(x))
        if tokens is not None:
            tokens = tokens + mixed_tokens
            tokens = tokens + block.mlp(block.norm2(tokens))
    return vit.last_norm(x).permute(0, 3, 1, 2)


@pytest.mark.parametrize('kind', KINDS)
def test_own_tokens_take_part_in_every_block(kind: str) -> None:
    vit, x = make(2, kind), torch.randn(2, 3, 64, 48)
    with torch.no_grad():
        expected = by_hand(vit, x, vit.tokens.expand(2, -1, -1))
        (said,) = vit(x)
    assert said.shape == (2, 16, 4, 3)
    assert (said - expected).abs().max() < 1e-4
    with torch.no_grad():
        assert (by_hand(vit, x, None) - expected).abs().max() > 1e-3


@pytest.mark.parametrize('kind', KINDS)
def test_own_tokens_are_given_ones_that_stay(kind: str) -> None:
    """Given ones come after the model's own: a distilled model can be a teacher."""
    own, plain, x = make(1, kind), make(0, kind), torch.randn(2, 3, 64, 48)
    given = torch.randn(2, 1, 16)
    both = torch.cat([own.tokens.expand(2, -1, -1), given], 1)
    assert torch.equal(own(x)[0], plain(x, None, own.tokens.expand(2, -1, -1))[0])
    assert torch.equal(own(x, None, given)[0], plain(x, None, both)[0])


def test_without_tokens_nothing_is_there() -> None:
    vit, x = make(), torch.randn(1, 3, 64, 48)
    assert not [name for name in vit.state_dict() if 'token' in name]
    y = vit.embed(x).flatten(1, 2)
    for block in vit.blocks:
        y = block(y, vit.grid)
    assert torch.equal(vit(x)[0], vit.last_norm(y).unflatten(1, vit.grid).permute(0, 3, 1, 2))


def test_they_are_a_constant_in_the_state() -> None:
    vit = make(2)
    assert vit.state_dict().keys() - make().state_dict().keys() == {'tokens'}
    assert 'tokens' not in dict(vit.named_parameters())
    before = vit.tokens.clone()
    vit.init_weights()
    assert torch.equal(vit.tokens, before)
    assert vit.get_layer_depth('backbone.tokens', 'backbone.') == (0, 4)


def test_a_distilled_checkpoint_is_not_loaded_without_its_tokens() -> None:
    state = make(2).state_dict()
    with pytest.raises(ValueError, match='distilled model with 2 appended tokens and this backbone has none'):
        make().load_state_dict(state)
    other = make(2, seed=4)
    other.load_state_dict(state)
    assert torch.equal(other.tokens, state['tokens'])


def test_conversion_keeps_them_or_refuses() -> None:
    state = {f'backbone.{name}': value for name, value in make(1).state_dict().items()}
    kept, report = convert(state)
    assert report.complete and torch.equal(kept['tokens'], state['backbone.tokens'])
    with pytest.raises(ValueError, match=r'mmpose format cannot hold backbone\.tokens'):
        convert(state, target='mmpose')
