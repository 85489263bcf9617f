"""Files of older formats, and what is not a file."""

from __future__ import annotations

import os
import pickle
import socket
import struct
import tarfile
from pathlib import Path

from tests.helpers.pickle_bytes import (
    FOUR,
    call,
    checkpoint,
    dct,
    lst,
    name,
    number,
    text,
    whole,
    write_legacy,
)

from .case import BROKEN, PLAIN, Case, raw


def old_format(marker: Path) -> dict[str, Case]:
    """The format before torch 1.6, and the one before that."""
    evil, good = call(name('posix', 'system'), text(f'touch {marker}')), checkpoint()

    def legacy(says: str | None, pickled: bytes = good, **kwargs: bytes) -> Case:
        return lambda path: write_legacy(path, pickled, **kwargs), says

    def tar(path: Path) -> None:
        inner = path.with_suffix('.inner')
        inner.write_bytes(whole(evil))
        with tarfile.open(path, 'w', format=tarfile.PAX_FORMAT) as archive:
            for part in ('storages', 'tensors', 'pickle'):
                archive.add(inner, part)

    size = struct.Struct('<q').pack
    refused = 'was not opened|' + BROKEN
    return {
        'old: good': legacy(PLAIN),
        'old: code as the magic number': legacy(refused, magic=whole(evil)),
        'old: code as the version': legacy(refused, protocol=whole(evil)),
        'old: code as the machine': legacy(refused, machine=whole(evil)),
        'old: code as the keys': legacy(refused, keys=whole(evil)),
        'old: code as a key': legacy(refused, keys=whole(lst(evil))),
        'old: another version': legacy(BROKEN, protocol=whole(number(1002))),
        'old: big-endian': legacy('byte order', machine=whole(dct({'little_endian': b'\x89'}))),
        'old: no byte order': legacy('byte order', machine=whole(dct({}))),
        'old: a number of the wrong machine': legacy('byte order', machine=whole(dct({'little_endian': number(1)}))),
        'old: no keys': legacy(refused, keys=whole(lst())),
        'old: another key': legacy(refused, keys=whole(lst(text('9')))),
        'old: a key twice': legacy(refused, keys=whole(lst(text('0'), text('0')))),
        'old: a key that is a list': legacy(refused, keys=whole(lst(lst()))),
        'old: keys that are a text': legacy(refused, keys=whole(text('0'))),
        'old: no numbers': legacy(refused, data=b''),
        'old: fewer numbers': legacy(refused, data=size(4) + FOUR[:9]),
        'old: a negative number of numbers': legacy(refused, data=size(-4) + FOUR),
        'old: 2**62 numbers': legacy(refused, data=size(2**62) + FOUR),
        'old: infinity': legacy('NaN or infinity', data=size(4) + struct.pack('<4f', 0, 0, 0, float('inf'))),
        'old: the machine alone': raw(whole(number(0x1950A86A20F9469CFC6C)), BROKEN),
        'old: tar': (tar, 'tar format of torch 0.1'),
        'a plain pickle of code': raw(whole(evil), 'a plain Python pickle'),
        'a plain pickle': raw(pickle.dumps({'state_dict': {'a': [1.0]}}), 'a plain Python pickle'),
        'a plain pickle of protocol 0': raw(pickle.dumps({'state_dict': {}}, 0), 'a plain Python pickle'),
        'text': raw(b'<html>404 Not Found</html>\n' * 100, BROKEN),
        'zeros': raw(bytes(10**6), BROKEN),
        'one byte': raw(b'P', BROKEN),
        'nothing': raw(b'', 'is empty'),
    }


def not_files() -> dict[str, Case]:
    """What has a name and is not a file."""

    def named_socket(path: Path) -> None:
        folder = os.getcwd()
        os.chdir(path.parent)  # the name of a socket is short
        try:
            socket.socket(socket.AF_UNIX).bind(path.name)
        finally:
            os.chdir(folder)

    return {
        'a pipe': (lambda path: os.mkfifo(path), 'not a regular file'),
        'a link to /dev/zero': (lambda path: path.symlink_to('/dev/zero'), 'not a regular file'),
        'a link to a terminal': (lambda path: path.symlink_to('/dev/null'), 'not a regular file'),
        'a socket': (named_socket, 'cannot be read|not a regular file'),
        'a folder': (lambda path: path.mkdir(), 'is a folder'),
        'a link to itself': (lambda path: path.symlink_to(path), 'cannot be read|does not exist'),
        'a link to nothing': (lambda path: path.symlink_to(path.with_name('nothing')), 'does not exist'),
        'nothing at all': (lambda path: None, 'does not exist'),
    }
