"""The backbone under torch.compile and torch.export."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from vitpose_mm.models import ViT


@pytest.mark.slow
@pytest.mark.parametrize(('attention', 'rel_pos'), [(('pool', 'shift+pool'), 'windows'), ('full', 'all')])
@pytest.mark.parametrize('num_tokens', [0, 1])
@pytest.mark.parametrize('size', [(64, 64), (48, 64)], ids=['divides', 'padded'])
def test_compilers_see_one_graph_for_any_batch(
    attention: str | tuple, rel_pos: str, num_tokens: int, size: tuple[int, int]
) -> None:
    vit = ViT(
        dict(embed_dims=16, num_layers=2, num_heads=2),
        size,
        attention=attention,
        window_size=(2, 2),
        rel_pos=rel_pos,
        num_tokens=num_tokens,
    ).eval()
    crops = torch.randn(3, 3, size[1], size[0])
    whole = torch.compile(vit, backend='eager', fullgraph=True)
    assert torch.equal(whole(crops)[0], vit(crops)[0])
    torch.compiler.reset()
    program = torch.export.export(vit, (crops,), dynamic_shapes=({0: torch.export.Dim('images')},), strict=False)
    more = torch.randn(5, 3, size[1], size[0])
    torch.testing.assert_close(program.module()(more)[0], vit(more)[0])


@pytest.mark.parametrize('grad', [False, True])
def test_a_trace_can_be_stored(tmp_path: Path, grad: bool) -> None:
    vit = ViT(
        dict(embed_dims=16, num_layers=2, num_heads=2), (96, 128), attention='shift+pool', window_size=(4, 3)
    ).eval()
    crops = torch.randn(2, 3, 128, 96)
    with torch.set_grad_enabled(grad):
        torch.jit.trace(vit, crops).save(str(tmp_path / 'vit.pt'))
        assert torch.equal(torch.jit.load(str(tmp_path / 'vit.pt'))(crops)[0], vit(crops)[0])


@pytest.mark.parametrize('parallel_conv', [False, True])
def test_compilers_take_recomputed_blocks(parallel_conv: bool) -> None:
    vit = ViT(dict(embed_dims=16, num_layers=2, num_heads=2), (48, 64), parallel_conv=parallel_conv, with_cp=True)
    crops = torch.randn(3, 3, 64, 48)
    found = []
    for model in (vit, torch.compile(vit, backend='aot_eager')):
        vit.zero_grad()
        model(crops)[0].square().sum().backward()
        found.append({name: parameter.grad.clone() for name, parameter in vit.named_parameters()})
    torch.compiler.reset()
    for name, gradient in found[0].items():
        torch.testing.assert_close(found[1][name], gradient, msg=name)
    if parallel_conv:
        assert vit.blocks[0].conv.norm.num_batches_tracked == 2
