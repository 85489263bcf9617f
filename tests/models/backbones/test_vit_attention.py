"""The attention of every block: its kind and its position bias."""

from __future__ import annotations

import torch

from vitpose_mm.models import ViT

TINY = {'embed_dims': 32, 'num_layers': 3, 'num_heads': 4}


def randomise(module: torch.nn.Module, std: float = 0.1) -> None:
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=std)


def test_attention_of_every_block() -> None:
    vit = ViT(TINY, attention=('window', 'shift', 'full'), window_size=(8, 6))
    kinds = [(b.attn.window, b.attn.shift, b.attn.rel_pos is not None) for b in vit.blocks]
    assert kinds == [((8, 6), False, True), ((8, 6), True, True), (None, False, False)]


def test_a_position_bias_in_every_block_counts_in_every_block() -> None:
    """Of full blocks it spans the grid; each changes the output, and with all at zero they are those without."""
    shape = dict(arch=TINY, input_size=(96, 128), attention=('window', 'full', 'shift+pool'), window_size=(4, 3))
    plain, biased = ViT(**shape, rel_pos='none').eval(), ViT(**shape, rel_pos='all').eval()
    assert [block.attn.rel_pos is not None for block in biased.blocks] == [True] * 3
    biased.load_state_dict(plain.state_dict(), strict=False)
    crops = torch.randn(1, 3, 128, 96)
    for block in biased.blocks:
        for table in block.attn.rel_pos.parameters():
            torch.nn.init.zeros_(table)
    with torch.no_grad():
        torch.testing.assert_close(biased(crops)[0], plain(crops)[0], atol=1e-5, rtol=0)
        for block in biased.blocks:
            before = biased(crops)[0]
            for table in block.attn.rel_pos.parameters():
                torch.nn.init.normal_(table)
            assert (biased(crops)[0] - before).abs().max() > 1e-3
