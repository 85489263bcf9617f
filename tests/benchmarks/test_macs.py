"""The count of multiply-accumulates: the figures of the paper's table, and torch's counter where it can count."""

from __future__ import annotations

import pytest
import torch
from mmengine.registry import init_default_scope
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from vitpose_mm.benchmarks.macs import Macs, count_macs
from vitpose_mm.models import ClassicHead, SimpleHead, ViT

SIZE = (192, 256)
TINY = dict(embed_dims=32, num_layers=4, num_heads=4)


def vit(**options: object) -> ViT:
    with torch.device('meta'):
        return ViT(**{'arch': 'base', **options})


def count_by_torch(model: nn.Module, *inputs: torch.Tensor) -> int:
    """torch's own counter, with attention made of matrix products that it sees."""
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        model.eval()(*inputs)
    return counter.get_total_flops() // 2


@pytest.mark.parametrize(
    ('options', 'giga'),
    [
        ({}, 17.10),
        (dict(patch_ratio=2), 76.55),
        (dict(patch_ratio=2, attention=('window', 'window', 'full')), 69.91),
        (dict(patch_ratio=2, attention=('pool', 'shift+pool'), window_size=(16, 12)), 68.46),
        (dict(patch_ratio=2, attention='window'), 66.59),
        (dict(patch_ratio=2, attention=('window', 'shift')), 66.59),
        (dict(patch_ratio=2, attention='pool'), 66.76),
    ],
)
def test_backbone_costs_what_the_formula_gives(options: dict, giga: float) -> None:
    assert count_macs(vit(**options), SIZE).total / 1e9 == pytest.approx(giga, abs=0.005)


def test_kinds_of_work_add_up_by_hand() -> None:
    tokens, width = 16 * 12, 768
    expected = Macs(
        convolution=tokens * width * 3 * 16 * 16,
        linear=12 * tokens * 12 * width**2,
        attention=12 * 2 * tokens**2 * width,
    )
    assert count_macs(vit(), SIZE) == expected


@pytest.mark.parametrize(('head', 'giga'), [(ClassicHead, 1.42), (SimpleHead, 0.36)])
def test_decoders(head: type, giga: float) -> None:
    init_default_scope('mmpose')
    with torch.device('meta'):
        decoder = head(768, 17)
    macs = count_macs(decoder, SIZE, lambda model, crop: model((crop.new_zeros(1, 768, 16, 12),)))
    assert macs.total / 1e9 == pytest.approx(giga, abs=0.005)
    assert macs.linear == macs.attention == 0


def test_torch_agrees_on_full_attention_spelled_out() -> None:
    model = ViT(TINY, (48, 64))
    assert count_macs(model, (48, 64)).total == count_by_torch(model, torch.zeros(1, 3, 64, 48))


def test_torch_agrees_on_windows_with_pooled_tokens() -> None:
    model = ViT(TINY, (64, 64), patch_ratio=2, attention='pool', window_size=(4, 4), rel_pos='none')
    assert count_macs(model, (64, 64)).total == count_by_torch(model, torch.zeros(1, 3, 64, 64))


def test_torch_reports_nothing_for_fused_attention_and_we_do() -> None:
    """The reason for a formula of our own; when this fails, torch has learned to count on this device."""
    model = ViT(TINY, (48, 64)).eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(torch.zeros(1, 3, 64, 48))
    macs = count_macs(model, (48, 64))
    assert counter.get_total_flops() // 2 == macs.convolution + macs.linear
    assert macs.attention == 4 * 2 * 12**2 * 32


def test_padded_windows_are_paid_for() -> None:
    model = vit(arch=TINY, input_size=(48, 64), attention='window', window_size=(3, 2))  # 4x3 tokens: 2x2 windows
    assert count_macs(model, (48, 64)).attention == 4 * 2 * (4 * 6 * 6) * 32


def test_appended_tokens_are_keys_everywhere_and_queries_once() -> None:
    model = vit(arch=TINY, input_size=(48, 64))
    macs = count_macs(model, (48, 64), lambda net, crop: net(crop, None, crop.new_zeros(1, 2, 32)))
    assert macs.attention == 4 * 2 * (12 * (12 + 2) + 2 * (12 + 2)) * 32
    assert macs.linear == 12 * 32**2 * (12 + 2) * 4


def test_attention_that_is_written_out_is_counted() -> None:
    class Written(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            tokens = x.flatten(2).transpose(1, 2)  # (1, N, 3)
            return (tokens @ tokens.transpose(1, 2)).softmax(-1) @ tokens

    assert count_macs(Written(), (4, 2)) == Macs(attention=2 * 8 * 8 * 3)


def test_the_model_stays_as_it_is() -> None:
    model = ViT(TINY, (48, 64)).train()
    count_macs(model, (48, 64))
    assert model.training
    assert model.pos_embed.device.type == 'cpu'
    assert not any(module._forward_hooks for module in model.modules())
