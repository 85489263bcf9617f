"""The block's residual structure, drop path and the parallel convolution."""

from __future__ import annotations

import torch

from vitpose_mm.models.layers import Attention, Block, FeedForward, ParallelConv


def make(**kwargs: object) -> Block:
    return Block(8, Attention(8, 2), FeedForward(8, 32), **kwargs)


def test_is_two_residual_branches() -> None:
    block = make()
    x = torch.randn(2, 12, 8)
    first = x + block.attn(block.norm1(x), (3, 4))
    expected = first + block.mlp(block.norm2(first))
    assert torch.equal(block(x, (3, 4)), expected)


def test_appended_tokens_are_tokens_as_all_others() -> None:
    block = make()
    x = torch.randn(2, 13, 8)  # a 1 x 13 grid has the same full attention as a 3 x 4 one and a token
    assert torch.equal(block(x, (3, 4)), block(x, (1, 13)))


def test_drop_path_drops_a_sample_with_its_tokens() -> None:
    block = make(drop_path=0.5)
    for parameter in (*block.attn.parameters(), *block.mlp.parameters()):
        parameter.data.zero_()
    block.attn.proj.bias.data.fill_(1.0)
    out = block(torch.zeros(64, 5, 8), (2, 2))
    kept = out[:, 0, 0] > 0
    assert 10 < kept.sum() < 54
    assert torch.equal(out, 2.0 * kept[:, None, None].expand_as(out))  # divided by the probability to keep


def test_parallel_conv_is_added_beside_attention_on_the_grid() -> None:
    block = make(conv=ParallelConv(8)).eval()
    x = torch.randn(2, 13, 8)
    first = x + block.attn(block.norm1(x), (3, 4))
    first[:, :12] += block.conv(x[:, :12].unflatten(1, (3, 4))).flatten(1, 2)
    expected = first + block.mlp(block.norm2(first))
    assert torch.allclose(block(x, (3, 4)), expected, atol=1e-6)


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
