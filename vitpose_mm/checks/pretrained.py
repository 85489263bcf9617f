"""Check that a training starts from the weights that its config names; MMEngine ignores weights that do not fit."""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import torch
from mmengine.model import BaseModule, is_model_wrapper
from mmengine.runner.checkpoint import CheckpointLoader
from torch import Tensor, nn

from ..utils.counted import part_of


def pretrained_warnings(model: nn.Module, load_from: str | None) -> Iterator[str]:
    """Compare a model that is not yet initialised with its checkpoint; yield a warning on tensors that the file lacks.

    Every Pretrained init_cfg is compared in the same way, but for modules of MMPose that rename a file's weights in
    an ``init_weights`` of their own.

    Raises:
        ValueError: a file has less than half of the tensors of the backbone (or module) that it is for.
    """
    whole: nn.Module = model.get_submodule('module') if is_model_wrapper(model) else model
    for name, part in whole.named_modules():
        init = getattr(part, 'init_cfg', None)
        if (
            isinstance(init, Mapping)
            and init.get('type') == 'Pretrained'
            and init.get('checkpoint')
            and _loads_by_name(part)
        ):
            where = f'model.{name}.init_cfg.checkpoint' if name else 'model.init_cfg.checkpoint'
            yield from _compare(part, init['checkpoint'], where, prefix=init.get('prefix') or '')
    if load_from:
        yield from _compare(whole, load_from, 'load_from', of='backbone.')


def _loads_by_name(part: nn.Module) -> bool:
    """Whether a module loads the file of its init_cfg as it is, or is ours."""
    kind = type(part)
    return kind.__module__.startswith('vitpose_mm.') or getattr(kind, 'init_weights', 0) is BaseModule.init_weights


def _compare(part: nn.Module, file: str, where: str, *, prefix: str = '', of: str = '') -> Iterator[str]:
    """Compare a module's tensors with a file's, and refuse by those with ``of`` in their names, if there are any."""
    content = CheckpointLoader.load_checkpoint(file, map_location='cpu')
    state = content.get('state_dict', content)
    if prefix:
        stem = prefix.rstrip('.') + '.'
        state = {name.removeprefix(stem): value for name, value in state.items() if name.startswith(stem)}
    unset = find_missing_tensors(part, state)
    own = [name for name, value in part.state_dict().items() if value.is_floating_point()]
    compared = [name for name in own if of in name] or own
    lost = [name for name in compared if name in unset]
    if 2 * len(lost) > len(compared):
        raise ValueError(
            f'{where}={file!r} fits {part_of(len(compared) - len(lost), len(compared), "tensor")}, and not {lost[0]}: '
            'is it of a model of another size, or of another codebase (tools/convert_checkpoint.py)?'
        )
    new = [name for name in own if name in unset]
    if new:
        more = f' and {len(new) - 3} more' if len(new) > 3 else ''
        yield f'{file} does not have {", ".join(new[:3])}{more}: they start as in a new model'


def find_missing_tensors(module: nn.Module, state: Mapping[str, Any]) -> set[str]:
    """Return the names of a module's tensors that a state dict lacks or has in another shape."""
    named = [*module.named_parameters(), *module.named_buffers()]
    empty = {id(value): _without_values(value) for _, value in named}
    copied = copy.deepcopy(module, empty)  # deepcopy takes from here what it would copy
    tensors = OrderedDict((name.removeprefix('module.'), value) for name, value in state.items())
    # Versions of modules. load_state_dict sets assign_to_params_buffers in them, which the next load would read
    tensors._metadata = copy.deepcopy(getattr(state, '_metadata', OrderedDict()))  # type: ignore[attr-defined]
    with suppress(RuntimeError):  # tensors of another shape; all others are assigned
        copied.load_state_dict(tensors, strict=False, assign=True)
    return {name for name, value in copied.state_dict().items() if value.is_meta}


def _without_values(value: Tensor) -> Tensor:
    """Return a tensor of the same shape on the meta device."""
    empty = torch.empty_like(value, device='meta')
    return nn.Parameter(empty, requires_grad=False) if isinstance(value, nn.Parameter) else empty
