"""Rename weights between one origin's names and ours, in both directions, by the origin's table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

import torch
from torch import Tensor

from .key_tables import ORIGINS, Table

State = dict[str, Tensor]
_LEAF = r'(?P<leaf>(?:\.(?:weight|bias|running_mean|running_var|num_batches_tracked))?)'


@lru_cache(maxsize=32)
def _compiled(table: Table) -> list[tuple[re.Pattern[str], str]]:
    found = []
    for source, target in table:
        pattern = re.escape(source).replace(r'\{i\}', r'(?P<i>\d+)').replace(r'\{e\}', r'(?P<e>\d+)')
        pattern = pattern.replace(r'\{d\}', r'(?P<d>[^.]+)')
        found.append((re.compile(pattern + _LEAF), target + '{leaf}'))
    return found


def new_name(name: str, table: Table) -> str | None:
    """Return our name for one of theirs, or None where the table has no line for it."""
    for pattern, target in _compiled(table):
        if match := pattern.fullmatch(name):
            return target.format(**match.groupdict())
    return None


def backwards(table: Table) -> Table:
    """Return the table from our names to theirs."""
    return tuple((ours, theirs) for theirs, ours in table)


def with_prefix(state: Mapping[str, Tensor]) -> State:
    """Return any file's names with ``backbone.`` in front, without the prefixes that wrappers add."""
    names = list(state)
    for wrapper in ('module.', '_orig_mod.', 'model.'):
        if names and all(name.startswith(wrapper) for name in names):
            names = [name.removeprefix(wrapper) for name in names]
    if not any(name.startswith('backbone.') for name in names):
        names = [f'backbone.{name}' for name in names]
    return dict(zip(names, state.values(), strict=True))


def without_prefix(state: State) -> State:
    """Return names with ``backbone.`` as a file has them that holds a backbone alone."""
    if all(name.startswith('backbone.') for name in state):
        return {name.removeprefix('backbone.'): value for name, value in state.items()}
    return state


def detect(state: Mapping[str, Tensor]) -> str | None:
    """Detect the origin of names with ``backbone.`` (see :func:`with_prefix`), or None where it is not a plain ViT."""
    if 'backbone.embeddings.patch_embeddings.projection.weight' in state:
        return 'hf'
    if 'backbone.patch_embed.projection.weight' in state and 'backbone.layers.0.ln1.weight' in state:
        # the same backbone below MAE's decoder or a classifier; a pose model's head has a final_layer
        return 'mmpretrain' if any(name.startswith(('neck.', 'head.layers.')) for name in state) else 'mmpose'
    if 'backbone.blocks.0.attn.qkv.weight' not in state or 'backbone.pos_embed' not in state:
        return None
    if 'backbone.pos_grid' in state or 'head.final_layer.weight' in state:
        return 'vitpose_mm'
    if 'backbone.last_norm.weight' in state:
        return 'official'
    if any(name.startswith(('backbone.mask_token', 'backbone.decoder_')) for name in state):
        return 'mae' if 'backbone.decoder_pos_embed' in state else 'timm'
    first = state['backbone.pos_embed'][:, :1]
    return 'mae' if not first.is_meta and not first.any() else 'timm'


def is_dropped(name: str, origin: str) -> bool:
    """Whether a pose model does not need this name."""
    return name.startswith(ORIGINS[origin].dropped or ('\n',))


def join_parts(state: State) -> State:
    """Join ``x:0``, ``x:1``, ``x:2`` to one ``x``; an x that lacks a part is left out."""
    joined: State = {}
    for name, value in state.items():
        if ':' not in name:
            joined[name] = value
        elif ':0' in name and all(name.replace(':0', f':{n}') in state for n in (1, 2)):
            joined[name.replace(':0', '')] = torch.cat([state[name.replace(':0', f':{n}')] for n in range(3)])
    return joined


def split_parts(state: State, table: Table) -> State:
    """Split the names that the table has in parts; undoes :func:`join_parts`."""
    whole = {ours.replace(':0', '') for _, ours in table if ':0' in ours}
    split: State = {}
    for name, value in state.items():
        stem, _, leaf = name.rpartition('.')
        if re.sub(r'\.\d+\.', '.{i}.', stem) in whole:
            split.update({f'{stem}:{n}.{leaf}': part for n, part in enumerate(value.chunk(3))})
        else:
            split[name] = value
    return split


def rename(state: Mapping[str, Tensor], table: Table) -> tuple[State, list[str]]:
    """Rename tensors to our names; return them and the names that the table does not know."""
    names = {name: new_name(name, table) for name in state}
    known = {new: state[name] for name, new in names.items() if new is not None}
    return known, [name for name, new in names.items() if new is None]


def numbers(names: Iterable[str], pattern: str) -> set[int]:
    """Return the numbers that a pattern with one group finds in names."""
    return {int(match.group(1)) for name in names if (match := re.match(pattern, name))}
