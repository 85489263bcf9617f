"""Zip files that lie."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

from tests.helpers.pickle_bytes import (
    FOUR,
    call,
    checkpoint,
    name,
    text,
    tup,
    whole,
    write_zip,
)

from .case import BROKEN, PLAIN, Case, Write, raw, zipped


def zip_files() -> dict[str, Case]:
    """Zip files that lie about what they hold."""
    good = checkpoint()

    def patched(change: Callable[[bytearray], None], **kwargs: object) -> Write:
        def write(path: Path) -> None:
            write_zip(path, good, **kwargs)  # type: ignore[arg-type]
            content = bytearray(path.read_bytes())
            change(content)
            path.write_bytes(content)

        return write

    def central(content: bytearray, part: bytes, at: int, value: bytes) -> None:
        """Overwrite a field of the entry of a part in the list of members."""
        where = content.rindex(part) - 46
        assert content[where : where + 4] == b'PK\x01\x02'
        content[where + at : where + at + len(value)] = value

    def end(content: bytearray, at: int, value: bytes) -> None:
        where = content.rindex(b'PK\x05\x06')
        content[where + at : where + at + len(value)] = value

    def field(part: bytes, at: int, value: int, size: str = '<I') -> Write:
        return patched(lambda content: central(content, part, at, struct.pack(size, value)))

    def bomb(path: Path) -> None:
        with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            archive.writestr('a/data.pkl', good)
            with archive.open('a/data/0', 'w', force_zip64=True) as member:
                for _ in range(400):
                    member.write(bytes(2**20))

    def overlapping(content: bytearray) -> None:
        where = content.rindex(b'a/data/0') - 46
        size = struct.pack('<II', *[len(content) - 200] * 2)
        content[where + 20 : where + 28] = size

    def twice(path: Path) -> None:
        with zipfile.ZipFile(path, 'w') as archive:
            for one in (good, whole(call(name('posix', 'system'), text('true')))):
                archive.writestr('a/data.pkl', one)
            archive.writestr('a/data/0', FOUR)

    def many(path: Path) -> None:
        write_zip(path, good, data={'0': FOUR, **{f'{n}{"x" * 60}': b'' for n in range(90_000)}})

    refused = 'was not opened|' + BROKEN
    return {
        'zip: compressed': zipped(good, 'is compressed', compression=zipfile.ZIP_DEFLATED),
        'zip: compressed with bzip2': zipped(good, 'is compressed', compression=zipfile.ZIP_BZIP2),
        'zip: 400 MB in 400 kB': (bomb, 'is compressed'),
        'zip: a list of members of 10 MB': (many, 'list of members takes more than'),
        'zip: one part twice': (twice, 'list of members is wrong'),
        'zip: parts that overlap': (patched(overlapping), 'reaches into what follows'),
        'zip: two checkpoints': zipped(good, 'a zip file of something else', extra={'b/data.pkl': good}),
        'zip: no checkpoint': (lambda path: zipfile.ZipFile(path, 'w').writestr('a.txt', 'x'), BROKEN),
        'zip: a program': zipped(good, 'TorchScript', extra={'constants.pkl': whole(tup())}),
        'zip: big-endian': zipped(good, 'byte order', extra={'byteorder': b'big'}),
        'zip: no byte order at all': zipped(good, 'byte order', extra={'byteorder': b'\xff' * 9}),
        'zip: a huge name of a byte order': zipped(good, 'byte order', extra={'byteorder': b'x' * 10**6}),
        'zip: other notes': zipped(
            good, PLAIN, extra={'.format_version': b'x', '.storage_alignment': b'x', '.data/serialization_id': b'\xff'}
        ),
        'zip: a path outside': zipped(good, PLAIN, extra={'../../../etc/passwd': b'x'}),
        'zip: a stem of dots': zipped(good, PLAIN, stem='..'),
        'zip: a size that is too large': (field(b'a/data/0', 24, 2**31), 'is compressed'),
        'zip: sizes that are too large': (
            patched(lambda content: central(content, b'a/data/0', 20, struct.pack('<II', 2**31, 2**31))),
            refused,
        ),
        'zip: a size for 64 bits without them': (
            patched(lambda content: central(content, b'a/data/0', 20, b'\xff' * 8)),
            refused,
        ),
        'zip: an encrypted part': (field(b'a/data/0', 8, 1, '<H'), refused),
        'zip: a part beyond the end': (field(b'a/data/0', 42, 2**31), refused),
        'zip: a part in the middle of another': (field(b'a/data/0', 42, 3), refused),
        'zip: an unknown compression': (field(b'a/data/0', 10, 77, '<H'), refused),
        'zip: names of 60,000 bytes': (field(b'a/data.pkl', 28, 60_000, '<H'), refused),
        'zip: extra fields of 60,000 bytes': (field(b'a/data.pkl', 30, 60_000, '<H'), refused),
        'zip: a list of members that is too long': (
            patched(lambda content: end(content, 12, b'\xff\xff\xff\x7f')),
            refused,
        ),
        'zip: a list of members elsewhere': (patched(lambda content: end(content, 16, b'\xff\xff\xff\x7f')), refused),
        'zip: a list of members of 64 bits': (patched(lambda content: end(content, 10, b'\xff' * 10)), refused),
        'zip: no list of members': (patched(lambda content: content.__delitem__(slice(-22, None))), refused),
        'zip: a comment after it': (patched(lambda content: content.extend(b'x' * 70_000)), refused),
        'zip: something before it': raw(b'PK\x03\x04' + bytes(100), BROKEN),
    }
