"""Faults of the parts of an annotation file, of ids, of images and of its bytes."""

from __future__ import annotations

from typing import Any

from .fault import (
    HUGE,
    INF,
    MISSING,
    NAN,
    Change,
    Fault,
    add,
    change_each,
    harmless,
    noted,
    put,
    put_all,
    put_part,
    refused,
    show,
)

PARTS = ('images', 'annotations', 'categories')
IDS = (
    *(('images', 'id'), ('annotations', 'id'), ('categories', 'id')),
    *(('annotations', 'image_id'), ('annotations', 'category_id')),
)


def _whole(value: Any) -> Change:
    return lambda content: value


def parts() -> list[Fault]:
    """Return faults of whole parts."""
    faults = []
    for part in PARTS:
        faults += [
            refused(f'{part} missing', put_part(part, MISSING), rf"no {part}|no '{part}'"),
            refused(f'{part} empty', put_part(part, []), 'empty list|no usable person'),
            refused(f'{part} by id', put_part(part, {'1': {'id': 1}}), f"'{part}' are one object"),
            *(refused(f'{part} {show(v)}', put_part(part, v), f"'{part}' are") for v in (None, {}, 'x', 5, True)),
            *(refused(f'{show(v)} in {part}', add(part, v), f"of its '{part}' is") for v in (None, [], 'x', 5)),
        ]
    for value in ([], [{}], 'x', 5, 0, True, {}):
        faults.append(refused(f'whole file is {show(value)}', _whole(value), 'it is a list|it holds|it has no'))
    faults.append(refused('only the info', _whole({'info': {}, 'licenses': []}), "no '?(images|annotations)"))
    return faults


def ids() -> list[Fault]:
    """Return faults of ids, and of references to them."""
    faults = []
    for part, key in IDS:
        index = 0 if part == 'categories' else 2
        name = f'{part} {key}'
        for value in (MISSING, None, '3', 'im3', '', 1.5, NAN, INF, True, [3], {'a': 1}, -1, 2**60, 1e300, HUGE):
            faults.append(refused(f'{name} {show(value)}', put(part, key, value, index=index), f"{key}'"))
        floats = change_each(part, lambda one, key=key: {key: float(one[key])})  # type: ignore[misc]
        faults.append(noted(f'{name} as floats', floats, 'written as 3.0'))
    for part in ('images', 'annotations'):
        faults.append(refused(f'{part} ids again', put_all(part, 'id', 1), f"6 of its '{part}' have the id 1"))
        faults.append(
            refused(f'two {part} of an id', lambda c, p=part: c[p].append(dict(c[p][2])), f"2 of its '{part}' have")
        )
    number = iter(range(10**6))
    return [
        *faults,
        refused('two categories of an id', add('categories', {'id': 1, 'name': 'b'}), "2 of its 'categories' have the"),
        noted('image of nobody', put('annotations', 'image_id', 999), 'left out: 1 of an image that', 5),
        refused('all of other images', put_all('annotations', 'image_id', 999), 'no usable person .* 6 of an image'),
        noted('unknown category', put('annotations', 'category_id', 9), '1 of a category that the file does not', 5),
        refused('all of an unknown category', put_all('annotations', 'category_id', 9), '6 of a category'),
        harmless('annotation id 0', put('annotations', 'id', 0)),
        harmless('ids from 0', change_each('annotations', lambda one: {'id': next(number)})),
    ]


def images() -> list[Fault]:
    """Return faults of image sizes and file names."""
    faults = []
    for side in ('width', 'height'):
        for value in (MISSING, None, 0, -5, NAN, INF, '160', [160], True, 1e300, HUGE):
            faults.append(refused(f'{side} {show(value)}', put('images', side, value), f'has {side}'))

    def names(values: tuple, said: str) -> list[Fault]:
        return [refused(f'file_name {show(value)}', put('images', 'file_name', value), said) for value in values]

    unreadable = ('gone.png', 'a\0b.png', '\ud800.png', 'x' * 5000, '.', 'no/such/folder.png', 'train_2.PNG', 'a\nb')
    return [
        *faults,
        *names((MISSING, None, '', '  ', 5, [], {}, True), 'has file_name'),
        *names(('/etc/passwd', '../x.png', 'a/../../x.png', '..', '/', '/tmp'), 'not inside the image folder'),
        *names(('http://a.b/c.png', 's3://bucket/c.png', 'file:///etc/passwd'), 'an address'),
        *names(unreadable, '1 of its 6 images in use cannot be read'),
        refused('sides swapped', change_each('images', lambda one: {'width': 120, 'height': 160}), 'have another size'),
        refused('sizes of larger images', put_all('images', 'width', 1600), 'is 160 x 120 pixels and listed as 1600'),
        noted('Windows', change_each('images', lambda one: {'file_name': '.\\' + one['file_name']}), 'has backslashes'),
        harmless('image without people', add('images', {'id': 77, 'file_name': 'gone.png', 'width': 5, 'height': 5})),
    ]


NOT_WHOLE = 'not a whole JSON file .*copy it again'
BYTES: list[tuple[str, bytes, str]] = [
    ('empty', b'', 'is empty'),
    ('spaces', b'  \n\n ', 'is empty'),
    ('zeros', b'\0' * 5000, 'zero bytes'),
    ('an image', b'\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'zero bytes'),
    ('Latin-1', '{"images": ["Übung"]}'.encode('latin-1'), 'not text'),
    ('deep lists', b'[' * 200_000, 'too deep'),
    ('deep objects', b'{"a":' * 200_000, 'too deep'),
    ('a number of 9999 digits', b'{"images": ' + b'9' * 9999 + b'}', NOT_WHOLE),
    ('a comma too many', b'{"images": [],}', NOT_WHOLE),
    ('two objects', b'{}{}', NOT_WHOLE),
    ('JSON lines', b'{"a": 1}\n{"a": 2}\n', NOT_WHOLE),
    ('single quotes', b"{'images': []}", NOT_WHOLE),
    ('a page of HTML', b'<!DOCTYPE html><html></html>', NOT_WHOLE),
    ('YAML', b'images:\n  - id: 1\n', NOT_WHOLE),
    ('a pickle', b'\x80\x04]\x94.', 'not text|zero bytes'),
    ('gzip', b'\x1f\x8b\x08\0\0\0', 'zero bytes|not text'),
    ('a pointer of Git LFS', b'version https://git-lfs.github.com/spec/v1\noid sha256:0\n', NOT_WHOLE),
    ('UTF-16 cut', '{"images": ['.encode('utf-16')[:-1], 'not text|not a whole'),
]
