"""The block's residual structure, drop path and the parallel convolution."""

from __future__ import annotations

import torch

from vitpose_mm.models.layers import Attention, Block, FeedForward, ParallelConv


def make(**kwargs: object) -> Block:
    return Block(8, Attention(8, 2), FeedForward(8, 32), **kwargs)


def test_is_two_residual_branches() -> None:
    block = make()
    x = torch.randn(2, 3, 4, 8)
    first = x + block.attn(block.norm1(x))[0]
    expected = first + block.mlp(block.norm2(first))
    assert torch.equal(block(x)[0], expected)


def test_tokens_go_through_every_branch() -> None:
    block = make()
    x, tokens = torch.randn(2, 3, 4, 8), torch.randn(2, 1, 8)
    grid, after = block(x, tokens)
    sequence = torch.cat([x.flatten(1, 2), tokens], 1)[:, None]  # a 1 x 13 grid has the same full attention
    expected = block(sequence)[0][:, 0]
    assert torch.allclose(grid.flatten(1, 2), expected[:, :12], atol=1e-6)
    assert torch.allclose(after, expected[:, 12:], atol=1e-6)


def test_drop_path_drops_a_sample_with_its_tokens() -> None:
    block = make(drop_path=0.5)
    block.attn.proj.bias.data.fill_(1.0)
    x, tokens = torch.zeros(64, 2, 2, 8), torch.zeros(64, 1, 8)
    grid, after = block._add(x, torch.ones_like(x), tokens, torch.ones_like(tokens))
    kept = grid.flatten(1)[:, 0] > 0
    assert 10 < kept.sum() < 54
    assert torch.equal(after.flatten(1)[:, 0] > 0, kept)
    assert grid.max() == 2.0  # divided by the probability to keep


def test_parallel_conv_is_added_beside_attention() -> None:
    block = make(conv=ParallelConv(8)).eval()
    x = torch.randn(2, 3, 4, 8)
    first = x + block.attn(block.norm1(x))[0] + block.conv(x)
    assert torch.allclose(block(x)[0], first + block.mlp(block.norm2(first)), atol=1e-6)


def test_parallel_conv_loads_pointwise_kernels_as_the_same_function() -> None:
    module = ParallelConv(8).eval()
    state = module.state_dict()
    for name in ('expand.weight', 'reduce.weight'):
        state[name] = torch.randn(*state[name].shape[:2], 1, 1)
    module.load_state_dict(state)
    x = torch.randn(1, 4, 5, 8)
    image = x.permute(0, 3, 1, 2)
    inner = torch.nn.functional.silu(module.norm(torch.conv2d(image, state['expand.weight'], groups=2)))
    expected = torch.conv2d(inner, state['reduce.weight'], state['reduce.bias'], groups=2)
    assert torch.allclose(module(x), expected.permute(0, 2, 3, 1), atol=1e-5)
