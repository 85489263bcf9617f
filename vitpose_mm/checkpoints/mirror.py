"""Checkpoints by address without a network: a folder of files that were fetched before, and no download."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlparse

from .reading import CheckpointError

MIRROR = 'VITPOSE_MM_MIRROR'  # a folder with files of the names that addresses end with
OFFLINE = 'VITPOSE_MM_OFFLINE'  # set to anything but 0: nothing is downloaded


def find_in_mirror(address: str) -> Path | None:
    """Find the file that an address names in the mirror folder; None where there is none.

    Raises:
        CheckpointError: the mirror is not a folder.
    """
    folder = os.environ.get(MIRROR)
    if not folder:
        return None
    if not Path(folder).is_dir():
        raise CheckpointError(f'{MIRROR}={folder} is not a folder: name one that holds the checkpoints, or unset it.')
    file = Path(folder, Path(urlparse(address).path).name)
    return file if file.is_file() else None


def check_online(address: str, file: Path) -> None:
    """Raise a CheckpointError where an address may not be downloaded; ``file`` is where it would go."""
    if os.environ.get(OFFLINE, '0') not in ('', '0'):
        raise CheckpointError(
            f'{address} is not here, and offline nothing is downloaded: put it at {file}, or into a folder that '
            f'{MIRROR} names.'
        )
