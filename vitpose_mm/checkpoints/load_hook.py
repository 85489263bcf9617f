"""The one hook by which models load foreign files in place: ``init_cfg``, ``load_from`` and every other way.

``ViT`` and ``PoseEstimator`` call :func:`convert_on_load` as the first line of ``_load_from_state_dict``, through
which mmengine's and torch's loading both go. Files of this package pass through untouched.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import torch
from torch import nn

from ..utils.position_grid import find_grid
from .conversion_report import Report
from .convert import to_native
from .experts import cut_heads, heads_of, name_head, unname_head
from .key_mapping import State, detect, with_prefix
from .key_tables import PLAIN


def convert_on_load(module: nn.Module, state_dict: dict[str, Any], prefix: str) -> None:
    """Rewrite what a state dict holds below ``prefix``, in place, from any origin's names to the module's.

    Args:
        module: a ViT, or an estimator with a ViT as ``backbone``; its patch kernel says the wanted size. Where its
            head is a router, a file's decoders go to the heads of their datasets, and a single one to the default's.
        state_dict: names to tensors, of the official code, mmpose, Hugging Face, MAE, timm or DINO; a state
            dict of another architecture is left alone.
        prefix: where the module is in the state dict.

    Raises:
        ValueError: the file is of several datasets and the module has no experts for them.
    """
    whole = hasattr(module, 'backbone')
    vit = module.get_submodule('backbone') if whole else module
    own = f'{prefix}backbone.pos_grid' if whole else f'{prefix}pos_grid'
    if own in state_dict:
        _refuse_experts([name for name in state_dict if name.startswith(prefix)], vit)
        if whole:
            _route_only_head(state_dict, module, prefix)
        return
    theirs = {name[len(prefix) :]: value for name, value in state_dict.items() if name.startswith(prefix)}
    if detect(with_prefix(theirs)) is None:
        return
    patch = getattr(getattr(vit, 'patch_embed', None), 'proj', None)
    if not isinstance(patch, nn.Conv2d):
        return
    native, report = _to_native(theirs, vit, patch.kernel_size[0])
    _refuse_experts(native, vit)
    if whole:
        native = _fit_heads(native, module, report)
    # A resize of half precision would be rounded back to it.
    if 'backbone.pos_embed' in native:
        native['backbone.pos_embed'] = native['backbone.pos_embed'].float()
    for name in theirs:
        del state_dict[prefix + name]
    for name, value in native.items():
        if whole:
            state_dict[prefix + name] = value
        elif name.startswith('backbone.'):
            state_dict[prefix + name.removeprefix('backbone.')] = value
    for name in report.unknown:
        state_dict[prefix + name] = theirs.get(name, theirs.get(name.removeprefix('backbone.')))


def _to_native(state: Mapping[str, Any], vit: nn.Module, patch_size: int) -> tuple[State, Report]:
    """Convert as ``to_native`` does; a position embedding that fits the module's grid, too, may be one of that grid."""
    own = getattr(vit, 'grid', None)
    if isinstance(own, tuple):
        with suppress(ValueError):
            native, report = to_native(state, grid=(own[0], own[1]), patch_size=patch_size)
            if 'backbone.pos_embed' in native:
                found = find_grid(native['backbone.pos_embed'], (own[0], own[1]))
                native['backbone.pos_grid'] = torch.tensor(found)
            return native, report
    return to_native(state, patch_size=patch_size)


def _fit_heads(native: State, module: nn.Module, report: Report) -> State:
    """Fit the decoders of one or several datasets to those that the module has: one, or a router's."""
    names = getattr(getattr(module, 'head', None), 'names', None)
    if names is None:
        return unname_head(native, PLAIN)
    if not heads_of(native):
        return name_head(native, names.default)
    others = tuple(f'head.heads.{name}.' for name in heads_of(native) if name not in names.known)
    return cut_heads({name: value for name, value in native.items() if not name.startswith(others)}, report)


def _route_only_head(state_dict: dict[str, Any], module: nn.Module, prefix: str) -> None:
    """Give the one decoder of a file by our names to the default dataset of a router, in place."""
    names, head = getattr(getattr(module, 'head', None), 'names', None), f'{prefix}head.'
    own = [name for name in state_dict if name.startswith(head)]
    if names is not None and not any(name.startswith(f'{head}heads.') for name in own):
        for name in own:
            state_dict[f'{head}heads.{names.default}.{name.removeprefix(head)}'] = state_dict.pop(name)


def _refuse_experts(names: Iterable[str], vit: nn.Module) -> None:
    def have(parameters: Iterable[str]) -> bool:
        return any('.mlp.experts.' in name for name in parameters)

    if have(names) and not have(name for name, _ in vit.named_parameters()):
        raise ValueError(
            'The checkpoint holds experts of several datasets and the model has none: choose a dataset with '
            'tools/convert_checkpoint.py SRC DST --dataset NAME, and load DST.'
        )
