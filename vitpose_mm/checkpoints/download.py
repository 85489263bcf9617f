"""Download a checkpoint; it gets its name once it is whole, readable and has the hash that its name says."""

from __future__ import annotations

import hashlib
import os
import re
import time
import urllib.request
from http.client import HTTPException
from pathlib import Path

from .mirror import check_online
from .reading import load_file
from .structure import CheckpointError

TIMEOUT = 30  # seconds without a byte
PATIENCE, SLOWEST = 60, 10_000  # seconds after which a download has to come with so many bytes a second
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
        raise CheckpointError(f'{address} cannot be downloaded ({reason}): put it to {file} by hand.') from None
    finally:
        part.unlink(missing_ok=True)


def _fetch(address: str, part: Path) -> str:
    """Write what an address holds to a file, flush it to the disk, and return its SHA-256."""
    request = urllib.request.Request(address, headers={'User-Agent': 'vitpose_mm'})
    start, done, digest = time.monotonic(), 0, hashlib.sha256()
    with urllib.request.urlopen(request, timeout=TIMEOUT) as answer, part.open('wb') as file:
        while chunk := answer.read1(CHUNK):
            file.write(chunk)
            digest.update(chunk)
            done += len(chunk)
            seconds = time.monotonic() - start
            if seconds > PATIENCE and done < SLOWEST * seconds:
                raise OSError(f'{done:,} bytes in {seconds:.0f} seconds')
        promised = answer.headers.get('Content-Length')
        file.flush()
        os.fsync(file.fileno())
    if promised is not None and promised.isdecimal() and done != int(promised):
        raise OSError(f'it broke off after {done:,} of {int(promised):,} bytes')
    return digest.hexdigest()
