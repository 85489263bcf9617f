"""A model of several datasets -> the plain model of one: its experts, its decoder. Exact, nothing is averaged."""

from __future__ import annotations

import torch
from torch import Tensor

from .keymaps import DATASETS
from .rename import State, numbers
from .report import Report


def is_multi(state: State) -> bool:
    """Whether the state (in our names) has experts or more than one decoder."""
    return any('.mlp.experts.' in name or name.startswith('associate_heads.') for name in state)


def select_dataset(state: State, dataset: str, report: Report) -> State:
    """State of several datasets -> state of ``dataset``.

    Raises:
        ValueError: an unknown dataset, or one that has no expert or no decoder in the file.
    """
    if dataset not in DATASETS:
        raise ValueError(f'--dataset {dataset!r} is not known: choose one of {", ".join(DATASETS)}.')
    place = list(DATASETS).index(dataset)
    return _select_head(_collapse(state, place, report), dataset, place, report)


def _collapse(state: State, expert: int, report: Report) -> State:
    """[shared rows; rows of the expert] -> one fc2, in every block."""
    plain = {name: value for name, value in state.items() if '.mlp.experts.' not in name}
    blocks = sorted(numbers(state, r'backbone\.blocks\.(\d+)\.mlp\.experts\.'))
    width = state['backbone.pos_embed'].shape[-1]
    for block in blocks:
        stem = f'backbone.blocks.{block}.mlp'
        if state[f'{stem}.fc2.weight'].shape[0] == width:
            continue
        for leaf in ('weight', 'bias'):
            part = state.get(f'{stem}.experts.{expert}.{leaf}')
            if part is None:
                raise ValueError(f'The file has no expert {expert} in block {block}: it does not know that dataset.')
            plain[f'{stem}.fc2.{leaf}'] = _joined(state[f'{stem}.fc2.{leaf}'], part, width)
    if blocks:
        report.folded.append(f'expert {expert} into fc2 of {len(blocks)} blocks')
        report.dropped.append(f'the other experts of {len(blocks)} blocks')
    return plain


def _joined(shared: Tensor, part: Tensor, width: int) -> Tensor:
    if shared.shape[0] + part.shape[0] != width:
        raise ValueError(
            f'{shared.shape[0]} shared and {part.shape[0]} expert features are not the width of {width}: '
            'the file is damaged or of another model.'
        )
    return torch.cat([shared, part])


def _select_head(state: State, dataset: str, place: int, report: Report) -> State:
    """The decoder of the dataset -> ``head.``, with as many outputs as the dataset has keypoints."""
    others = [name for name in state if name.startswith('associate_heads.')]
    if not others:
        if place:
            report.notes.append(f'the only decoder of the file was kept: no {dataset} decoder is in it')
        return state
    prefix = 'head.' if place == 0 else f'associate_heads.{place - 1}.'
    rest = {name: value for name, value in state.items() if not name.startswith(('head.', 'associate_heads.'))}
    head = {'head.' + name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
    if not head:
        raise ValueError(f'The file has no decoder for {dataset}.')
    report.dropped.append('the decoders of the other datasets')
    wanted = DATASETS[dataset]
    for name in ('head.final_layer.weight', 'head.final_layer.bias'):
        if name in head and head[name].shape[0] > wanted:
            report.resized.append(f'{name} {head[name].shape[0]} -> {wanted} keypoints (the first ones)')
            head[name] = head[name][:wanted]
    return rest | head
