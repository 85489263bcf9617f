"""Load a checkpoint into a model, and refuse one that lacks weights of the model."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from mmengine.runner.checkpoint import CheckpointLoader
from torch import nn

from ..utils.counted import part_of


def load_strictly(model: nn.Module, checkpoint: str, config: str) -> Mapping[str, Any]:
    """Copy a checkpoint's weights into the model and return its meta information.

    Raises:
        ValueError: a weight of the model is missing or has another shape: mmengine only logs that, and the
            model then predicts noise.
    """
    content = CheckpointLoader.load_checkpoint(checkpoint, map_location='cpu')
    state = content.get('state_dict', content)
    metadata = getattr(state, '_metadata', None)
    state = OrderedDict((name.removeprefix('module.'), value) for name, value in state.items())
    if metadata is not None:
        state._metadata = metadata  # type: ignore[attr-defined]  # versions, by which modules rename old weights
    hint = 'is it of another model, or of another codebase (tools/convert_checkpoint.py)?'
    try:
        missing, _ = model.load_state_dict(state, strict=False)
    except RuntimeError as error:
        detail = str(error).strip().splitlines()[-1].strip().rstrip('.')
        raise ValueError(f'{checkpoint} does not fit {config} ({detail}): {hint}') from error
    own = model.state_dict()
    if any(name.startswith('head.heads.') for name in state) and not any('head.heads.' in name for name in own):
        hint = 'it is of several datasets: choose one with tools/convert_checkpoint.py SRC DST --dataset NAME.'
    missing = [name for name in missing if own[name].is_floating_point()]  # counters may be missing
    if missing:
        raise ValueError(
            f'{checkpoint} does not fit {config}: {part_of(len(missing), len(own), "weight", verb="are")} missing, '
            f'{missing[0]} is one; {hint}'
        )
    return content.get('meta') or {}
