"""Files that attack whoever opens them, each with what has to be said of it; ``marker`` is made where one ran code."""

from __future__ import annotations

import os
import pickle
import socket
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from tests.helpers.pickle_bytes import (
    FOUR,
    build,
    call,
    checkpoint,
    dct,
    lst,
    name,
    new,
    number,
    storage,
    tensor,
    text,
    tup,
    whole,
    write_legacy,
    write_zip,
)

Write = Callable[[Path], object]
# case: (how it is written, what the sentence says; None where the file is good)
Case = tuple[Write, str | None]
# attacks that are forgotten when they are popped: they were never more than a record
UNSEEN = (
    'REDUCE',
    'REDUCE eval',
    'REDUCE in Python 2',
    'NEWOBJ',
    'NEWOBJ_EX',
    'STACK_GLOBAL',
    'STACK_GLOBAL of a path',
    'BUILD',
    'BUILD of slots',
)
ODD, PLAIN, BROKEN = 'it asks for', None, 'is truncated, damaged or not a checkpoint'


def zipped(pickled: bytes, says: str | None, **kwargs: object) -> Case:
    """A pickle in today's format."""
    return lambda path: write_zip(path, pickled, **kwargs), says  # type: ignore[arg-type]


def raw(content: bytes, says: str | None) -> Case:
    """A file of these bytes."""
    return lambda path: path.write_bytes(content), says


def code(marker: Path) -> str:
    """Python that leaves a trace."""
    return f'open({str(marker)!r}, "w").close()'


def calls(marker: Path) -> dict[str, bytes]:
    """Ways to have the marker made, in every opcode that calls or builds."""
    system, command = name('posix', 'system'), text(f'touch {marker}')
    evaluate, program = name('builtins', 'eval'), text(code(marker))
    return {
        'REDUCE': call(system, command),
        'REDUCE eval': call(evaluate, program),
        'REDUCE in Python 2': call(name('__builtin__', 'eval'), program),
        'NEWOBJ': new(system, command),
        'NEWOBJ_EX': system + tup(command) + b'}\x92',
        'NEWOBJ_EX by name': system + b')' + dct({'command': command}) + b'\x92',
        'OBJ': b'(' + system + command + b'o',
        'INST': b'(' + command + b'iposix\nsystem\n',
        'STACK_GLOBAL': call(text('posix') + text('system') + b'\x93', command),
        'STACK_GLOBAL of a path': call(text('os') + text('path.os.system') + b'\x93', command),
        'EXT1': b'\x82\x01' + tup(command) + b'R',
        'EXT2': b'\x83\x01\x00' + tup(command) + b'R',
        'EXT4': b'\x84\x01\x00\x00\x00' + tup(command) + b'R',
        'BUILD': build(new(name('argparse', 'Namespace')), dct({'__class__': system, 'x': call(system, command)})),
        'BUILD of a class': build(name('argparse', 'Namespace'), dct({'__eq__': system})),
        'BUILD of slots': build(call(name('collections', 'OrderedDict')), tup(b'N', dct({'__reduce__': system}))),
        'BUILD twice': build(build(call(name('collections', 'OrderedDict')), dct({})), dct({'x': number(1)})),
        'PERSID': b'Posix.system\n',
        'BINPERSID': tup(text('module'), system, text('a.py'), text(code(marker))) + b'Q',
        'call of a call': call(call(name('builtins', 'getattr'), name('posix', 'system')), command),
        'call of a list': call(lst(), command),
        'call with a list': system + lst(command) + b'R',
        'DUP': system + b'2' + tup(command) + b'R0',
        'NEXT_BUFFER': b'\x97',
        'READONLY_BUFFER': b'B\x01\x00\x00\x00a\x98',
    }


