"""Convert a state dict of any origin to our names and shapes, and from there to a target's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from ..utils.position_grid import guess_grid, read_grid
from .conversion_report import Report
from .experts import cut_heads, heads_of, is_multi, name_head, select_dataset, unname_head
from .key_mapping import (
    State,
    backwards,
    detect,
    is_dropped,
    join_parts,
    numbers,
    rename,
    split_parts,
    with_prefix,
    without_prefix,
)
from .key_tables import ORIGINS, PLAIN, TARGETS
from .missing_keys import NONE_OR_TWO, count_deconvolutions, find_missing_keys
from .pickle_records import printable
from .shapes import Grid, fit_kernel, fold_first_token, fold_scales, resize_grid, to_mae_shape
from .structure import CheckpointError, keys_of, weights_holder


def state_dict_of(checkpoint: Mapping[str, Any]) -> dict[str, Tensor]:
    """Return the weights of a checkpoint by name, wherever the file keeps them.

    Raises:
        CheckpointError: there are none.
    """
    holder = weights_holder(checkpoint)
    inner = checkpoint if holder is None else checkpoint[holder]
    tensors = {name: value for name, value in inner.items() if isinstance(value, Tensor)}
    if not tensors:
        raise CheckpointError(f'The checkpoint holds no weights: its keys are {keys_of(checkpoint)}.')
    return tensors


@contextmanager
def explain_shapes() -> Iterator[None]:
    """Turn what torch raises on tensors of shapes that no model has into a sentence."""
    try:
        yield
    except (LookupError, RuntimeError, TypeError, OverflowError) as error:
        reason = printable(error, 160)
        text = f'The weights have shapes that do not fit one another ({reason}): copy or download the file again.'
        raise ValueError(text) from error


@explain_shapes()
def to_native(
    state: Mapping[str, Tensor], *, origin: str = 'auto', grid: Grid | None = None, patch_size: int = 16
) -> tuple[State, Report]:
    """Return weights of any origin by our names, with ``backbone.`` and ``head.``, and a report of what was done.

    Args:
        state: their names to tensors.
        origin: one of ``key_tables.ORIGINS``, or 'auto' to see it from the names.
        grid: (H, W) tokens that the position embedding was trained on; None: as the file says (ours do),
            else square if it can be, else 4:3.
        patch_size: side of the patch kernel wanted, pixels.

    Raises:
        ValueError: an origin that cannot be seen, or a position embedding of another grid.
    """
    theirs = with_prefix(state)
    found = detect(theirs) if origin == 'auto' else origin
    if found is None or found not in ORIGINS:
        raise ValueError(
            f'The names of the file ({", ".join(list(state)[:3])}, ...) are not of a known origin: name it with '
            f'--from, one of {", ".join(ORIGINS)}; only plain vision transformers can be converted.'
        )
    family, report = ORIGINS[found], Report(found)
    report.dropped += [name for name in theirs if is_dropped(name, found)]
    kept = {name: value for name, value in theirs.items() if not is_dropped(name, found)}
    native, report.unknown = rename(kept, family.table)
    native = fold_scales(join_parts(native), report)
    if found == 'official' and heads_of(native):
        native = name_head(native, PLAIN)
    if 'backbone.pos_embed' in native:
        stored = native.pop('backbone.pos_grid', None)
        grid = grid if grid is not None or stored is None else read_grid(stored)
        native['backbone.pos_embed'], grid = to_mae_shape(native['backbone.pos_embed'], family, grid, report)
        native['backbone.pos_grid'] = torch.tensor(grid)
    fit_kernel(native, family.kernel, patch_size, report)
    return native, report


@explain_shapes()
def from_native(native: State, target: str, report: Report) -> State:
    """Rename weights by our names to the target's names.

    Raises:
        ValueError: the target is not known, or cannot hold a part of the model.
    """
    if target not in TARGETS:
        raise ValueError(f'--to {target!r} is not known: choose one of {", ".join(TARGETS)}.')
    state, table = dict(native), ORIGINS[target].table
    if target != 'vitpose_mm':
        state.pop('backbone.pos_grid', None)
        scorers = [name for name in state if '.oks_scorer.' in name]
        if scorers:
            report.dropped.append('the OKS scorers: scores will be the maxima of the heatmaps')
        state = {name: value for name, value in state.items() if name not in scorers}
    if target == 'official':
        state = unname_head(state, PLAIN)
    if target in NONE_OR_TWO and (steps := count_deconvolutions(state)) not in (0, 2):
        raise ValueError(
            f'The decoder has {steps} deconvolution{"s" * (steps != 1)}: those of the {target} format have none or two.'
        )
    if not ORIGINS[target].first_token_is_added:
        fold_first_token(state, report)
    renamed, left = rename(split_parts(state, table), backwards(table))
    if left:
        raise ValueError(f'The {target} format cannot hold {", ".join(left[:3])} ({len(left)} such names).')
    return without_prefix({name: value.contiguous() for name, value in renamed.items()})


@explain_shapes()
def convert(
    state: Mapping[str, Tensor],
    *,
    origin: str = 'auto',
    target: str = 'vitpose_mm',
    dataset: str | None = None,
    expert: int | None = None,
    grid: Grid | None = None,
    to_grid: Grid | None = None,
    patch_size: int = 16,
) -> tuple[State, Report]:
    """Convert weights of any origin to those of the target; return them with the report.

    Args:
        state: their names to tensors.
        origin: as in :func:`to_native`.
        target: one of ``key_tables.TARGETS``.
        dataset: which expert and decoder of a model of several datasets to keep; None keeps all, where
            the target can hold them (ours as a model with a DatasetRouter).
        expert: index of the dataset's expert; None: its index in the released models' order of datasets.
        grid: (H, W) tokens of the source's position embedding, as in :func:`to_native`.
        to_grid: (H, W) tokens to resize it to; None leaves it (our ViT resizes when it loads).
        patch_size: side of the patch kernel, pixels.

    Raises:
        ValueError: what cannot be converted, and what to say instead.
    """
    for name, sizes in (('--grid', grid), ('--to-grid', to_grid), ('--patch-size', (patch_size,))):
        if min(sizes or (1,)) < 1:
            raise ValueError(f'{name} {" ".join(map(str, sizes or ()))} is not a valid size: give numbers above 0.')
    native, report = to_native(state, origin=origin, grid=grid, patch_size=patch_size)
    report.missing = find_missing_keys(native, report.origin)
    if report.missing:
        return {}, report
    if dataset is not None:
        native = select_dataset(native, dataset, report, expert=expert)
    elif is_multi(native) and _holds_one(target, several=len(heads_of(native))):
        raise ValueError('The file holds a model of several datasets: name the one to keep with --dataset.')
    elif target == 'vitpose_mm':
        native = cut_heads(native, report)
    if to_grid is not None:
        source = native['backbone.pos_grid'].tolist()
        resize_grid(native, (source[0], source[1]), to_grid, report)
        native['backbone.pos_grid'] = torch.tensor(to_grid)
    result = from_native(native, target, report)
    report.renamed = _changes(state, result, report.origin, target)
    report.notes += _notes(native, report.origin, target)
    return result, report


def _holds_one(target: str, *, several: int) -> bool:
    """Whether the target cannot hold a model of several datasets with this many named decoders."""
    return target == 'mmpose' or (target == 'hf' and several > 0) or (target == 'vitpose_mm' and not several)


def _changes(state: Mapping[str, Tensor], result: State, origin: str, target: str) -> dict[str, str]:
    """Return old name to new name where they differ; a name that is split or joined goes to one of its parts."""
    changes = {}
    table = ORIGINS[target].table
    for theirs, full in zip(state, with_prefix(state), strict=True):
        ours, _ = rename({full: state[theirs]}, ORIGINS[origin].table)
        whole = {re.sub(r':\d', '', name): value for name, value in ours.items()}
        names, _ = rename(split_parts(whole, table), backwards(table))
        for name in names:
            new = name if name in result else name.removeprefix('backbone.')
            if new in result and new != theirs:
                changes[theirs] = new
                break
    return changes


def _notes(native: State, origin: str, target: str) -> list[str]:
    width = native['backbone.pos_embed'].shape[-1]
    depth = max(numbers(native, r'backbone\.blocks\.(\d+)\.')) + 1
    notes = [f'{depth} blocks, {width} wide, position grid {"x".join(map(str, native["backbone.pos_grid"].tolist()))}']
    if origin == 'timm' and width % 64 == 0:
        notes.append(f'the number of heads is in no file: {width // 64} is usual for timm and DINO at this width')
    if target != 'vitpose_mm' and not _is_guessed(native):
        notes.append(f'the {target} format does not say the position grid: name it on the way back (--grid H W)')
    if target == 'hf':
        notes.append('weights only: Hugging Face reads sizes from a config.json beside them')
    return notes


def _is_guessed(native: State) -> bool:
    """Whether the grid of the position embedding is the one that would be guessed from its number of tokens."""
    grid = native['backbone.pos_grid'].tolist()
    try:
        return guess_grid(grid[0] * grid[1]) == tuple(grid)
    except ValueError:
        return False
