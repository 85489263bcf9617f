"""A model of several datasets, and the plain model of one: its experts, its decoder. Exact, nothing is averaged."""

from __future__ import annotations

import torch
from torch import Tensor

from .conversion_report import Report
from .key_mapping import State, numbers
from .key_tables import DATASETS, PLAIN, ROUTED


def is_multi(state: State) -> bool:
    """Whether the state (in our names) has experts or a decoder for each dataset."""
    return bool(heads_of(state)) or any('.mlp.experts.' in name for name in state)


def heads_of(state: State) -> list[str]:
    """Return the datasets that have a decoder of their own in a state by our names."""
    return list(dict.fromkeys(name.split('.')[2] for name in state if name.startswith('head.heads.')))


def name_head(state: State, dataset: str) -> State:
    """Rename the decoder ``head.`` of a state to that of ``dataset``; other decoders stay as they are."""
    return {
        name.replace('head.', f'head.heads.{dataset}.', 1)
        if name.startswith('head.') and not name.startswith('head.heads.')
        else name: value
        for name, value in state.items()
    }


def unname_head(state: State, dataset: str) -> State:
    """Rename the decoder of ``dataset`` to ``head.``; undoes :func:`name_head`."""
    return {name.replace(f'head.heads.{dataset}.', 'head.', 1): value for name, value in state.items()}


def dataset_name(dataset: str) -> str:
    """Return the dataset_name of a dataset, given as that or by the authors' short name."""
    return dict(zip(DATASETS, ROUTED, strict=True)).get(dataset, dataset)


def select_dataset(state: State, dataset: str, report: Report, *, expert: int | None = None) -> State:
    """Reduce a state of several datasets to one ``dataset``, given by the authors' short name or by dataset_name.

    Args:
        state: names to tensors, by our names.
        dataset: name of the dataset to keep.
        report: gets a line for what was done.
        expert: index of the dataset's expert; None: as in the authors' order of datasets.

    Raises:
        ValueError: an unknown dataset, or one that has no expert or no decoder in the file.
    """
    name = dataset_name(dataset)
    if name not in ROUTED and name not in heads_of(state):
        known = dict.fromkeys([*DATASETS, *heads_of(state)])
        raise ValueError(f'--dataset {dataset!r} is not known: choose one of {", ".join(known)}.')
    if not is_multi(state) and name != PLAIN:
        raise ValueError(f'--dataset {dataset!r}: the file holds a model of one dataset; leave --dataset out.')
    return _select_head(_collapse(state, name, report, expert), name, report)


def cut_heads(state: State, report: Report) -> State:
    """Cut decoders that are wider than their dataset has keypoints to the first outputs, as many as it has."""
    for name in set(heads_of(state)) & set(ROUTED):
        state = _cut(state, f'head.heads.{name}.', name, report)
    return state


def _collapse(state: State, dataset: str, report: Report, expert: int | None) -> State:
    """Join the shared outputs and those of the dataset's expert to one fc2, in every block."""
    plain = {name: value for name, value in state.items() if '.mlp.experts.' not in name}
    blocks = sorted(numbers(state, r'backbone\.blocks\.(\d+)\.mlp\.experts\.'))
    if not blocks:
        return plain
    if expert is None:
        if dataset not in ROUTED:
            raise ValueError(
                f'Which expert is that of {dataset!r} is in no file: name it with --expert N, as in expert_ids of its '
                f'config; without it only {", ".join(DATASETS)} can be chosen.'
            )
        expert = list(ROUTED).index(dataset)
        if report.origin == 'vitpose_mm':
            report.notes.append(
                f'expert {expert} is that of {dataset} in the released order; with other expert_ids name it: --expert N'
            )
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


def _select_head(state: State, dataset: str, report: Report) -> State:
    """Make the decoder of the dataset ``head.``, with as many outputs as the dataset has keypoints."""
    own = heads_of(state)
    if not own:
        if dataset != PLAIN:
            report.notes.append(f'the only decoder of the file was kept: no {dataset} decoder is in it')
        return state
    if dataset not in own:
        raise ValueError(f'The file has no decoder for {dataset}: it has some for {", ".join(own)}.')
    prefix = f'head.heads.{dataset}.'
    kept = {name: value for name, value in state.items() if not name.startswith('head.') or name.startswith(prefix)}
    report.dropped.append('the decoders of the other datasets')
    kept = unname_head(kept, dataset)
    return _cut(kept, 'head.', dataset, report) if dataset in ROUTED else kept


def _cut(state: State, prefix: str, dataset: str, report: Report) -> State:
    state, wanted = dict(state), ROUTED[dataset]
    for name in (f'{prefix}final_layer.weight', f'{prefix}final_layer.bias'):
        if name in state and len(state[name]) < wanted and report.origin != 'vitpose_mm':
            raise ValueError(
                f'The decoder at the index of {dataset} predicts {len(state[name])} keypoints and {dataset} has '
                f'{wanted}: the file is of other datasets than {", ".join(DATASETS)}; name another with --dataset.'
            )
        if name in state and len(state[name]) > wanted:
            report.resized.append(f'{name} {len(state[name])} -> {wanted} keypoints (the first ones)')
            state[name] = state[name][:wanted]
    return state