def spots(attack: bytes) -> dict[str, bytes]:
    """Return a pickle for every position in a checkpoint where a value may be."""
    ordered, history = name('collections', 'OrderedDict'), name('mmengine.logging.history_buffer', 'HistoryBuffer')
    array = call(name('numpy.core.multiarray', '_reconstruct'), name('numpy', 'ndarray'), tup(number(0)), b'C\x01b')
    return {
        'root': whole(attack),
        'a value': checkpoint(meta=attack),
        'a list': checkpoint(meta=dct({'a': lst(attack)})),
        'a tuple': checkpoint(meta=dct({'a': tup(attack)})),
        'a key': checkpoint(meta=dct([(attack, number(1))])),
        'a set': checkpoint(meta=dct({'a': b'\x8f(' + attack + b'\x90'})),
        'a weight': whole(dct({'state_dict': dct({'weight': attack})})),
        'attributes': checkpoint(meta=build(call(ordered), dct({'_metadata': attack}))),
        'arguments': checkpoint(meta=call(ordered, attack)),
        'items': checkpoint(meta=call(ordered) + b'(' + attack + b'e'),
        'pairs': checkpoint(meta=call(ordered) + b'(' + text('a') + attack + b'u'),
        'the shape of a tensor': checkpoint(other=tensor(size=attack)),
        'the hooks of a tensor': checkpoint(other=tensor(hooks=attack)),
        'the storage of a tensor': checkpoint(other=tensor(source=attack)),
        'a description of a storage': checkpoint(other=tensor(source=storage(kind=attack))),
        'the state of an array': checkpoint(other=build(array, attack)),
        'a log': checkpoint(other=build(new(history), dct({'_log_history': attack, '_count_history': attack}))),
        'what is popped': checkpoint(other=attack + b'0' + number(1)),
        'what is kept': checkpoint(other=attack + b'q\x050h\x05'),
    }


def attacks(marker: Path) -> dict[str, Case]:
    """Every call at every place; what is popped again has not been called either."""
    found = {}
    for how, attack in calls(marker).items():
        for where, pickled in spots(attack).items():
            found[f'{how} as {where}'] = zipped(pickled, 'was not opened|' + BROKEN)
    for where, pickled in spots(calls(marker)['REDUCE']).items():
        found[f'REDUCE as {where}, old format'] = (
            lambda path, pickled=pickled: write_legacy(path, pickled),
            'was not opened|' + BROKEN,
        )
    for key in UNSEEN:
        found[f'{key} as what is popped'] = zipped(spots(calls(marker)[key])['what is popped'], PLAIN)
    found['REDUCE as what is popped, old format'] = (
        lambda path: write_legacy(path, spots(calls(marker)['REDUCE'])['what is popped']),
        PLAIN,
    )
    return found


