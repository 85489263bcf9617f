"""Faults of annotation files by name: what is changed in a good file, and what is said of it.

A fault is refused ('error'), or something is left out or corrected and said ('note'), or it does no harm ('harmless':
the same people are trained on and scored).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

NAN, INF = float('nan'), float('inf')
MISSING = object()


class Fault(NamedTuple):
    """One fault.

    Attributes:
        name: Of the fault.
        change: Takes the content of a file; changes it, or returns another.
        outcome: 'error', 'note' or 'harmless'.
        said: Regular expression of what is said.
        left: People that stay of 6.
    """

    name: str
    change: Callable[[dict], Any]
    outcome: str
    said: str = ''
    left: int = 6


def show(value: Any) -> str:
    """Value -> its name in a test."""
    return 'missing' if value is MISSING else repr(value)[:24]


def put(part: str, key: str, value: Any, *, index: int = 2) -> Callable[[dict], None]:
    """Return what sets a key of one object of a part, or removes it."""

    def change(content: dict) -> None:
        if value is MISSING:
            del content[part][index][key]
        else:
            content[part][index][key] = value

    return change


def put_all(part: str, key: str, value: Any) -> Callable[[dict], None]:
    """Return what sets a key of all objects of a part, or removes it."""

    def change(content: dict) -> None:
        for index in range(len(content[part])):
            put(part, key, value, index=index)(content)

    return change


def put_number(key: str, place: int, value: Any, *, index: int = 2) -> Callable[[dict], None]:
    """Return what sets one number in a list of an annotation."""

    def change(content: dict) -> None:
        content['annotations'][index][key][place] = value

    return change


def put_unlabelled(value: Any) -> Callable[[dict], None]:
    """Return what gives an unlabelled keypoint these coordinates."""

    def change(content: dict) -> None:
        content['annotations'][2]['keypoints'][3:6] = [value, value, 0]

    return change


def _parts() -> list[Fault]:
    faults = []
    for part in ('images', 'annotations', 'categories'):
        faults += [
            Fault(f'{part} missing', lambda c, p=part: c.pop(p) and None, 'error', rf"no {part}|no '{part}'"),
            Fault(f'{part} empty', lambda c, p=part: c[p].clear(), 'error', 'empty list|no usable person'),
            Fault(f'{part} by id', lambda c, p=part: c.update({p: {str(i): x for i, x in enumerate(c[p])}}), 'error', f"'{part}' are one object"),
        ]  # fmt: skip
        for value in (None, {}, 'x', 5, True):
            faults.append(
                Fault(f'{part} {show(value)}', lambda c, p=part, v=value: c.update({p: v}), 'error', f"'{part}' are")
            )
        for value in (None, [], 'x', 5):
            faults.append(
                Fault(
                    f'one of {part} is {show(value)}',
                    lambda c, p=part, v=value: c[p].append(v),
                    'error',
                    f"of its '{part}' is",
                )
            )
    for value in ([], [{}], 'x', 5, None, True, {}):
        faults.append(
            Fault(
                f'whole file is {show(value)}',
                lambda c, v=value: v if v is not None else 0,
                'error',
                'it is a list|it holds|it has no',
            )
        )
    faults.append(Fault('only the info', lambda c: {'info': {}, 'licenses': []}, 'error', "no '?(images|annotations)"))
    return faults


def _ids() -> list[Fault]:
    faults = []
    bad = (MISSING, None, '3', 'im3', '', 1.5, NAN, INF, True, [3], {'a': 1}, -1, 2**60, 1e300)
    for part, key in (
        ('images', 'id'),
        ('annotations', 'id'),
        ('categories', 'id'),
        ('annotations', 'image_id'),
        ('annotations', 'category_id'),
    ):
        index = 0 if part == 'categories' else 2
        for value in bad:
            faults.append(Fault(f'{part} {key} {show(value)}', put(part, key, value, index=index), 'error', f"{key}'"))
    for part in ('images', 'annotations'):
        faults.append(Fault(f'{part} ids anew', put_all(part, 'id', 1), 'error', f"6 of its '{part}' have the id 1"))
        faults.append(
            Fault(
                f'two {part} of an id',
                lambda c, p=part: c[p][2].update(id=c[p][3]['id']),
                'error',
                f"2 of its '{part}' have the id",
            )
        )
    faults.append(
        Fault(
            'two categories of an id',
            lambda c: c['categories'].append(dict(c['categories'][0])),
            'error',
            "2 of its 'categories' have the id 1",
        )
    )
    floats = lambda c, p, k: [one.update({k: float(one[k])}) for one in c[p]] and None  # noqa: E731
    for part, key in (
        ('images', 'id'),
        ('annotations', 'id'),
        ('categories', 'id'),
        ('annotations', 'image_id'),
        ('annotations', 'category_id'),
    ):
        faults.append(
            Fault(f'{part} {key} as floats', lambda c, p=part, k=key: floats(c, p, k), 'note', 'written as 3.0')
        )
    faults += [
        Fault('image of nobody', put('annotations', 'image_id', 999), 'note', '1 of 6 annotations are left out: 1 of an image that', 5),
        Fault('all of other images', put_all('annotations', 'image_id', 999), 'error', 'no usable person .* 6 of an image that'),
        Fault('unknown category', put('annotations', 'category_id', 9), 'note', '1 of a category that the file does not list', 5),
        Fault('all of an unknown category', put_all('annotations', 'category_id', 9), 'error', '6 of a category'),
        Fault('annotation id 0', put('annotations', 'id', 0), 'harmless'),
        Fault('ids from 0', lambda c: [a.update(id=i) for i, a in enumerate(c['annotations'])] and None, 'harmless'),
    ]  # fmt: skip
    return faults


def _images() -> list[Fault]:
    faults = []
    for side in ('width', 'height'):
        for value in (MISSING, None, 0, -5, NAN, INF, '160', [160], True, 1e300):
            faults.append(Fault(f'{side} {show(value)}', put('images', side, value), 'error', f'has {side}'))
    for value in (MISSING, None, '', '  ', 5, [], {}, True):
        faults.append(Fault(f'file_name {show(value)}', put('images', 'file_name', value), 'error', 'has file_name'))
    outside = ('/etc/passwd', '../x.png', 'a/../../x.png', '..', '/', '/tmp')
    for value in outside:
        faults.append(
            Fault(f'file_name {show(value)}', put('images', 'file_name', value), 'error', 'not inside the image folder')
        )
    for value in ('http://a.b/c.png', 's3://bucket/c.png', 'file:///etc/passwd'):
        faults.append(Fault(f'file_name {show(value)}', put('images', 'file_name', value), 'error', 'an address'))
    for value in (
        'gone.png',
        'a\0b.png',
        '\ud800.png',
        'x' * 5000,
        '.',
        'no/such/folder.png',
        'train_2.PNG',
        'a\nb.png',
        '\u202egnp.png',
    ):
        faults.append(
            Fault(
                f'file_name {show(value)}',
                put('images', 'file_name', value),
                'error',
                '1 of its 6 images in use cannot be read',
            )
        )
    faults += [
        Fault('sides swapped', lambda c: [i.update(width=120, height=160) for i in c['images']] and None, 'error', 'have another size'),
        Fault('sizes of larger images', put_all('images', 'width', 1600), 'error', 'is 160 x 120 pixels and listed as 1600 x 120'),
        Fault('Windows separators', lambda c: [i.update(file_name='.\\' + i['file_name']) for i in c['images']] and None, 'note', 'has backslashes'),
        Fault('image without people', lambda c: c['images'].append({'id': 77, 'file_name': 'gone.png', 'width': 5, 'height': 5}), 'harmless'),
    ]  # fmt: skip
    return faults


def _boxes() -> list[Fault]:
    faults = []
    for value in (
        [1, 2, 3],
        [1, 2, 3, 4, 5],
        'x',
        {'x': 1},
        5,
        True,
        [[1, 2], [3, 4]],
        ['1', '2', '3', '4'],
        [1, 2, 3, [4]],
    ):
        faults.append(
            Fault(f'bbox {show(value)}', put('annotations', 'bbox', value), 'error', 'annotation .*its bbox is')
        )
    for value in (MISSING, None, []):
        faults.append(
            Fault(
                f'bbox {show(value)}',
                put('annotations', 'bbox', value),
                'note',
                '1 of 6 annotations are left out: 1 with no box',
                5,
            )
        )
        faults.append(Fault(f'all bbox {show(value)}', put_all('annotations', 'bbox', value), 'error', '6 with no box'))
    for place in range(4):
        for value in (NAN, INF, -INF, None, 1e300, 10**400):
            faults.append(
                Fault(
                    f'bbox[{place}] {show(value)}',
                    put_number('bbox', place, value),
                    'note',
                    '1 with a box of numbers that are not finite',
                    5,
                )
            )
    faults.append(Fault('all boxes NaN', put_all('annotations', 'bbox', [NAN] * 4), 'error', '6 with a box of numbers'))
    for place, name in ((2, 'width'), (3, 'height')):
        faults += [
            Fault(f'{name} of box 0', put_number('bbox', place, 0), 'note', '1 with a box of no width or height', 5),
            Fault(f'{name} of box negative', put_number('bbox', place, -40), 'note', '1 with a box of negative', 5),
        ]
    for value in (
        [500, 5, 40, 40],
        [-90, 5, 40, 40],
        [5, 500, 40, 40],
        [5, -90, 40, 40],
        [159, 5, 40, 40],
        [5, 119.5, 40, 40],
    ):
        faults.append(
            Fault(
                f'box outside {show(value)}',
                put('annotations', 'bbox', value),
                'note',
                '1 with a box outside the image',
                5,
            )
        )
    faults += [
        Fault('boxes upside down', lambda c: [a.update(bbox=[a['bbox'][0], a['bbox'][1] + 70, 60, -70]) for a in c['annotations']] and None, 'error', '6 with a box of negative'),
        Fault('boxes in shares', lambda c: [a.update(bbox=[x / 1000 for x in a['bbox']]) for a in c['annotations']] and None, 'error', 'in pixels, not in shares'),
        Fault('boxes as corners', lambda c: [a.update(bbox=[90, 70, 150, 118]) for a in c['annotations']] and None, 'note', 'end outside their image'),
        Fault('boxes in other pixels', lambda c: [a.update(bbox=[x / 10 for x in a['bbox']]) for a in c['annotations']] and None, 'note', '6 of 6 people have no labelled keypoint in their box'),
        Fault('box partly outside', put('annotations', 'bbox', [-20, -10, 100, 100]), 'harmless'),
    ]  # fmt: skip
    return faults


def _keypoints() -> list[Fault]:
    faults = []
    for value in (MISSING, None, []):
        faults.append(
            Fault(f'keypoints {show(value)}', put('annotations', 'keypoints', value), 'note', '1 with no keypoints', 5)
        )
        faults.append(
            Fault(
                f'all keypoints {show(value)}',
                put_all('annotations', 'keypoints', value),
                'error',
                '6 with no keypoints',
            )
        )
    triplets = [[10, 10, 2]] * 5
    for value in ('x', 5, True, {'nose': [1, 2]}):
        faults.append(
            Fault(f'keypoints {show(value)}', put('annotations', 'keypoints', value), 'error', 'its keypoints are')
        )
    faults += [
        Fault('keypoints nested', put_all('annotations', 'keypoints', triplets), 'error', 'numbers for keypoints|as one list'),
        Fault('keypoints nested in 15', put('annotations', 'keypoints', triplets * 3), 'error', 'as one list of numbers'),
        Fault('x, y alone', put_all('annotations', 'keypoints', [10, 10] * 5), 'error', 'x, y without visibility'),
        Fault('a number too many', lambda c: c['annotations'][2]['keypoints'].append(1), 'error', '16 numbers for keypoints'),
        Fault('a keypoint too few in one', lambda c: c['annotations'][2].update(keypoints=c['annotations'][2]['keypoints'][:12]), 'error', '5 and 4 keypoints'),
        Fault('a keypoint too few in all', lambda c: [a.update(keypoints=a['keypoints'][:12]) for a in c['annotations']] and None, 'error', 'it has 4 keypoints a person, the metainfo of CocoDataset has 5'),
        Fault('a keypoint too many in all', lambda c: [a.update(keypoints=[*a['keypoints'], 1, 1, 2]) for a in c['annotations']] and None, 'error', 'has 6 keypoints a person'),
        Fault('keypoints as strings', lambda c: [a.update(keypoints=list(map(str, a['keypoints']))) for a in c['annotations']] and None, 'error', 'its keypoints are'),
        Fault('a keypoint in a list', put_number('keypoints', 0, [5]), 'error', 'its keypoints are'),
        Fault('a keypoint as a string', put_number('keypoints', 0, '5'), 'error', 'its keypoints are'),
        Fault('a very long string', put_number('keypoints', 0, 'x' * 2_000_000), 'error', 'its keypoints are'),
    ]  # fmt: skip
    for place in (0, 1):
        for value in (NAN, INF, -INF, None, 1e300, 10**400):
            faults.append(
                Fault(
                    f'keypoints[{place}] {show(value)}',
                    put_number('keypoints', place, value),
                    'note',
                    '1 with a keypoint that is not two finite',
                    5,
                )
            )
    for value in (NAN, INF, None, 1e300):
        faults.append(Fault(f'unlabelled keypoint {show(value)}', put_unlabelled(value), 'note', 'read as 0'))
    for value in (NAN, INF, None):
        faults.append(
            Fault(f'visibility {show(value)}', put_number('keypoints', 2, value), 'note', '1 with a visibility', 5)
        )
    for value in (3, -1, 0.5, 0.93, 100, 1e300):
        faults.append(
            Fault(
                f'visibility {show(value)}',
                put_number('keypoints', 2, value),
                'error',
                r'annotation \d+: keypoint 1 has visibility',
            )
        )
    faults += [
        Fault('visibility as a string', put_number('keypoints', 2, '2'), 'error', 'its keypoints are'),
        Fault('visibility 2.0 and true', lambda c: c['annotations'][2]['keypoints'].__setitem__(slice(2, 6, 3), [2.0, True]), 'harmless'),
        Fault('keypoint outside', lambda c: c['annotations'][2]['keypoints'].__setitem__(slice(0, 2), [-25.5, 400]), 'harmless'),
        Fault('nobody labelled', put_all('annotations', 'keypoints', [0] * 15), 'error', '6 without a labelled keypoint'),
        Fault('one without labels', lambda c: c['annotations'][2].update(keypoints=[0] * 15, num_keypoints=0), 'harmless', left=5),
        Fault('all at the corner', put('annotations', 'keypoints', [0, 0, 2] * 5), 'note', '1 with all keypoints left of', 5),
        Fault('in shares of the image', lambda c: [a.update(keypoints=[v / 500 if i % 3 < 2 else v for i, v in enumerate(a['keypoints'])]) for a in c['annotations']] and None, 'error', 'in pixels of the image, not in shares'),
    ]  # fmt: skip
    return faults


def _counts() -> list[Fault]:
    faults = [
        Fault('num_keypoints missing', put_all('annotations', 'num_keypoints', MISSING), 'harmless'),
        Fault('num_keypoints 3', put_all('annotations', 'num_keypoints', 3), 'harmless'),
        Fault('num_keypoints 5.0', put_all('annotations', 'num_keypoints', 5.0), 'harmless'),
        Fault('iscrowd missing', put_all('annotations', 'iscrowd', MISSING), 'harmless'),
        Fault('iscrowd false', put_all('annotations', 'iscrowd', False), 'harmless'),
        Fault('iscrowd 0.0', put_all('annotations', 'iscrowd', 0.0), 'harmless'),
        Fault('iscrowd null', put_all('annotations', 'iscrowd', None), 'harmless'),
        Fault('a crowd', put('annotations', 'iscrowd', 1), 'harmless', left=5),
        Fault('crowds alone', put_all('annotations', 'iscrowd', 1), 'error', 'no usable person .* 6 of a crowd'),
    ]  # fmt: skip
    for value in (0, None, '5', NAN, INF, [], True):
        faults.append(
            Fault(
                f'num_keypoints {show(value)}',
                put('annotations', 'num_keypoints', value),
                'note',
                "'num_keypoints' is missing or wrong",
            )
        )
    for value in (2, -1, '0', '1', NAN, [], {}, 0.5):
        faults.append(Fault(f'iscrowd {show(value)}', put('annotations', 'iscrowd', value), 'error', "'iscrowd' is"))
    return faults


def _categories() -> list[Fault]:
    def second(keypoints: list[str], length: int) -> Callable[[dict], None]:
        def change(content: dict) -> None:
            content['categories'].append({'id': 2, 'name': 'dart', 'keypoints': keypoints})
            last = content['annotations'][-1]
            last.update(category_id=2, keypoints=last['keypoints'][: 3 * length], num_keypoints=length)

        return change

    names = ['nose', 'left_wing', 'right_wing', 'middle', 'tail']
    return [
        Fault('a category of 3 keypoints', second(['tip', 'a', 'b'], 3), 'error', "'kite' .*5 keypoints.* and 'dart' .*3 keypoints.* different keypoints"),
        Fault('a category of 5 others', second(['tip', 'a', 'b', 'c', 'd'], 5), 'error', "'kite' .* and 'dart' .* different keypoints"),
        Fault('a category of 6 keypoints unused', lambda c: c['categories'].append({'id': 2, 'name': 'dart', 'keypoints': ['a'] * 6}), 'harmless'),
        Fault('an unused category without keypoints', lambda c: c['categories'].append({'id': 0, 'name': 'things', 'supercategory': 'none'}), 'harmless'),
        Fault('two categories of the same keypoints', second(names, 5), 'harmless'),
        Fault('keypoints of another order', lambda c: c['categories'][0].update(keypoints=names[::-1]), 'error', 'has tail at another index'),
        Fault('category without keypoints', lambda c: c['categories'][0].pop('keypoints') and None, 'harmless'),
        Fault('category without a name', lambda c: c['categories'][0].pop('name') and None, 'harmless'),
        Fault('category keypoints null', lambda c: c['categories'][0].update(keypoints=None), 'harmless'),
        Fault('category keypoints a string', lambda c: c['categories'][0].update(keypoints='nose'), 'error', "category 1 has 'keypoints'"),
        Fault('category keypoints numbers', lambda c: c['categories'][0].update(keypoints=[1, 2]), 'error', "category 1 has 'keypoints'"),
    ]  # fmt: skip


def _areas() -> list[Fault]:
    return [
        Fault(f'area {show(value)}', put_all('annotations', 'area', value), 'note', "'area' is missing, zero or not a positive number")
        for value in (MISSING, None, 0, 0.0, -5, NAN, INF, 'x', [], True)
    ]  # fmt: skip


CONTENT = [*_parts(), *_ids(), *_images(), *_boxes(), *_keypoints(), *_counts(), *_categories()]
SCORED = _areas()  # matter where a metric reads them
BYTES: list[tuple[str, bytes, str]] = [
    ('empty', b'', 'is empty'), ('spaces', b'  \n\n ', 'is empty'), ('zeros', b'\0' * 5000, 'zero bytes'),
    ('an image', b'\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'zero bytes'), ('Latin-1', '{"images": ["Übung"]}'.encode('latin-1'), 'not text'),
    ('deep lists', b'[' * 200_000, 'too deep'), ('deep objects', b'{"a":' * 200_000, 'too deep'),
    ('a number of 9999 digits', b'{"images": ' + b'9' * 9999 + b'}', 'not a whole JSON file'),
    ('a comma too many', b'{"images": [],}', 'not a whole JSON file'), ('two objects', b'{}{}', 'not a whole JSON file'),
    ('JSON lines', b'{"a": 1}\n{"a": 2}\n', 'not a whole JSON file'), ('single quotes', b"{'images': []}", 'not a whole JSON file'),
    ('a page of HTML', b'<!DOCTYPE html><html></html>', 'not a whole JSON file'), ('YAML', b'images:\n  - id: 1\n', 'not a whole JSON file'),
    ('a pickle', b'\x80\x04]\x94.', 'not text|zero bytes'), ('gzip', b'\x1f\x8b\x08\0\0\0', 'zero bytes|not text'),
    ('a pointer of Git LFS', b'version https://git-lfs.github.com/spec/v1\noid sha256:0\n', 'not a whole JSON file'),
    ('UTF-16 cut', '{"images": ['.encode('utf-16')[:-1], 'not text|not a whole'),
]  # fmt: skip
