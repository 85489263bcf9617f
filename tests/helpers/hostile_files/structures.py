"""Checkpoints whose content has another structure than MMEngine writes."""

from __future__ import annotations

from tests.helpers.pickle_bytes import (
    dct,
    lst,
    number,
    tensor,
    text,
    whole,
)

from .case import Case, zipped


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
