"""Pickles that call, in every opcode and at every position."""

from __future__ import annotations

from pathlib import Path

from tests.helpers.pickle_bytes import (
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
)

from .case import BROKEN, PLAIN, Case, zipped

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
