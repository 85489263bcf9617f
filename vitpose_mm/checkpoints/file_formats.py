"""Find the pickle and the tensors' bytes in the two formats that torch.save writes: zip, and the one before it."""

from __future__ import annotations

import io
import os
import struct
import sys
import zipfile
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from .pickle_records import (
    MAX_PICKLE,
    Damaged,
    ForbiddenContent,
    PickleStream,
    Record,
    Refused,
    StorageId,
    printable,
    read_pickle,
)
from .storages import STORAGES, Section

MAX_DIRECTORY = 8 * 2**20  # bytes of a zip file's list of members, about 60,000 tensors
MAGIC_NUMBER, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001  # the beginning of a file of before torch 1.6
Located = Iterator[tuple[str, Section]]
SAVE_AGAIN = 'save its state_dict again with torch.save where it comes from'


class Content(NamedTuple):
    """What a file holds.

    Attributes:
        root: the record of its pickle.
        sections: key of a storage -> its bytes.
    """

    root: Record
    sections: Mapping[str, Section]


def read_content(file: io.BufferedReader) -> Content:
    """Read what a file of torch.save holds, but for the tensors' bytes.

    Raises:
        Refused: it is not what torch.save writes, or something that weights do not need.
    """
    start = file.read(512)
    if start[:4] == b'PK\x03\x04':
        return _read_zip(file)
    if start[257:262] == b'ustar':
        raise Refused(f'it has the tar format of torch 0.1, which is no longer read: {SAVE_AGAIN}')
    file.seek(0)
    return _read_legacy(file)


class _ShortReads:
    """A file from which zipfile cannot read more at once than a checkpoint's list of members may take."""

    def __init__(self, file: io.BufferedReader) -> None:
        self._file, self.seek, self.tell, self.seekable = file, file.seek, file.tell, file.seekable

    def read(self, size: int = -1, /) -> bytes:
        """Read as a file does."""
        found = self._file.read(min(size if size >= 0 else sys.maxsize, MAX_DIRECTORY + 1))
        if len(found) > MAX_DIRECTORY:
            raise Refused(f'it is a zip file whose list of members takes more than {MAX_DIRECTORY:,} bytes')
        return found


def _read_zip(file: io.BufferedReader) -> Content:
    """Read the zip format: NAME/data.pkl, and NAME/data/KEY for each storage."""
    try:
        with zipfile.ZipFile(_ShortReads(file)) as archive:
            members, end = archive.infolist(), archive.start_dir
    except (zipfile.BadZipFile, ValueError, struct.error, NotImplementedError, OSError) as error:
        raise Damaged(printable(error)) from None
    sections = dict(_locate(file, members, end))
    stems = [name.removesuffix('/data.pkl') for name in sections if name.endswith('/data.pkl')]
    if len(stems) != 1:
        raise Damaged('a zip file of something else')
    stem = stems[0]
    if f'{stem}/constants.pkl' in sections:
        raise Refused(f'it is a TorchScript program: {SAVE_AGAIN}')
    order = _read_section(file, sections.get(f'{stem}/byteorder', Section(0, 0)))
    if order not in (b'', sys.byteorder.encode()):
        raise Refused(f'its numbers have the byte order of another kind of machine: {SAVE_AGAIN}')
    root, _ = read_pickle(io.BytesIO(_read_section(file, sections[f'{stem}/data.pkl'])))
    prefix = f'{stem}/data/'
    return Content(root, {name.removeprefix(prefix): one for name, one in sections.items() if name.startswith(prefix)})


def _locate(file: io.BufferedReader, members: list[zipfile.ZipInfo], end: int) -> Located:
    """Yield where the bytes of each member are, after checking that none is there twice or goes beyond ``end``."""
    names: set[str] = set()
    for member, following in _with_next(sorted(members, key=lambda one: one.header_offset), end):
        if member.compress_type != zipfile.ZIP_STORED or member.compress_size != member.file_size:
            raise Refused(
                f'its part {printable(member.filename)} is compressed, as torch.save never does: {SAVE_AGAIN}'
            )
        file.seek(max(member.header_offset, 0))
        header = file.read(30)
        wrong = member.header_offset < 0 or len(header) < 30 or header[:4] != b'PK\x03\x04'
        if wrong or member.flag_bits & 1 or member.filename in names:
            raise Damaged(f'its list of members is wrong at {printable(member.filename)}')
        offset = member.header_offset + 30 + sum(struct.unpack('<HH', header[26:30]))
        if offset + member.file_size > following:
            raise Damaged(f'{printable(member.filename)} reaches into what follows it')
        names.add(member.filename)
        yield member.filename, Section(offset, member.file_size)


def _with_next(members: list[zipfile.ZipInfo], end: int) -> Iterator[tuple[zipfile.ZipInfo, int]]:
    """Return the members by position, each with the position where the next one begins."""
    return zip(members, [*(member.header_offset for member in members[1:]), end], strict=True)


def _read_section(file: io.BufferedReader, section: Section) -> bytes:
    if section.nbytes > MAX_PICKLE:
        raise Refused(f'it has more than {MAX_PICKLE:,} bytes besides its tensors')
    file.seek(section.offset)
    return file.read(section.nbytes)


def _read_legacy(file: io.BufferedReader) -> Content:
    """Read the format before torch 1.6: magic number, version, machine, pickle, storage keys and bytes."""
    stream = PickleStream(file)
    try:
        magic, _ = read_pickle(stream)
    except ForbiddenContent:
        magic = None
    if type(magic) is not int or magic != MAGIC_NUMBER:
        raise ForbiddenContent('a plain Python pickle')
    protocol, _ = read_pickle(stream)
    machine, _ = read_pickle(stream)
    if type(protocol) is not int or protocol != PROTOCOL or type(machine) is not dict:
        raise Damaged('not a version that is known')
    if machine.get('little_endian') is not (sys.byteorder == 'little'):
        raise Refused(f'its numbers have the byte order of another kind of machine: {SAVE_AGAIN}')
    root, storages = read_pickle(stream)
    keys, _ = read_pickle(stream)
    if type(keys) is not list:
        raise Damaged('no list of its tensors')
    return Content(root, dict(_follow(file, keys, {one.key: one for one in storages})))


def _follow(
    file: io.BufferedReader, keys: list[Record], storages: Mapping[str, StorageId]
) -> Iterator[tuple[str, Section]]:
    """Yield where the bytes of each key are; the number of numbers is in front of them."""
    offset, end = file.tell(), os.fstat(file.fileno()).st_size
    for key in keys:
        storage = storages.get(key) if type(key) is str else None
        dtype = STORAGES.get(storage.kind.replace(' ', '.')) if storage else None
        file.seek(offset)
        header = file.read(8)
        if storage is None or dtype is None or len(header) < 8:
            raise Damaged(f'no numbers for {printable(key)}')
        section = Section(offset + 8, struct.unpack('<q', header)[0] * dtype.itemsize)
        offset = section.offset + section.nbytes
        if not section.offset <= offset <= end:
            raise Damaged('the file ends before its tensors do')
        yield storage.key, section