def names_of_old_lists(marker: Path) -> dict[str, Case]:
    """Names that were once taken for harmless, by torch's list or ours."""
    history, getattribute = name('mmengine.logging.history_buffer', 'HistoryBuffer'), name('builtins', 'getattr')
    rebuild, space = name('torch._tensor', '_rebuild_from_type_v2'), new(name('argparse', 'Namespace'))
    array = call(name('numpy.core.multiarray', '_reconstruct'), name('numpy', 'ndarray'), tup(number(0)), b'C\x01b')
    current = call(getattribute, history, text('current'))

    def dtype(kind: str, order: str = '<') -> bytes:
        return build(call(name('numpy', 'dtype'), text(kind), b'\x89', b'\x88'), tup(number(3), text(order)))

    def numbers(kind: bytes, content: bytes, shape: int = 1) -> bytes:
        state = tup(number(1), tup(number(shape)), kind, b'\x89', b'B' + struct.pack('<I', len(content)) + content)
        return build(array, state)

    def log(values: bytes, counts: bytes, **state: bytes) -> bytes:
        return build(new(history), dct({'_log_history': values, '_count_history': counts, **state}))

    one = numbers(dtype('f8'), bytes(8))
    wanted = {
        'a call of what lies there': (call(rebuild, current, space, tup(lst()), b'N'), ODD),
        'an attribute of a text that is none': (call(getattribute, history, call(name('builtins', 'str'))), ODD),
        'an attribute by a list': (call(getattribute, history, lst(text('min'))), ODD),
        'an attribute of a Namespace': (call(getattribute, space, text('min')), ODD),
        '__class__ of a HistoryBuffer': (call(getattribute, history, text('__class__')), ODD),
        'a statistic alone': (current, PLAIN),
        'a Namespace as a class': (name('argparse', 'Namespace'), ODD),
        'a HistoryBuffer as a class': (history, ODD),
        'a HistoryBuffer that is called': (call(history, lst(), lst()), BROKEN),
        'a log with a statistic of its own': (
            log(one, one, max_length=number(9), statistics_methods=dct({'mean': name('torch', 'Tensor')})),
            ODD,
        ),
        'a log with other attributes': (log(one, one, max_length=number(9), mean=text('x')), PLAIN),
        'a log of no length': (log(one, one), BROKEN),
        'a log longer than it may be': (log(one, one, max_length=number(0)), BROKEN),
        'a log of texts': (log(text('a'), text('b'), max_length=number(9)), BROKEN),
        'a type of settings in settings': (call(name('mmengine.config.config', 'ConfigDict'), history), ODD),
        'set': (call(name('builtins', 'set'), lst(number(1))), PLAIN),
        'a set of lists': (call(name('builtins', 'set'), lst(lst())), 'was not opened'),
        'encode to rot13': (call(name('_codecs', 'encode'), text('abc'), text('rot13')), ODD),
        'encode of a number': (call(name('_codecs', 'encode'), number(1), text('latin1')), BROKEN),
        'a Counter of texts': (call(name('collections', 'Counter'), dct({'a': text('b')})), BROKEN),
        'a parameter of a text': (call(name('torch._utils', '_rebuild_parameter'), text('a'), b'\x88', b'N'), BROKEN),
        'a parameter with a state': (
            call(name('torch._utils', '_rebuild_parameter_with_state'), tensor(), b'\x88', b'N', dct({})),
            ODD,
        ),
        'a tensor of torch 0.1': (build(new(name('torch', 'FloatTensor')), tup(storage())), ODD),
        'a wrapper of a tensor': (call(name('torch._utils', '_rebuild_wrapper_subclass'), number(1)), ODD),
        'a tensor from numpy': (call(name('torch._utils', '_rebuild_device_tensor_from_numpy'), one), ODD),
        'a device that is none': (call(name('torch', 'device'), text('nowhere')), BROKEN),
        'a device by a name': (call(name('torch', 'device'), history), ODD),
        'a shape of texts': (call(name('torch', 'Size'), tup(text('a'))), BROKEN),
        'a type of numbers': (name('torch', 'float32'), PLAIN),
        'numpy.ndarray on bytes': (call(name('numpy', 'ndarray'), tup(number(1)), text('O'), b'C\x0812345678'), ODD),
        'numpy.load': (call(name('numpy', 'load'), text('x'), b'N', b'\x88'), ODD),
        'an array of another class': (
            build(call(name('numpy.core.multiarray', '_reconstruct'), history, tup(number(0)), b'C\x01b'), tup()),
            ODD,
        ),
        'an array with a state of four': (build(array, tup(number(1), tup(), dtype('f8'), b'\x89')), BROKEN),
        'an array without a state': (array, BROKEN),
        'an array that is larger than its bytes': (numbers(dtype('f8'), bytes(8), shape=10**9), BROKEN),
        'an array of a negative shape': (numbers(dtype('f8'), bytes(8), shape=-1), BROKEN),
        'an array in the other byte order': (numbers(dtype('f8', '>'), bytes(8)), PLAIN),
        'an array of no byte order': (numbers(dtype('f8', 'O'), bytes(8)), PLAIN),
        'a scalar of a record': (
            call(name('numpy.core.multiarray', 'scalar'), dtype('V8'), bytes(8)[:0] or b'C\0'),
            ODD,
        ),
        'a scalar without bytes': (call(name('numpy.core.multiarray', 'scalar'), dtype('f8'), b'C\x00'), BROKEN),
        'a scalar of a text': (call(name('numpy.core.multiarray', 'scalar'), text('f8'), b'C\x00'), BROKEN),
        **{
            f'an array of {kind}': (numbers(dtype(kind), bytes(8)), ODD)
            for kind in ('O', 'V8', 'U2', 'S8', 'M8', 'f4,f4')
        },
        **{
            f'{module}.{leaf}': (call(name(module, leaf), text(code(marker))), ODD)
            for module, leaf in (
                ('builtins', 'exec'),
                ('builtins', '__import__'),
                ('builtins', 'open'),
                ('builtins', 'bytearray'),
                ('builtins', 'object'),
                ('os', 'popen'),
                ('subprocess', 'getoutput'),
                ('importlib', 'import_module'),
                ('runpy', 'run_path'),
                ('timeit', 'timeit'),
                ('pdb', 'run'),
                ('code', 'interact'),
                ('torch', 'load'),
                ('torch.hub', 'load'),
                ('torch.jit', 'load'),
                ('torch.storage', '_load_from_bytes'),
                ('torch.serialization', '_get_layout'),
                ('torch.nn.parameter', 'Parameter'),
                ('mmengine.config.config', 'Config'),
                ('mmengine.fileio', 'load'),
                ('copyreg', '_reconstructor'),
                ('copyreg', '__newobj__'),
                ('functools', 'partial'),
                ('operator', 'attrgetter'),
                ('pickle', 'loads'),
                ('numpy.testing._private.utils', 'runstring'),
                ('yaml', 'unsafe_load'),
                ('vitpose_mm.checkpoints.reading', 'load_file'),
            )
        },
    }
    return {key: zipped(checkpoint(meta=dct({'a': value})), says) for key, (value, says) in wanted.items()}


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
    found['pickle: something behind its end'] = zipped(good + b'cposix\nsystem\n', PLAIN)
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
            'copies of it take many times',
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


