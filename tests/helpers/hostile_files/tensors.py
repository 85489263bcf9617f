"""Tensors that lie about sizes, strides and storages, and safetensors files that do."""

from __future__ import annotations

import struct

from tests.helpers.pickle_bytes import (
    FOUR,
    call,
    checkpoint,
    dct,
    lst,
    name,
    number,
    storage,
    tensor,
    text,
    tup,
)

from .case import BROKEN, PLAIN, Case, raw, zipped


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
        'copies of its data that take many times',
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
    found['tensor: a device that does not exist'] = zipped(
        checkpoint(other=tensor(source=storage('1', location='cuda:99'))), PLAIN, data={'0': FOUR, '1': FOUR}
    )
    return found


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
