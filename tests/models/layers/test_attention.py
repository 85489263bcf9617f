"""Attention of every kind against a loop over tokens in float64, and the identities that define the kinds."""

from __future__ import annotations

import math

import pytest
import torch

from tests.models.layers.attention_kinds import KINDS, make, run
from tests.models.layers.naive_attention import naive_attention
from vitpose_mm.models.layers import Attention, Windows, attention, pool_windows, reorder


@pytest.fixture(params=['longer keys', 'matrix'])
def written_out(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Bias and mask as longer queries and keys, and written out as on a GPU."""
    if request.param == 'matrix':
        monkeypatch.setattr(attention, 'attend_by_longer_keys', attention.attend_by_matrix)
    return request.param == 'matrix'


@pytest.mark.parametrize('grid', [(4, 6), (5, 7)], ids=['divides', 'padded'])
@pytest.mark.parametrize('bias', [False, True], ids=['plain', 'rel_pos'])
@pytest.mark.parametrize('num_tokens', [0, 2])
@pytest.mark.parametrize('name', KINDS)
def test_equals_a_loop_over_tokens(
    name: str, num_tokens: int, bias: bool, grid: tuple[int, int], written_out: bool
) -> None:
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


@pytest.mark.parametrize('order', [Windows((4, 6), (2, 3)), Windows((4, 6), (2, 2), True)], ids=['windows', 'shifted'])
@pytest.mark.parametrize('num_tokens', [0, 2])
@pytest.mark.parametrize('name', [*KINDS, 'padded'])
def test_rows_may_come_in_any_order(name: str, num_tokens: int, order: Windows) -> None:
    kind = KINDS.get(name, {'window': (3, 4), 'shift': True, 'pool': True})
    attn = make(kind, rel_pos=kind.get('window', (4, 6)))
    x = torch.randn(2, 24 + num_tokens, 8, dtype=torch.double, requires_grad=True)

    def put(rows: torch.Tensor, source: Windows, target: Windows) -> torch.Tensor:
        return torch.cat([reorder(rows[:, :24], source, target), rows[:, 24:]], 1)

    reading = Windows((4, 6), (4, 6))
    outs = [attn(x, (4, 6)), put(attn(put(x, reading, order), (4, 6), order), order, reading)]
    weights = torch.randn_like(x)
    grads = [torch.autograd.grad((out * weights).sum(), [x, *attn.parameters()]) for out in outs]
    for a, b in zip((outs[0], *grads[0]), (outs[1], *grads[1]), strict=True):
        assert (a - b).abs().max() < 1e-12


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
def test_no_token_sees_across_the_wrap(dtype: torch.dtype, written_out: bool) -> None:
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
    split = windows.Windows.split
    pad = torch.nn.functional.pad

    def split_with_loud_padding(self: windows.Windows, values: torch.Tensor) -> torch.Tensor:
        with pytest.MonkeyPatch.context() as patch:
            loud = 1e3 if values.dtype == x.dtype else 0.0  # what says which tokens are real stays as it is
            patch.setattr(windows.F, 'pad', lambda x, sides: pad(x, sides, value=loud))
            return split(self, values)

    monkeypatch.setattr(windows.Windows, 'split', split_with_loud_padding)
    assert torch.equal(run(attn, x)[0], expected)


def test_the_order_of_pooled_tokens_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    attn = make(KINDS['shift+pool'])
    x = torch.randn(2, 8, 6, 8, dtype=torch.double)
    expected = run(attn, x)[0]
    pool = attention.pool_windows
    monkeypatch.setattr(
        attention, 'pool_windows', lambda windows, *parts: [one.flip(1) for one in pool(windows, *parts)]
    )
    assert (run(attn, x)[0] - expected).abs().max() < 1e-12


def test_pooling_after_projection_is_projecting_pooled_tokens() -> None:
    attn = make({})
    windows = Windows((5, 7), (2, 3), shifted=True)
    split = windows.split(torch.randn(2, 5, 7, 8, dtype=torch.double))
    (after,), (before,) = pool_windows(windows, attn.qkv(split)), map(attn.qkv, pool_windows(windows, split))
    assert (after - before).abs().max() < 1e-12


def test_tokens_leave_the_parameters_as_they_are() -> None:
    assert {name for name, _ in make({}).named_parameters()} == {
        f'{layer}.{kind}' for layer in ('qkv', 'proj') for kind in ('weight', 'bias')
    }


def test_a_width_that_heads_do_not_divide_is_named() -> None:
    with pytest.raises(ValueError, match='width of 10 cannot be split into 3 heads'):
        Attention(10, 3)
