"""Download a checkpoint; it gets its name once it is whole, readable and has the hash that its name says."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import threading
import time
import urllib.request
from http.client import HTTPException
from pathlib import Path

from .mirror import check_online
from .reading import load_file
from .structure import CheckpointError

TIMEOUT = 30  # seconds without a byte
PATIENCE, SLOWEST = 60, 10_000  # seconds after which a download has to have this many bytes per second
CHUNK = 2**20
# The beginning of the SHA-256 of a file, as torch, timm and OpenMMLab write it in names; not a date.
HASH_IN_NAME = re.compile(r'-(?!(?:19|20)\d{6}\.)([0-9a-f]{8,64})\.\w+$')


def download(address: str, file: Path) -> None:
    """Download an http address to a file, unless the file exists.

    Raises:
        CheckpointError: the address does not answer, is too slow, breaks off, or gives something else.
    """
    if file.exists():
        return
    check_online(address, file)
    part = file.with_name(f'.{os.getpid()}.{file.name}')  # with its suffix, by which it is read
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        digest = _fetch(address, part)
        found = HASH_IN_NAME.search(file.name)
        if found and not digest.startswith(found.group(1)):
            raise CheckpointError(
                f'{address} was downloaded and is another file than its name says (its SHA-256 begins with '
                f'{digest[:8]}): try again, or put the file to {file} by hand if you trust it.'
            )
        load_file(part, 'meta', called=address)
        os.replace(part, file)
    except (OSError, HTTPException, ValueError) as error:
        if isinstance(error, CheckpointError):
            raise
        reason = ' '.join(str(error).split()) or type(error).__name__
        raise CheckpointError(
            f'{address} cannot be downloaded ({reason}): get it elsewhere and put it at {file}, or into a folder that '
            'VITPOSE_MM_MIRROR names.'
        ) from None
    finally:
        part.unlink(missing_ok=True)


def _fetch(address: str, part: Path) -> str:
    """Write what an address holds to a file, flush it to the disk, and return its SHA-256."""
    transfer = _Transfer(address, part)
    transfer.start()
    start = time.monotonic()
    try:
        while transfer.is_alive():
            transfer.join(0.2)
            seconds = time.monotonic() - start
            if seconds > PATIENCE and transfer.done < SLOWEST * seconds:
                raise OSError(f'{transfer.done:,} bytes in {seconds:.0f} seconds')
    finally:
        transfer.given_up = True
    if transfer.error is not None:
        raise transfer.error
    return transfer.digest.hexdigest()


class _Transfer(threading.Thread):
    """A download in a thread, because a server can spell out a header, or the length of a chunk, for days.

    Args:
        address: to read from.
        part: file to write to.

    Attributes:
        done: number of bytes so far.
        digest: SHA-256 of them.
        error: that ended it, or None.
        given_up: set from outside; nothing is written any more.
    """

    def __init__(self, address: str, part: Path) -> None:
        super().__init__(daemon=True)
        self._address, self._part = address, part
        self.done, self.digest = 0, hashlib.sha256()
        self.error: Exception | None = None
        self.given_up = False

    def run(self) -> None:
        """Download; errors are kept for who waits."""
        try:
            self._download()
        except Exception as error:
            self.error = error

    def _download(self) -> None:
        request = urllib.request.Request(self._address, headers={'User-Agent': 'vitpose_mm'})
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer, self._part.open('wb') as file:
            length = answer.headers.get('Content-Length') or ''
            promised = int(length) if length.isdecimal() else None
            room = shutil.disk_usage(self._part.parent).free // 2
            if promised is not None and promised > room:
                raise OSError(f'it has {promised:,} bytes, more than half of what is free in {self._part.parent}')
            while not self.given_up and (chunk := answer.read1(CHUNK)):
                file.write(chunk)
                self.digest.update(chunk)
                self.done += len(chunk)
                if self.done > room:
                    raise OSError(f'it has no end: {self.done:,} bytes, half of what was free in {self._part.parent}')
            file.flush()
            os.fsync(file.fileno())
        if promised is not None and self.done != promised:
            raise OSError(f'it broke off after {self.done:,} of {promised:,} bytes')
