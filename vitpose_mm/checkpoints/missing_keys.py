"""Find the weights that a whole model has and a file lacks."""

from __future__ import annotations

import re

from .experts import heads_of
from .key_mapping import State, numbers
from .key_tables import BACKBONE_PARTS, BLOCK_PARTS

NORM_LEAVES = ('weight', 'bias', 'running_mean', 'running_var')
NONE_OR_TWO = ('official', 'hf')  # deconvolutions of a decoder in these formats
CONV_PARTS = ('expand.weight', *(f'norm.{leaf}' for leaf in NORM_LEAVES), 'reduce.weight', 'reduce.bias')


def find_missing_keys(native: State, origin: str = 'vitpose_mm') -> list[str]:
    """Return the names that a whole backbone and a whole decoder have besides the weights at hand (by our names).

    Args:
        native: names to tensors.
        origin: origin of the file; official decoders and Hugging Face's have no deconvolution or two.
    """
    depth = max(max(numbers(native, r'backbone\.blocks\.(\d+)\.'), default=-1) + 1, 1)
    parts = [*BACKBONE_PARTS, *(f'backbone.blocks.{i}.{part}' for i in range(depth) for part in BLOCK_PARTS)]
    needed = ['backbone.pos_embed', *(f'{part}.{leaf}' for part in parts for leaf in ('weight', 'bias'))]
    if any('.conv.' in name for name in native):
        needed += [f'backbone.blocks.{i}.conv.{part}' for i in range(depth) for part in CONV_PARTS]
    for block in range(depth):
        biases = [f'backbone.blocks.{block}.attn.rel_pos.rel_pos_{axis}' for axis in 'hw']
        needed += biases if any(name in native for name in biases) else []
    needed += _expert_parts(native, depth)
    heads = [f'head.heads.{name}.' for name in heads_of(native)]
    if not heads and any(name.startswith('head.') for name in native):
        heads = ['head.']
    for head in heads:
        needed += _decoder_parts(native, head, two=origin in NONE_OR_TWO)
    return [name for name in needed if name not in native]


def _expert_parts(native: State, depth: int) -> list[str]:
    """Return the names of the experts of every block whose fc2 is narrower than the model."""
    position = native.get('backbone.pos_embed')
    experts = range(max(numbers(native, r'backbone\.blocks\.\d+\.mlp\.experts\.(\d+)\.'), default=0) + 1)
    needed = []
    for block in range(depth):
        stem = f'backbone.blocks.{block}.mlp'
        shared = native.get(f'{stem}.fc2.weight')
        if position is not None and shared is not None and len(shared) < position.shape[-1]:
            needed += [f'{stem}.experts.{expert}.{leaf}' for expert in experts for leaf in ('weight', 'bias')]
    return needed


def _decoder_parts(native: State, head: str, *, two: bool) -> list[str]:
    """Return the names that a whole decoder below the prefix ``head`` has."""
    needed = [f'{head}final_layer.weight', f'{head}final_layer.bias']
    steps = count_deconvolutions(native, head)
    final, position = native.get(needed[0]), native.get('backbone.pos_embed')
    if steps == 0 and final is not None and position is not None and final.shape[1] != position.shape[-1]:
        steps = 1  # at least: it does not read the backbone's features
    if two and steps:
        steps = 2
    for step in range(steps):
        needed.append(f'{head}deconv_layers.{3 * step}.weight')
        needed += [f'{head}deconv_layers.{3 * step + 1}.{leaf}' for leaf in NORM_LEAVES]
    return needed


def count_deconvolutions(native: State, head: str = 'head.') -> int:
    """Count the deconvolutions of the decoder below the prefix ``head``, of weights by our names."""
    return (max(numbers(native, re.escape(head) + r'deconv_layers\.(\d+)\.'), default=-1) + 2) // 3
