"""Hand every checkpoint that mmengine opens to our reader: resume, load_from, init_cfg, inferencers, mmdet's too.

What else in mmengine 0.10.7, mmpose 1.3.2, mmdet 3.3.0 and mmpretrain 1.2.0 runs text from a checkpoint was
looked for (Config.fromstring, eval, exec, pickle.load, torch.load): only the three places of
``reading.EXECUTED``. DeepSpeed and ColossalAI folders are read by those libraries and not guarded here.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import torch
from mmengine.dist import barrier, get_dist_info
from mmengine.runner.checkpoint import CheckpointLoader  # mmengine.runner may be half imported

from .allowlist import allowed_names
from .convert import weights_holder
from .mirror import check_online, find_in_mirror
from .reading import CheckpointError, drop_code, explain, load_file

Loader = Callable[..., dict[str, Any]]


def install_safe_loader() -> None:
    """Register our loaders with mmengine's CheckpointLoader, for every scheme; a second call does nothing."""
    schemes = dict(CheckpointLoader._schemes)
    if schemes.get('') is load_from_local:
        return
    for prefix, loader in schemes.items():
        CheckpointLoader.register_scheme(prefix, _guarded(loader), force=True)
    CheckpointLoader.register_scheme('', load_from_local, force=True)
    CheckpointLoader.register_scheme(('http://', 'https://'), load_from_http, force=True)


def load_from_local(filename: str, map_location: Any = None) -> dict[str, Any]:
    """Local path -> checkpoint, with ``state_dict`` also where MAE's and DINO's files have another word for it."""
    checkpoint = load_file(filename, 'cpu' if map_location is None else map_location)
    holder = weights_holder(checkpoint)
    if holder is not None and 'state_dict' not in checkpoint:
        checkpoint['state_dict'] = checkpoint[holder]
    return checkpoint


def load_from_http(filename: str, map_location: Any = None, model_dir: str | None = None) -> dict[str, Any]:
    """Address -> checkpoint, from the mirror folder or torch's download cache.

    Rank 0 downloads first, and then who finds nothing.
    """
    folder = Path(model_dir or os.path.join(torch.hub.get_dir(), 'checkpoints'))
    name = os.path.basename(urlparse(filename).path)
    if not name:
        raise CheckpointError(f'{filename} names no file: give the whole address of the checkpoint.')
    if not re.search(r'[-_][0-9a-f]{8,}\.\w+$', name):  # it tells no other file from this one
        folder = folder / hashlib.sha256(filename.encode()).hexdigest()[:12]
    mirrored = find_in_mirror(filename)
    if mirrored is not None:
        return load_from_local(str(mirrored), map_location)
    rank, world_size = get_dist_info()
    if rank == 0:
        _download(filename, folder / name)
    if world_size > 1:
        barrier()
    _download(filename, folder / name)  # on another machine
    return load_from_local(str(folder / name), map_location)


def _download(address: str, file: Path) -> None:
    """Address -> the file, unless it is there."""
    if file.exists():
        return
    check_online(address, file)
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        torch.hub.download_url_to_file(address, str(file))
    except OSError as error:
        raise CheckpointError(f'{address} cannot be downloaded ({error}): put it to {file} by hand.') from None


def _guarded(loader: Loader) -> Loader:
    """A loader of another scheme -> the same that takes our list of names, drops code and explains itself."""

    @functools.wraps(loader)
    def load(filename: str, map_location: Any = None, **kwargs: Any) -> dict[str, Any]:
        with allowed_names(), weights_only():
            try:
                return drop_code(loader(filename, map_location, **kwargs))
            except (OSError, ImportError, KeyError):
                raise
            except Exception as error:
                raise explain(filename, error) from None

    return load


@contextmanager
def weights_only() -> Iterator[None]:
    """While it is open, ``torch.load`` runs no code, also for callers that ask for it (mmengine's ``torchvision://``)."""
    on, off = 'TORCH_FORCE_WEIGHTS_ONLY_LOAD', 'TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD'
    before = {name: os.environ.pop(name) for name in (on, off) if name in os.environ}
    os.environ[on] = '1'
    try:
        yield
    finally:
        del os.environ[on]
        os.environ.update(before)
