"""Configs by file or by name."""

from __future__ import annotations

from mmengine.config import Config
from mmengine.hub import get_config


def open_config(name: str) -> Config:
    """Read a config, from a file or ``package::path`` inside an installed OpenMMLab package.

    Raises:
        FileNotFoundError: there is none.
    """
    return get_config(name) if '::' in name else Config.fromfile(name)
