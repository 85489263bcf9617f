"""Does a training begin with the weights that its config names? MMEngine trains on without those that do not fit."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.runner.checkpoint import CheckpointLoader
from torch import Tensor, nn


def check_first_weights(model: nn.Module, load_from: str | None) -> Iterator[str]:
    """A model before it is initialised, and the checkpoint that it starts from -> lines on what the files lack.

    Every Pretrained init_cfg is looked at in the same way.

    Raises:
        ValueError: a file has less than half of the tensors of the backbone (or module) that it is for.
    """
    for name, part in model.named_modules():
        init = getattr(part, 'init_cfg', None)
        if isinstance(init, Mapping) and init.get('type') == 'Pretrained' and init.get('checkpoint'):
            where = f'model.{name}.init_cfg.checkpoint' if name else 'model.init_cfg.checkpoint'
            yield from _compare(part, init['checkpoint'], where, prefix=init.get('prefix') or '')
    if load_from:
        yield from _compare(model, load_from, 'load_from', of='backbone.')


def _compare(part: nn.Module, file: str, where: str, *, prefix: str = '', of: str = '') -> Iterator[str]:
    """``of``: refuse by the tensors with this in their names, if there are any."""
    content = CheckpointLoader.load_checkpoint(file, map_location='cpu')
    state = content.get('state_dict', content)
    if prefix:
        stem = prefix.rstrip('.') + '.'
        state = {name.removeprefix(stem): value for name, value in state.items() if name.startswith(stem)}
    unset = find_unset(part, state)
    own = [name for name, value in part.state_dict().items() if value.is_floating_point()]
    judged = [name for name in own if of in name] or own
    lost = [name for name in judged if name in unset]
    if 2 * len(lost) > len(judged):
        raise ValueError(
            f'{where}={file!r} fits {len(judged) - len(lost)} of {len(judged)} tensors, and not {lost[0]}: is it of a '
            f'model of another size, or of another codebase (tools/convert_checkpoint.py)?'
        )
    new = [name for name in own if name in unset]
    if new:
        more = f' and {len(new) - 3} more' if len(new) > 3 else ''
        yield f'{file} does not have {", ".join(new[:3])}{more}: they start from random weights'


def find_unset(module: nn.Module, state: Mapping[str, Any]) -> set[str]:
    """A module and a state dict -> names of its tensors that are missing there or have another shape there."""
    empty = copy.deepcopy(module).to('meta')
    metadata = getattr(state, '_metadata', {})
    kept = {name.removeprefix('module.'): value for name, value in state.items() if isinstance(value, Tensor)}
    missing: list[str] = []
    errors: list[str] = []

    def load(part: nn.Module, prefix: str) -> None:
        version = metadata.get(prefix[:-1], {})
        part._load_from_state_dict(kept, prefix, version, True, missing, [], errors)
        for name, child in part.named_children():
            load(child, f'{prefix}{name}.')

    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # that nothing is copied to where there is nothing
        load(empty, '')
    misfits = {text.split(':')[0].removeprefix('size mismatch for ') for text in errors}
    return {*missing, *misfits}
