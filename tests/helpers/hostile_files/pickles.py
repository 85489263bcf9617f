"""Pickles that are damaged, and containers that are too many, too deep or in themselves."""

from __future__ import annotations

import struct

from tests.helpers.pickle_bytes import (
    call,
    checkpoint,
    dct,
    lst,
    name,
    number,
    tensor,
    text,
    tup,
    whole,
)

from .case import BROKEN, ODD, PLAIN, Case, zipped


def broken_pickles() -> dict[str, Case]:
    """Opcodes that promise more than there is, or take more than there is."""
    huge = struct.pack('<Q', 2**62)
    bodies = {
        'BINUNICODE8': b'\x8d' + huge + b'abc',
        'BINBYTES8': b'\x8e' + huge + b'abc',
        'BYTEARRAY8': b'\x96' + huge + b'abc',
        'BINUNICODE': b'X\xff\xff\xff\xff' + b'abc',
        'BINBYTES': b'B\xff\xff\xff\xff' + b'abc',
        'BINSTRING': b'T\xff\xff\xff\x7fabc',
        'BINSTRING of a negative length': b'T\xff\xff\xff\xffabc',
        'LONG4': b'\x8b\xff\xff\xff\x7fabc',
        'LONG4 of a negative length': b'\x8b\xff\xff\xff\xffabc',
        'GLOBAL without its end': b'cposix\nsystem',
        'GLOBAL of a very long name': b'c' + b'a' * 10**6 + b'\nb\n',
        'a surrogate': b'X\x03\x00\x00\x00\xed\xa0\x80',
        'no UTF-8': b'X\x01\x00\x00\x00\xff',
        'an unknown opcode': b'\xff',
        'text opcodes': b'I1\n',
        'a text number': b'L' + b'9' * 10**6 + b'L\n',
        'a memo that is empty': b'h\x07',
        'a large memo that is empty': b'j\xff\xff\xff\xff',
        'TUPLE without a mark': b't',
        'TUPLE3 of two': number(1) + number(2) + b'\x87',
        'TUPLE1 of a mark': b'(\x85',
        'POP of nothing': b'0',
        'POP of a mark, TUPLE': b'(0t',
        'APPEND to a number': number(1) + number(2) + b'a',
        'APPENDS to a tuple': b')(' + number(1) + b'e',
        'SETITEM of a list': b']' + number(1) + number(2) + b's',
        'SETITEMS of three': b'}(' + number(1) * 3 + b'u',
        'ADDITEMS to a dict': b'}(' + number(1) + b'\x90',
        'BUILD of a dict': b'}' + dct({'a': number(1)}) + b'b',
        'BUILD of nothing': b'b',
        'REDUCE of nothing': b'R',
        'STACK_GLOBAL of numbers': number(1) + number(2) + b'\x93',
        'MEMOIZE of nothing': b'\x94',
        'two values': number(1) + number(2),
        'no value': b'',
        'a mark that stays': number(1) + b'(',
    }
    found = {f'pickle: {key}': zipped(whole(body), 'was not opened|' + BROKEN) for key, body in bodies.items()}
    for protocol in (6, 99, 255):
        found[f'pickle: protocol {protocol}'] = zipped(whole(dct({}), protocol), BROKEN)
    good = checkpoint()
    for length in (0, 1, 2, 5, 20, len(good) // 2, len(good) - 1):
        found[f'pickle: cut after {length}'] = zipped(good[:length], BROKEN)
    found['pickle: PUT of 2**60'] = zipped(whole(dct({}) + b'p1152921504606846976\n'), ODD)
    found['pickle: LONG_BINPUT of 2**32 - 1'] = zipped(whole(dct({'w': tensor()}) + b'r\xff\xff\xff\xff'), PLAIN)
    found['pickle: FRAME of 2**62'] = zipped(whole(b'\x95' + huge + dct({'w': tensor()}), 4), PLAIN)
    found['pickle: FRAME within FRAME'] = zipped(whole((b'\x95' + huge) * 9 + dct({'w': tensor()}), 4), PLAIN)
    found['pickle: something after its end'] = zipped(good + b'cposix\nsystem\n', PLAIN)
    found['pickle: protocols within'] = zipped(whole(b'\x80\x05' + dct({'w': b'\x80\x03' + tensor()})), PLAIN)
    return found


def containers() -> dict[str, Case]:
    """Trees that are deep, wide, shared or hold themselves, and dicts that would be slow."""
    shared, pairs = (
        b'}q\x000',
        b')q\x000',
    )  # each is put into the memo, taken from the stack, and put twice into the next
    for level in range(40):
        inner, kept = b'h' + bytes([level]), b'q' + bytes([level + 1]) + b'0'
        shared += b'}' + text('a') + inner + b's' + text('b') + inner + b's' + kept
        pairs += inner + inner + b'\x86' + kept
    shared, pairs = shared + b'h\x28', pairs + b'h\x28'
    flood = b''.join(number(n * (2**61 - 1)) + b'N' for n in range(1, 200_000))
    wanted = {
        'a list in itself': (b']q\x00h\x00a', BROKEN),
        'a dict in itself': (b'}q\x00' + text('a') + b'h\x00s', BROKEN),
        'a dict in a tuple in itself': (b'}q\x00' + text('a') + b'h\x00\x85s', BROKEN),
        'an OrderedDict in itself': (
            call(name('collections', 'OrderedDict')) + b'q\x00' + text('a') + b'h\x00s',
            BROKEN,
        ),
        'a call of which it is an argument': (
            b']q\x00' + call(name('collections', 'OrderedDict'), b'h\x00') + b'a',
            BROKEN,
        ),
        '40 nested dicts, twice each': (shared, 'unfold to more than'),
        '40 nested pairs': (pairs, 'unfold to more than'),
        'a tuple of depth 100,000': (b')' + b'\x85' * 100_000, 'containers in one another'),
        'a list of depth 100,000': (b']' * 100_000 + b'a' * 99_999, 'containers in one another'),
        'a dict of depth 50,000': (
            (b'}' + text('a')) * 50_000 + b'N' + b's' * 50_000,
            'containers in one another',
        ),
        'a tuple of depth 100,000 as a key': (b'}' + b')' + b'\x85' * 100_000 + b'Ns', 'a tuple as a key'),
        'a list as a key': (dct([(lst(), b'N')]), 'a list as a key'),
        'a tensor as a key': (dct([(tensor(), b'N')]), 'a Call as a key'),
        'an unprintable key': (dct({'a\n\x1b[31m': b'N'}), 'cannot be printed'),
        'a key of 2**100': (dct([(number(2**100), b'N')]), 'very large number as a key'),
        'keys of one hash': (b'}(' + flood + b'u', 'very large number as a key'),
        'NaN as keys': (b'}(' + (b'G' + struct.pack('>d', float('nan')) + b'N') * 20_000 + b'u', PLAIN),
        'a number of 100,000 digits': (number(10**100_000), 'a number of'),
        '1,100,000 lists': (b'](' + b']' * 1_100_000 + b'e', 'more than 1,000,000 steps'),
        '900,000 sets': (b'](' + b'\x8f' * 900_000 + b'e', PLAIN),
        '900,000 dicts': (b'](' + b'}' * 900_000 + b'e', 'more than 300,000 containers'),
        '400,000 marks': (b'(' * 400_000 + b'1' * 400_000 + b'N', PLAIN),
        '200,000 calls': (b'](' + call(name('collections', 'OrderedDict')) * 200_000 + b'e', PLAIN),
        'one text 1,000 times as bytes': (
            text('a' * 10**6) + b'q\x000](' + call(name('_codecs', 'encode'), b'h\x00', text('latin1')) * 1000 + b'e',
            'copies of its data that take many times',
        ),
        'one name of 10^7 letters 2,000 times': (
            text('a' * 10**7) + b'q\x000](' + b'h\x00h\x00\x93' * 2000 + b'e',
            'asks for the long name a',
        ),
        'one key of 10^6 letters 300,000 times': (
            text('a' * 10**6) + b'q\x000}(' + b'h\x00N' * 300_000 + b'u',
            'of 1,000,000 letters',
        ),
        'one storage of a name of 10^6 letters 2,000 times': (
            b'B'
            + struct.pack('<I', 10**6)
            + b'a' * 10**6
            + b'q\x000]('
            + (tup(text('storage'), name('torch', 'FloatStorage'), b'h\x00', text('cpu'), number(4)) + b'Q') * 2000
            + b'e',
            BROKEN,
        ),
    }
    return {key: zipped(checkpoint(meta=dct({'a': value})), says) for key, (value, says) in wanted.items()}
