"""The file of a knowledge token: a few kB that stage 1 writes and stage 2 reads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from vitpose_mm.checkpoints import load_file
from vitpose_mm.checkpoints.writing import save_file


def save_token(token: Tensor, path: str | Path, *, meta: Mapping[str, Any] | None = None) -> None:
    """Write a (1, T, C) token to a file that appears when it is complete."""
    save_file({'token': token.cpu()}, path, meta=dict(meta or {}))


def load_token(path: str | Path | None) -> Tensor:
    """Read the (1, T, C) token of a file.

    Raises:
        ValueError: there is no file, or no token in it.
    """
    if path is None:
        raise ValueError(
            'No file of a knowledge token is named: set model.token_file, or run tools/distill.py, which tunes a token '
            'first and names it; model.token=none distills without one.'
        )
    token = load_file(path).get('state_dict', {}).get('token')
    if not isinstance(token, Tensor) or token.ndim != 3:
        raise ValueError(f'{path} holds no knowledge token: give a file that tools/distill.py wrote (token.pth).')
    return token
