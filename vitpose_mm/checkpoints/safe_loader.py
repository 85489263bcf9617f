"""Hand every checkpoint that mmengine opens to our reader: resume, load_from, init_cfg, inferencers, mmdet's too.

What makes a file safe: ``reading.load_file`` opens it, ``pickle_records`` parses it without running anything,
``allowed_calls`` lists the only calls that it may contain, ``structure`` checks the dicts and tensors that come out.

What else in mmengine 0.10.7, mmpose 1.3.2, mmdet 3.3.0 and mmpretrain 1.2.0 runs text from a checkpoint was
looked for (Config.fromstring, eval, exec, pickle.load, torch.load): only those of
``structure.EXECUTABLE_CONFIG_KEYS``.
Checkpoint folders of DeepSpeed and ColossalAI are read by those libraries, without these checks.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlparse

import torch
from mmengine.dist import barrier, get_dist_info
from mmengine.runner.checkpoint import (  # mmengine.runner may be half imported
    CheckpointLoader,
    _get_mmengine_home,
    get_deprecated_model_names,
    get_external_models,
    get_mmcls_models,
    get_torchvision_models,
)

from .download import download
from .mirror import find_in_mirror
from .pickle_records import printable
from .reading import load_file
from .storages import MapLocation
from .structure import CheckpointError, weights_holder

MAX_NAME = 200  # bytes; file systems take 255, and a download has more in its name


def install_safe_loader() -> None:
    """Register our loaders with mmengine's CheckpointLoader, for every scheme; a second call does nothing."""
    for prefix in [*CheckpointLoader._schemes, *LOADERS]:
        CheckpointLoader.register_scheme(prefix, LOADERS.get(prefix, refuse_other_scheme), force=True)


def load_from_local(filename: str, map_location: MapLocation = None) -> dict[str, Any]:
    """Load a local checkpoint, with ``state_dict`` also where MAE's and DINO's files have another word for it."""
    checkpoint = load_file(filename, map_location)
    holder = weights_holder(checkpoint)
    if holder is not None and 'state_dict' not in checkpoint:
        checkpoint['state_dict'] = checkpoint[holder]
    return checkpoint


def load_from_http(filename: str, map_location: MapLocation = None, model_dir: str | None = None) -> dict[str, Any]:
    """Load the checkpoint of a URL, from the mirror folder or torch's download cache.

    Rank 0 downloads first, then the processes of other machines, which do not have the file.
    """
    folder = Path(model_dir or os.path.join(torch.hub.get_dir(), 'checkpoints'))
    name = os.path.basename(urlparse(filename).path)
    if not name or len(name.encode(errors='replace')) > MAX_NAME:
        raise CheckpointError(f'{printable(filename)} does not name a file: give the whole URL of the checkpoint.')
    if not re.search(r'[-_][0-9a-f]{8,}\.\w+$', name):  # without a hash in it, other files may have the name
        folder = folder / hashlib.sha256(filename.encode()).hexdigest()[:12]
    mirrored = find_in_mirror(filename)
    if mirrored is not None:
        return load_from_local(str(mirrored), map_location)
    rank, world_size = get_dist_info()
    try:
        if rank == 0:
            download(filename, folder / name)
    finally:
        if world_size > 1:
            barrier()
    download(filename, folder / name)  # on another machine
    return load_from_local(str(folder / name), map_location)


def load_from_torchvision(filename: str, map_location: MapLocation = None) -> dict[str, Any]:
    """Load the checkpoint of ``torchvision://NAME`` or ``modelzoo://NAME``."""
    return load_from_http(_look_up(filename, get_torchvision_models()), map_location)


def load_from_openmmlab(filename: str, map_location: MapLocation = None) -> dict[str, Any]:
    """Load the checkpoint of ``open-mmlab://NAME``, from its URL or below MMEngine's folder."""
    where = _look_up(filename, get_external_models(), get_deprecated_model_names())
    if where.startswith(('http://', 'https://')):
        return load_from_http(where, map_location)
    return load_from_local(os.path.join(_get_mmengine_home(), where), map_location)


def load_from_mmcls(filename: str, map_location: MapLocation = None) -> dict[str, Any]:
    """Load the backbone alone of the checkpoint of ``mmcls://NAME``."""
    state = load_from_http(_look_up(filename, get_mmcls_models()), map_location)['state_dict']
    part = 'backbone.'
    return {'state_dict': {name.removeprefix(part): one for name, one in state.items() if name.startswith(part)}}


def refuse_other_scheme(filename: str, map_location: MapLocation = None) -> NoReturn:
    """Refuse schemes whose loaders unpickle files themselves: ceph, pavi, those that others registered."""
    raise CheckpointError(
        f'{filename} has a scheme that cannot be read safely: download the file and give its path, or an https URL.'
    )


def _look_up(filename: str, addresses: Mapping[str, str], newer: Mapping[str, str] | None = None) -> str:
    name = filename.split('://', 1)[1]
    name = (newer or {}).get(name, name)
    if name not in addresses:
        raise CheckpointError(f'{filename} is not known to MMEngine: give the URL of the file instead.')
    return addresses[name]


LOADERS: dict[str, Callable[..., dict[str, Any]]] = {
    '': load_from_local,
    'http://': load_from_http,
    'https://': load_from_http,
    'modelzoo://': load_from_torchvision,
    'torchvision://': load_from_torchvision,
    'open-mmlab://': load_from_openmmlab,
    'openmmlab://': load_from_openmmlab,
    'mmcls://': load_from_mmcls,
}
