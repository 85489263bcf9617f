"""Names that earlier allowlists let through."""

from __future__ import annotations

import struct
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
)

from .calls import code
from .case import BROKEN, ODD, PLAIN, Case, zipped


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
