"""Check the structure of a checkpoint, so that those who load it find weights there and run no text of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from .pickle_records import printable

# Where mmengine looks for a config to run: Runner.resume and FlexibleRunner in meta.config,
# BaseInferencer in message_hub.runtime_info.cfg and meta.cfg.
EXECUTABLE_CONFIG_KEYS = (('meta', 'config'), ('meta', 'cfg'), ('message_hub', 'runtime_info', 'cfg'))
# Where files keep their weights, likeliest first: mmengine, MAE, DINO, and bare state dicts.
HOLDERS = ('state_dict', 'model', 'teacher', 'student')
WEIGHTS = ('state_dict', 'ema_state_dict')  # what mmengine loads, of tensors alone
DICTS = (('meta',), ('meta', 'dataset_meta'), ('message_hub',), ('optimizer',))


class CheckpointError(ValueError):
    """A checkpoint file that is missing, unreadable or asks for code; the text names the file and the fix."""


def keys_of(checkpoint: Mapping[str, Any]) -> str:
    """Return the keys of a checkpoint for a sentence: 'meta, state_dict'."""
    return printable(', '.join(map(str, checkpoint)) or 'none', 200)


def weights_holder(checkpoint: Mapping[str, Any]) -> str | None:
    """Return the key of the dict that holds the weights of a checkpoint, or None where no key does."""
    for name in HOLDERS:
        inner = checkpoint.get(name)
        if isinstance(inner, Mapping) and any(isinstance(value, Tensor) for value in inner.values()):
            return name
    return None


def drop_code(checkpoint: dict[str, Any]) -> dict[str, Any]:
    """Remove the configs that mmengine would run as Python when it resumes."""
    for *parents, last in EXECUTABLE_CONFIG_KEYS:
        holder: Any = checkpoint
        for name in parents:
            holder = holder.get(name) if isinstance(holder, dict) else None
        if isinstance(holder, dict):
            holder.pop(last, None)
    return checkpoint


def check_content(name: str, checkpoint: Mapping[str, Any], *, all_finite: bool) -> None:
    """Check what a checkpoint holds; an optimizer's state may hold infinity, weights may not.

    Args:
        name: name of the file, for errors.
        checkpoint: what it holds.
        all_finite: it is proven that no number in it is NaN or infinite; otherwise the weights are checked.

    Raises:
        CheckpointError: parts that are not dicts, weights without names, weights that are not finite tensors.
    """
    for path in DICTS:
        part: Any = checkpoint
        for key in path:
            part = part.get(key) if isinstance(part, Mapping) else None
        if part is not None and not isinstance(part, dict):
            raise CheckpointError(f'{name} holds a {type(part).__name__} under {".".join(path)} and not a dict.')
    holders = [key for key in (*WEIGHTS, weights_holder(checkpoint)) if key in checkpoint]
    for holder in holders or [None]:
        weights = checkpoint if holder is None else checkpoint[holder]
        _check_weights(name, weights, holder, all_finite=all_finite)


def _check_weights(name: str, weights: Any, holder: str | None, *, all_finite: bool) -> None:
    """Check what stands under a key of a checkpoint as weights by name, or the whole checkpoint."""
    if not isinstance(weights, Mapping):
        raise CheckpointError(f'{name} holds a {type(weights).__name__} under {holder} where its weights should be.')
    for key, value in weights.items():
        if holder in WEIGHTS and not isinstance(value, Tensor):
            raise CheckpointError(f'{name} holds a {type(value).__name__} as the weight {printable(key)}.')
        if not isinstance(key, str):
            raise CheckpointError(f'{name} holds the key {printable(key)} where the names of its weights should be.')
        if not all_finite and isinstance(value, Tensor) and not value.is_meta and not _is_finite(value):
            raise CheckpointError(
                f'{name} holds NaN or infinity in the weight {printable(key)}: its training diverged, so use an '
                f'earlier checkpoint of it.'
            )


def _is_finite(weight: Tensor) -> bool:
    is_float8 = weight.is_floating_point() and weight.itemsize == 1  # torch.isfinite does not take all of them
    return bool((weight.float() if is_float8 else weight).isfinite().all())
