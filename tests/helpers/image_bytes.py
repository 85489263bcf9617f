"""Bytes of image files made by hand: headers that claim data which is missing, and what no program writes."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Sequence

import numpy as np
from PIL import Image


def pixels(mode: str = 'RGB', size: tuple[int, int] = (64, 48)) -> Image.Image:
    """Return an image with a gradient, of a mode of Pillow and (width, height)."""
    y, x = np.mgrid[: size[1], : size[0]]
    if mode in ('I;16', 'I', 'F'):
        return Image.fromarray({'I;16': np.uint16, 'I': np.int32, 'F': np.float32}[mode](x * 900 + y))
    colours = np.stack((x * 3 % 256, y * 5 % 256, np.full_like(x, 77)), axis=-1).astype(np.uint8)
    return Image.fromarray(colours).convert(mode)


def encode(image: Image.Image, kind: str, **options: object) -> bytes:
    """Return the bytes of an image in a format of Pillow."""
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def oriented(orientation: object, kind: str = 'JPEG') -> bytes:
    """An image with this in the EXIF tag of its orientation."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encode(pixels(), kind, exif=exif)


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG file."""
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))


def png(width: int, height: int, *chunks: bytes, depth: int = 8, colour: int = 2) -> bytes:
    """A PNG file of this size, with chunks after its header; without any, of a few zeros."""
    header = chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, depth, colour, 0, 0, 0))
    body = chunks or (chunk(b'IDAT', zlib.compress(bytes(1000))),)
    return b'\x89PNG\r\n\x1a\n' + header + b''.join(body) + chunk(b'IEND', b'')


def solid_png(width: int, height: int, *, bits: int = 24) -> bytes:
    """A whole PNG file of one colour, of 24 bits or of 1 bit a pixel."""
    row = bytes(1 + -(-width * bits // 8))
    compressor = zlib.compressobj(1)
    data = b''.join(compressor.compress(row) for _ in range(height)) + compressor.flush()
    kind = {'depth': 8, 'colour': 2} if bits == 24 else {'depth': bits, 'colour': 0}
    return png(width, height, chunk(b'IDAT', data), **kind)


def webp(width: int, height: int, kind: bytes = b'VP8L') -> bytes:
    """The header of a WebP file of one of its three kinds."""
    bits = (width - 1 | height - 1 << 14).to_bytes(4, 'little')
    canvas = bytes(4) + (width - 1).to_bytes(3, 'little') + (height - 1).to_bytes(3, 'little')
    lossy = b'\x30\x01\x00\x9d\x01\x2a' + struct.pack('<HH', width, height)
    body = {b'VP8L': b'/' + bits + bytes(9), b'VP8X': canvas, b'VP8 ': lossy + bytes(10)}[kind]
    data = b'WEBP' + kind + struct.pack('<I', len(body)) + body
    return b'RIFF' + struct.pack('<I', len(data)) + data


def jpeg(width: int, height: int) -> bytes:
    """A JPEG file whose header is changed to this size."""
    content = bytearray(encode(pixels(), 'JPEG'))
    at = content.index(b'\xff\xc0')
    content[at + 5 : at + 9] = struct.pack('>HH', height, width)
    return bytes(content)


def many_scans(number: int, size: tuple[int, int]) -> bytes:
    """A progressive JPEG whose last scan stands there so often."""
    content = encode(Image.new('RGB', size), 'JPEG', progressive=True)
    last = content[content.rindex(b'\xff\xda') : -2]
    return content[:-2] + last * number + content[-2:]


def gif(width: int, height: int, frame: tuple[int, int] = (1, 1)) -> bytes:
    """A GIF file of this screen and of a frame of that size."""
    screen = b'GIF89a' + struct.pack('<HHBBB', width, height, 0x80, 0, 0) + bytes(6)
    return screen + b',' + struct.pack('<HHHHB', 0, 0, *frame, 0) + b'\x02\x02\x44\x01\x00;'


def tiff(entries: Sequence[tuple[int, int, int, int]]) -> bytes:
    """Return a TIFF file with entries (tag, type, count, value), and zeros after them."""
    fields = b''.join(struct.pack('<HHII', *entry) for entry in entries)
    return struct.pack('<2sHIH', b'II', 42, 8, len(entries)) + fields + bytes(4000)


def grey_tiff(widths: Sequence[int], heights: Sequence[int], **changed: int) -> bytes:
    """A grey TIFF file; with several widths the tag is there several times."""
    tags = {'bits': 8, 'compression': 1, 'offset': 200, 'channels': 1, 'rows': max(heights), 'bytes': 100} | changed
    numbers = (258, 259, 262, 273, 277, 278, 279)
    values = (tags['bits'], tags['compression'], 1, tags['offset'], tags['channels'], tags['rows'], tags['bytes'])
    sizes = [*((256, 4, 1, width) for width in widths), *((257, 4, 1, height) for height in heights)]
    return tiff([*sizes, *((tag, 4, 1, value) for tag, value in zip(numbers, values, strict=True))])


def tiled_tiff(*sides: int, big: bool = False) -> bytes:
    """A TIFF file of 16 x 16 pixels in square tiles; with several sides their tags are there several times."""
    tags = {256: 16, 257: 16, 258: 8, 259: 8, 262: 1, 277: 1, 324: 1500, 325: 500}
    tiles = [(tag, side) for tag in (322, 323) for side in sides]
    entries = sorted([*tags.items(), *tiles], key=lambda entry: entry[0])
    if not big:
        return tiff([(tag, 4, 1, value) for tag, value in entries])
    fields = b''.join(struct.pack('<HHQQ', tag, 4, 1, value) for tag, value in entries)
    return struct.pack('<2sHHHQQ', b'II', 43, 8, 0, 16, len(entries)) + fields + bytes(4000)


def bmp(width: int, height: int, *, bits: int = 24, compression: int = 0, data: bytes = bytes(100)) -> bytes:
    """A BMP file of this size and few bytes."""
    info = struct.pack('<IiiHHIIiiII', 40, width, height, 1, bits, compression, 0, 0, 0, 0, 0)
    start = 54 + (1024 if bits == 8 else 0)  # 256 colours
    return b'BM' + struct.pack('<IHHI', start + len(data), 0, 0, start) + info + bytes(start - 54) + data


def jp2(width: int, height: int) -> bytes:
    """A JPEG 2000 file whose boxes say its true size and whose codestream says this one."""
    content = bytearray(encode(pixels(), 'JPEG2000'))
    at = content.index(b'\xff\x4f\xff\x51') + 8
    content[at : at + 8] = struct.pack('>II', width, height)
    tile = at + 16
    content[tile : tile + 8] = struct.pack('>II', width, height)
    return bytes(content)
