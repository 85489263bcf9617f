"""Mistakes in one's own keypoints are named before they train a wrong skeleton."""

from __future__ import annotations

from typing import Any

import pytest

from vitpose_mm.checks.metainfo import check_metainfo

NAMES = ['nose', 'left_ear', 'right_ear']


def own_keypoints(**changes: Any) -> dict:
    """Metainfo of three keypoints with some of it changed; ``swap`` and ``link`` by name of the keypoint."""
    swap = {'left_ear': 'right_ear', 'right_ear': 'left_ear', **changes.pop('swap', {})}
    points = {
        i: dict(name=name, id=i, color=[0, 0, 0], type='', swap=swap.get(name, '')) for i, name in enumerate(NAMES)
    }
    link = changes.pop('link', ('nose', 'left_ear'))
    return {
        'dataset_name': 'own',
        'keypoint_info': points,
        'skeleton_info': {0: dict(link=link, id=0, color=[0, 0, 0])},
        'joint_weights': [1.0] * 3,
        'sigmas': [0.05] * 3,
        **changes,
    }


@pytest.mark.parametrize(
    ('changes', 'sentence'),
    [
        ({'sigmas': [0.05] * 2}, 'sigmas has 2 numbers for 3 keypoints'),
        ({'joint_weights': [1.0] * 4}, 'joint_weights has 4 numbers for 3 keypoints'),
        (
            {'swap': {'right_ear': ''}},
            'left_ear is the mirror image of right_ear, and not the other way',
        ),
        ({'swap': {'left_ear': 'right_eer'}}, "there is no keypoint named 'right_eer'"),
        ({'link': ('nose', 'tale')}, "there is no keypoint named 'tale'"),
    ],
)
def test_mistakes_in_ones_own_keypoints_are_named(changes: dict, sentence: str) -> None:
    check_metainfo({'type': 'CocoDataset', 'metainfo': own_keypoints()}, where='d')
    with pytest.raises(ValueError, match=rf'd\.metainfo: {sentence}'):
        check_metainfo({'type': 'CocoDataset', 'metainfo': own_keypoints(**changes)}, where='d')


def test_deviations_that_nobody_knows_may_be_left_out() -> None:
    check_metainfo({'type': 'CocoDataset', 'metainfo': own_keypoints(sigmas=[])}, where='d')