def tensors() -> dict[str, Case]:
    """Tensors that do not fit their storage, and storages that do not fit the file."""
    large, inf = number(2**62), struct.pack('<4f', 1, float('inf'), 3, 4)
    int_storage, untyped = name('torch', 'IntStorage'), name('torch.storage', 'UntypedStorage')
    third = name('torch._utils', '_rebuild_tensor_v3')
    wanted = {
        'an offset beyond': tensor(offset=number(1)),
        'a negative offset': tensor(offset=number(-1)),
        'an offset of True': tensor(offset=b'\x88'),
        'a text as an offset': tensor(offset=text('0')),
        'an offset of 2**62': tensor(offset=large, size=tup(number(0))),
        'a shape beyond': tensor(size=tup(number(5))),
        'a negative shape': tensor(size=tup(number(-4))),
        'a list as a shape': tensor(size=lst(number(4))),
        'a number as a shape': tensor(size=number(4)),
        'a shape of 2**62': tensor(size=tup(large)),
        'a shape whose product overflows': tensor(size=tup(large, large, large), stride=tup(*[number(0)] * 3)),
        'no stride': tensor(stride=tup()),
        'a stride beyond': tensor(stride=tup(number(2))),
        'a negative stride': tensor(stride=tup(number(-1))),
        'a stride of 2**62': tensor(stride=tup(large)),
        'a stride of zero over 10**9': tensor(size=tup(number(10**9)), stride=tup(number(0))),
        'a text as a stride': tensor(stride=tup(text('1'))),
        'a float as a stride': tensor(stride=tup(b'G' + struct.pack('>d', 1.0))),
        'thirty dimensions': tensor(size=tup(*[number(1)] * 30), stride=tup(*[number(1)] * 30)),
        'another type of numbers': tensor(source=storage(kind=name('torch', 'DoubleStorage'))),
        'a smaller type of numbers': tensor(source=storage(kind=name('torch', 'HalfStorage'))),
        'no type of numbers': tensor(source=storage(kind=name('torch', 'QInt8Storage'))),
        'another class as a type': tensor(source=storage(kind=name('posix', 'system'))),
        'a text as a type': tensor(source=storage(kind=text('FloatStorage'))),
        'more numbers than there are': tensor(source=storage(numel=2**40)),
        'fewer numbers than there are': tensor(source=storage(numel=3)),
        'a negative number of numbers': tensor(source=storage(numel=-4)),
        'another storage': tensor(source=storage('7')),
        'a storage elsewhere in the file': tensor(source=storage('../data.pkl')),
        'a persistent id of a text': tensor(source=text('0') + b'Q'),
        'a persistent id of a number': tensor(source=number(0) + b'Q'),
        'a persistent id of one': tensor(source=tup(text('storage')) + b'Q'),
        'a persistent id of seven': tensor(source=tup(*[text('storage')] * 7) + b'Q'),
        'a persistent id in itself': tensor(source=tup(storage(), storage()) + b'Q'),
        'a view of a storage': tensor(
            source=tup(text('storage'), name('torch', 'FloatStorage'), text('0'), text('cpu'), number(4), tup()) + b'Q'
        ),
        'a bare storage': storage(),
        'a storage as hooks': tensor(hooks=storage()),
        'a tensor of seven with marks': tensor(more=dct({'conj': b'\x88'})),
        'a third kind without a type': call(third, storage(), number(0), tup(number(4)), tup(number(1))),
        'a third kind of a text': call(
            third, storage(), number(0), tup(number(4)), tup(number(1)), b'\x89', b'N', text('float32')
        ),
        'a third kind beyond': call(
            third,
            storage(kind=untyped, numel=16),
            number(0),
            tup(number(3)),
            tup(number(1)),
            b'\x89',
            b'N',
            name('torch', 'float64'),
        ),
        'a third kind of quantised numbers': call(
            third,
            storage(kind=untyped, numel=16),
            number(0),
            tup(number(4)),
            tup(number(1)),
            b'\x89',
            b'N',
            name('torch', 'qint32'),
        ),
    }
    refused = 'was not opened|' + BROKEN
    found = {f'tensor: {key}': zipped(checkpoint(other=value), refused) for key, value in wanted.items()}
    many = b'](' + tensor() * 20_000 + b'e'
    found['tensor: one storage 20,000 times'] = zipped(checkpoint(other=many), PLAIN)
    found['tensor: 1 MB 1,000 times'] = zipped(
        checkpoint(other=b'](' + tensor(source=storage('1', 2**18), size=tup(number(2**18))) * 1000 + b'e'),
        'copies of it take many times',
        data={'0': FOUR, '1': bytes(2**20)},
    )
    found['tensor: two types on one storage'] = zipped(
        checkpoint(other=tensor(source=storage(kind=int_storage))), PLAIN
    )
    found['tensor: infinity in a weight'] = zipped(
        checkpoint(), 'NaN or infinity in the weight weight', data={'0': inf}
    )
    found['tensor: infinity elsewhere'] = zipped(
        checkpoint(other=tensor(source=storage('1'))), PLAIN, data={'0': FOUR, '1': inf}
    )
    found['tensor: a device that is not there'] = zipped(
        checkpoint(other=tensor(source=storage('1', location='cuda:99'))), PLAIN, data={'0': FOUR, '1': FOUR}
    )
    return found


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
        'zip: a comment behind it': (patched(lambda content: content.extend(b'x' * 70_000)), refused),
        'zip: something before it': raw(b'PK\x03\x04' + bytes(100), BROKEN),
    }


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


