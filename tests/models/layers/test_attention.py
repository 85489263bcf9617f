"""Attention of every kind against a loop over tokens in float64, and the identities that define the kinds."""

from __future__ import annotations

import math

import pytest
import torch

from tests.helpers.attention_kinds import KINDS, make, run
from tests.helpers.naive_attention import naive_attention
from vitpose_mm.models.layers import Attention, attention
from vitpose_mm.models.layers.windows import pool_windows


@pytest.mark.parametrize('grid', [(4, 6), (5, 7)], ids=['divides', 'padded'])
@pytest.mark.parametrize('bias', [False, True], ids=['plain', 'rel_pos'])
@pytest.mark.parametrize('num_tokens', [0, 2])
@pytest.mark.parametrize('name', KINDS)
def test_equals_a_loop_over_tokens(name: str, num_tokens: int, bias: bool, grid: tuple[int, int]) -> None:
    kind = KINDS[name]
    attn = make(kind, rel_pos=kind.get('window', grid) if bias else None)
    x = torch.randn(2, *grid, 8, dtype=torch.double, requires_grad=True)
    tokens = torch.randn(2, num_tokens, 8, dtype=torch.double, requires_grad=True) if num_tokens else None
    inputs = [x, *attn.parameters()] + ([tokens] if num_tokens else [])

    ours = run(attn, x, tokens)
    theirs = naive_attention(attn, x, tokens)
    pairs = [(a, b) for a, b in zip(ours, theirs, strict=True) if b is not None]
    assert len(pairs) == (2 if num_tokens else 1)
    weights = [torch.randn_like(a) for a, _ in pairs]
    grads = [
        torch.autograd.grad(sum((side[i] * w).sum() for i, w in enumerate(weights)), inputs)
        for side in ([a for a, _ in pairs], [b for _, b in pairs])
    ]
    for a, b in [*pairs, *zip(*grads, strict=True)]:
        assert a.shape == b.shape
        assert (a - b).abs().max() < 1e-10


def test_one_window_over_the_grid_is_full_attention() -> None:
    full, windowed = make({}), make({'window': (4, 6), 'shift': True})
    windowed.load_state_dict(full.state_dict())
    x = torch.randn(2, 4, 6, 8, dtype=torch.double)
    assert torch.equal(run(full, x)[0], run(windowed, x)[0])


def test_pool_with_windows_of_one_token_is_full_attention_with_the_own_token_counted_twice() -> None:
    """A 1x1 window holds the query's own key; the pooled tokens of 1x1 windows are all keys."""
    attn = make({'window': (1, 1), 'pool': True})
    x = torch.randn(1, 3, 4, 8, dtype=torch.double)
    q, k, v = attn.qkv(x).reshape(12, 3, 2, 4).permute(1, 2, 0, 3)
    logits = q @ k.transpose(-1, -2) / 2 + torch.eye(12, dtype=torch.double) * math.log(2)
    expected = attn.proj((logits.softmax(-1) @ v).transpose(0, 1).reshape(1, 3, 4, 8))
    assert (run(attn, x)[0] - expected).abs().max() < 1e-12


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16, torch.float16, torch.float64])
def test_no_token_sees_across_the_wrap(dtype: torch.dtype) -> None:
    attn = make({'window': (4, 4), 'shift': True}, rel_pos=(4, 4)).to(dtype)
    x = torch.randn(1, 8, 8, 8, dtype=dtype)
    moved = x.clone()
    moved[:, -2:] += 3  # the last two rows share a window with the first two after the roll
    before, after = run(attn, x)[0], run(attn, moved)[0]
    assert torch.equal(before[:, :2], after[:, :2])
    assert not torch.equal(before[:, -2:], after[:, -2:])


@pytest.mark.parametrize('name', ['window', 'shift', 'pool', 'shift+pool'])
def test_padding_never_changes_a_real_token(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from vitpose_mm.models.layers import windows

    attn = make(KINDS[name])
    x = torch.randn(1, 5, 7, 8, dtype=torch.double)
    expected = run(attn, x)[0]
    pad = torch.nn.functional.pad

    def loud_pad(values: torch.Tensor, sides: tuple[int, ...]) -> torch.Tensor:
        is_input = len(sides) == 6 and values.shape[-1] == 8  # no mask, and no keys and values to be pooled
        return pad(values, sides, value=1e3 if is_input else 0.0)

    monkeypatch.setattr(windows.F, 'pad', loud_pad)
    assert torch.equal(run(attn, x)[0], expected)


def test_the_order_of_pooled_tokens_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    attn = make(KINDS['shift+pool'])
    x = torch.randn(2, 8, 6, 8, dtype=torch.double)
    expected = run(attn, x)[0]
    pool = attention.pool_windows
    monkeypatch.setattr(attention, 'pool_windows', lambda x, window: pool(x, window).flip(1))
    assert (run(attn, x)[0] - expected).abs().max() < 1e-12


def test_pooling_after_projection_is_projecting_pooled_tokens() -> None:
    attn = make({})
    x = torch.randn(2, 5, 7, 8, dtype=torch.double)
    after, before = pool_windows(attn.qkv(x), (2, 3)), attn.qkv(pool_windows(x, (2, 3)))
    assert (after - before).abs().max() < 1e-12


@pytest.mark.parametrize('name', ['full', 'shift+pool'])
def test_torch_func_differentiates_by_image(name: str) -> None:
    """The gradient of each image alone, by vmap of grad."""
    attn = make(KINDS[name], rel_pos=KINDS[name].get('window'))
    parameters = {key: value.detach() for key, value in attn.named_parameters()}
    x = torch.randn(3, 5 * 7 + 1, 8, dtype=torch.double)

    def loss(values: dict, one: torch.Tensor) -> torch.Tensor:
        return torch.func.functional_call(attn, values, (one[None], (5, 7))).square().sum()

    found = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0))(parameters, x)
    for i in range(3):
        expected = torch.autograd.grad(attn(x[i : i + 1], (5, 7)).square().sum(), list(attn.parameters()))
        for gradient, (key, _) in zip(expected, attn.named_parameters(), strict=True):
            assert torch.allclose(found[key][i], gradient, atol=1e-9), key


def test_tokens_leave_the_parameters_as_they_are() -> None:
    assert {name for name, _ in make({}).named_parameters()} == {
        f'{layer}.{kind}' for layer in ('qkv', 'proj') for kind in ('weight', 'bias')
    }


def test_a_width_that_heads_do_not_divide_is_named() -> None:
    with pytest.raises(ValueError, match='width of 10 cannot be split into 3 heads'):
        Attention(10, 3)
