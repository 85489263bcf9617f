"""Peak memory of tensors: by hand, against a real step, and what checkpointing must save."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from vitpose_mm.benchmarks.memory import FusedAttention, LiveTensors, estimate_training_memory, split_memory
from vitpose_mm.benchmarks.training import TrainingStep
from vitpose_mm.models import ViT

KILO = 1024
TINY = dict(embed_dims=32, num_layers=2, num_heads=4)


class Features(nn.Module):
    """A backbone whose features serve as heatmaps."""

    def __init__(self, arch: dict = TINY, **options: object) -> None:
        super().__init__()
        self.vit = ViT(arch, (48, 64), **options)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.vit(x)[0]


def test_bytes_come_and_go_with_tensors() -> None:
    with LiveTensors() as live:
        first = torch.zeros(KILO)  # 4 KiB
        second = first + 1
        assert live.now == 8 * KILO
        view = first.view(2, -1)
        first.add_(1)
        assert live.now == 8 * KILO  # views and in-place results are not new
        del first
        assert live.now == 8 * KILO  # the view holds it
        del view
        assert live.now == 4 * KILO
        del second
    assert live.now == 0
    assert live.peak == 8 * KILO


def test_what_autograd_keeps_is_counted() -> None:
    weight = torch.zeros(KILO, requires_grad=True)
    with LiveTensors() as live:
        out = (weight * 2).exp().exp()  # 2w is freed, both results of exp are kept for backward
        assert live.now == 8 * KILO
        del out
    assert live.now == 0


def test_fake_tensors_weigh_as_much_as_real_ones() -> None:
    model = Features(attention=('window', 'shift+pool'), window_size=(2, 2))
    estimate = estimate_training_memory(model, 3, (48, 64))
    with LiveTensors() as live, FusedAttention():
        step = TrainingStep(
            Features(attention=('window', 'shift+pool'), window_size=(2, 2)),
            torch.zeros(3, 3, 64, 48),
            amp=torch.bfloat16,
        )
        step()
        live.peak = live.now
        step()
        real = split_memory(step, live.peak)
    assert estimate.parameters == real.parameters == 4 * sum(p.numel() for p in model.parameters())
    assert estimate.gradients == real.gradients == real.parameters
    assert estimate.optimizer == real.optimizer
    assert estimate.activations == pytest.approx(real.activations, rel=0.02)


def test_attention_with_a_trained_mask_keeps_what_torchs_fused_kernel_keeps() -> None:
    """That of a CPU takes masks too, but no trained ones."""

    def kept(mask: torch.Tensor) -> int:
        found: dict[int, torch.UntypedStorage] = {}

        def note(value: torch.Tensor) -> torch.Tensor:
            found[value.untyped_storage().data_ptr()] = value.untyped_storage()
            return value

        q, k, v = (torch.randn(2, 16, 3, 8, requires_grad=True).transpose(1, 2) for _ in range(3))
        with torch.autograd.graph.saved_tensors_hooks(note, lambda value: value), FusedAttention():
            out = torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        assert out.transpose(1, 2).is_contiguous()
        return sum(storage.nbytes() for storage in found.values())

    mask = torch.randn(2, 3, 16, 16)
    log_sums = 4 * 2 * 3 * 16  # of each query, which the stand-in leaves out
    assert (
        kept(mask)
        == kept(mask.clone().requires_grad_()) + log_sums
        == 4 * (4 * 2 * 3 * 16 * 8 + mask.numel()) + log_sums
    )


def test_adam_holds_two_moments_of_what_is_trained() -> None:
    model = Features(frozen_parts=('attention',))
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    memory = estimate_training_memory(model, 1, (48, 64))
    assert memory.gradients == 4 * trained
    assert memory.optimizer == pytest.approx(8 * trained, rel=0.01)  # and a step count for each


def test_activations_grow_with_the_batch() -> None:
    small, large = (estimate_training_memory(Features(), batch, (48, 64)).activations for batch in (32, 64))
    assert large == pytest.approx(2 * small, rel=0.05)


def test_checkpoints_leave_one_block_of_activations() -> None:
    """Four blocks become one block and four inputs."""
    full, saved = (
        estimate_training_memory(Features({**TINY, 'num_layers': 4}, with_cp=with_cp), 64, (48, 64)).activations
        for with_cp in (False, True)
    )
    assert saved < 0.7 * full


def test_the_model_stays_as_it_is() -> None:
    model = Features().eval()
    estimate_training_memory(model, 1, (48, 64))
    assert not model.training
    assert type(model.vit.pos_embed) is nn.Parameter
    assert model.vit.pos_embed.grad is None