def nested_subsets(levels: int) -> bytes:
    """A dict of two subsets, the same, which have two subsets, the same, and so on."""
    made = b'}q\xc8'
    for level in range(levels):
        kept = b'q' + bytes([201 + level])
        made = (
            b'}'
            + text('subsets')
            + b'}'
            + text('a')
            + made
            + b's'
            + text('b')
            + b'h'
            + bytes([200 + level])
            + b'ss'
            + kept
        )
    return b'}' + text('a') + made + b's'


def structures() -> dict[str, Case]:
    """Plain data that is not a checkpoint."""
    weights = dct({'weight': tensor()})
    wanted = {
        'a list': (lst(tensor()), 'holds a list'),
        'a tensor': (tensor(), 'holds a Tensor'),
        'a number': (number(3), 'holds a int'),
        'a list of weights': (dct({'state_dict': lst(tensor())}), 'holds a list under state_dict'),
        'a text as weights': (dct({'state_dict': text('a')}), 'holds a str under state_dict'),
        'a text as a weight': (dct({'state_dict': dct({'a': text('x')})}), 'holds a str as the weight a'),
        'weights by number': (dct({'state_dict': dct([(number(1), tensor())])}), 'holds the key 1 where'),
        'names that are numbers': (dct([(number(1), tensor())]), 'holds the key 1 where'),
        'a list as meta': (dct({'state_dict': weights, 'meta': lst()}), 'holds a list under meta'),
        'a text as a keypoint set': (
            dct({'state_dict': weights, 'meta': dct({'dataset_meta': text('coco')})}),
            'holds a str under meta.dataset_meta',
        ),
        'texts as sigmas': (
            dct({'state_dict': weights, 'meta': dct({'dataset_meta': dct({'sigmas': lst(text('a'))})})}),
            'holds a keypoint set or a log that is damaged',
        ),
        'colours that are not bytes': (
            dct({'state_dict': weights, 'meta': dct({'dataset_meta': dct({'keypoint_colors': lst(number(300))})})}),
            'holds a keypoint set or a log that is damaged',
        ),
        **{
            f'a keypoint set with {key} of {len(value)} bytes': (
                dct(
                    {
                        'state_dict': weights,
                        'meta': dct({'dataset_meta': dct({'num_keypoints': number(2), key: value})}),
                    }
                ),
                'holds a keypoint set or a log that is damaged',
            )
            for key, value in (
                ('num_keypoints', text('2')),
                ('num_keypoints', number(10**12)),
                ('dataset_name', lst()),
                ('flip_indices', lst(number(0), number(2))),
                ('flip_indices', lst(number(0))),
                ('flip_indices', text('ab')),
                ('flip_pairs', lst(number(0))),
                ('flip_pairs', lst(lst(number(0), number(7)))),
                ('skeleton_links', dct({})[:1] + text('a') + b'Ns'),
                ('sigmas', lst(b'G' + bytes(8))),
                ('sigmas', lst(text('x' * 10**7), *[text('y')] * 2000)),
                ('subsets', lst()),
                ('subsets', nested_subsets(20)),
                ('subsets', dct({'a': lst()})),
                ('subsets', dct({'a': dct({'num_keypoints': text('x')})})),
            )
        },
        'a log of a text': (
            dct(
                {
                    'state_dict': weights,
                    'message_hub': dct(
                        {
                            'log_scalars': dct(
                                {'a': dct({key: text('x') for key in ('log_history', 'count_history', 'max_length')})}
                            )
                        }
                    ),
                }
            ),
            'holds a keypoint set or a log that is damaged',
        ),
        'a text as an optimizer': (dct({'state_dict': weights, 'optimizer': text('x')}), 'holds a str under optimizer'),
    }
    return {f'structure: {key}': zipped(whole(value), says) for key, (value, says) in wanted.items()}


