"""What attention hands to the kernels, what it keeps for the backward pass, and what a GPU makes of it."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from tests.helpers.attention_kinds import KINDS, make, run
from vitpose_mm.benchmarks.memory import FusedAttention
from vitpose_mm.models.layers import Attention, attention


@pytest.mark.parametrize('bias', [False, True])
def test_a_mask_has_strides_that_kernels_can_read(bias: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    fused = F.scaled_dot_product_attention

    def look(*parts: Tensor, attn_mask: Tensor) -> Tensor:
        seen.append(attn_mask)
        return fused(*parts, attn_mask=attn_mask)

    monkeypatch.setattr(attention.F, 'scaled_dot_product_attention', look)
    attn = make(KINDS['shift+pool'], rel_pos=(4, 2) if bias else None)
    run(attn, torch.randn(2, 8, 6, 8, dtype=torch.double))
    assert seen[0].shape == (12, 2 if bias else 1, 8, 14)  # 6 windows an image, 6 pooled tokens
    assert seen[0].stride(-1) == 1 and not any(stride % 8 for stride in seen[0].stride()[:-1])


@pytest.mark.skipif(not torch.cuda.is_available(), reason='there is no GPU')
@pytest.mark.parametrize('half', [False, True], ids=['fp32', 'bf16'])
@pytest.mark.parametrize('bias', [False, True], ids=['plain', 'rel_pos'])
@pytest.mark.parametrize('name', ['window', 'shift+pool'])
def test_a_gpu_gives_what_the_cpu_gives(name: str, bias: bool, half: bool) -> None:
    attn = make(KINDS[name], rel_pos=KINDS[name]['window'] if bias else None, dim=64).float()
    x = torch.randn(2, 5, 7, 64, requires_grad=True)
    weights = torch.randn(2, 5, 7, 64)
    found = []
    for device in ('cpu', 'cuda'):
        attn.to(device)
        with torch.autocast(device, torch.bfloat16, enabled=half and device == 'cuda'):
            out = run(attn, x.to(device))[0]
        grads = torch.autograd.grad((out * weights.to(device)).sum(), [x, *attn.parameters()])
        found.append([one.cpu().float() for one in (out, *grads)])
    for a, b in zip(*found, strict=True):
        assert (a - b).abs().max() < (0.1 if half else 1e-3) * a.abs().max()


def test_full_attention_with_tokens_keeps_no_copies_for_the_backward_pass() -> None:
    """An appended token costs as little as one of the grid: what autograd saves grows by 1/24 with 24 tokens."""
    attn = make({}, dim=32)
    sizes = []
    for num_tokens in (0, 1):
        saved: dict[int, int] = {}

        def keep(value: torch.Tensor, saved: dict[int, int] = saved) -> torch.Tensor:
            saved[value.untyped_storage().data_ptr()] = value.untyped_storage().nbytes()
            return value

        x = torch.randn(8, 4, 6, 32, dtype=torch.double, requires_grad=True)
        tokens = torch.randn(8, num_tokens, 32, dtype=torch.double) if num_tokens else None
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda value: value):
            out = run(attn, x, tokens)
        sizes.append(sum(saved.values()))
        del out
    assert sizes[1] < 1.1 * sizes[0]


@pytest.mark.parametrize(
    ('kind', 'maps'),
    [
        ({}, 5.0),
        ({'window': (8, 8)}, 5.0),
        ({'window': (8, 8), 'rel_pos': (8, 8)}, 7.0),
        ({'window': (8, 8), 'rel_pos': (8, 8), 'shift': True, 'pool': True}, 7.6),
    ],
    ids=['full', 'window', 'rel_pos', 'shift+pool'],
)
def test_what_is_kept_for_the_backward_pass(kind: dict, maps: float) -> None:
    """Maps of C channels in bfloat16 an image on a GPU, as docs/benchmarks.md says; a view too many keeps two more."""

    def kept(images: int) -> int:
        attn, found = Attention(128, 2, **kind), {}

        def note(value: torch.Tensor) -> torch.Tensor:
            found[value.untyped_storage().data_ptr()] = value.untyped_storage()  # alive: no address comes twice
            return value

        keeping = torch.autograd.graph.saved_tensors_hooks(note, lambda value: value)
        with keeping, torch.autocast('cpu', torch.bfloat16), FusedAttention():
            attn(torch.randn(images, 32 * 24, 128, requires_grad=True), (32, 24))
        return sum(storage.nbytes() for storage in found.values())

    assert (kept(2) - kept(1)) / (2 * 768 * 128) == pytest.approx(maps, abs=0.3)