def safetensors_files() -> dict[str, Case]:
    """The other format."""

    def file(header: str | bytes, data: bytes = FOUR, length: int | None = None) -> bytes:
        head = header.encode() if isinstance(header, str) else header
        return struct.pack('<Q', len(head) if length is None else length) + head + data

    def one(dtype: str = 'F32', shape: object = '[4]', offsets: object = '[0,16]', key: str = 'w') -> str:
        return f'{{"{key}":{{"dtype":"{dtype}","shape":{shape},"data_offsets":{offsets}}}}}'

    wanted = {
        'good': (file(one()), PLAIN),
        'a header of 2**62': (file(one(), length=2**62), BROKEN),
        'a header of 90 MB': (file(one(), length=90 * 2**20), BROKEN),
        'a header beyond the end': (file(one(), length=1000), BROKEN),
        'no header': (b'\x01', BROKEN),
        'no JSON': (file('{"w":'), BROKEN),
        'no UTF-8': (file(b'\xff\xfe'), BROKEN),
        'deep JSON': (file('[' * 100_000), BROKEN),
        'a list': (file('[]'), BROKEN),
        'an unknown type': (file(one('F33')), BROKEN),
        'a shape that does not fit': (file(one(shape='[5]')), BROKEN),
        'a negative shape': (file(one(shape='[-4]')), BROKEN),
        'a shape that overflows': (file(one(shape='[4611686018427387904,4611686018427387904]')), BROKEN),
        'offsets beyond': (file(one(offsets='[0,1600]')), BROKEN),
        'offsets backwards': (file(one(offsets='[16,0]')), BROKEN),
        'a gap': (file(one(offsets='[4,20]'), FOUR + bytes(4)), BROKEN),
        'NaN': (file(one(), struct.pack('<4f', 0, 0, float('nan'), 0)), 'NaN or infinity in the weight w'),
        'an unprintable name': (file(one(key='a\\u001b')), 'cannot be printed'),
    }
    return {f'safetensors: {key}': raw(content, says) for key, (content, says) in wanted.items()}


def all_cases(marker: Path) -> dict[str, Case]:
    """Every hostile file, and some good ones in odd dress."""
    return {
        **attacks(marker),
        **names_of_old_lists(marker),
        **broken_pickles(),
        **containers(),
        **tensors(),
        **zip_files(),
        **old_format(marker),
        **not_files(),
        **structures(),
        **safetensors_files(),
    }
