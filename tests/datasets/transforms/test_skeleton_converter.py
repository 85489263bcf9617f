from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.helpers.tiny_kites import METAINFO, labels, save, write_images
from vitpose_mm.datasets import MultiDataset
from vitpose_mm.datasets.transforms.skeleton_converter import SkeletonConverter, check_mapping, find_partners

# nose, left wing, right wing, middle, tail -> right wing, left wing, middle, tail, nose, nothing, mean of the wings
TO_SEVEN = [(2, 0), (1, 1), (3, 2), (4, 3), (0, 4), ((1, 2), 6)]


def test_partners_follow_from_the_sources() -> None:
    sources = {target: (source,) if isinstance(source, int) else source for source, target in TO_SEVEN}
    assert find_partners(sources, [(1, 2)]) == {0: 1, 1: 0, 2: 2, 3: 3, 4: 4, 6: 6}
    assert find_partners({0: (1,), 1: (1,), 2: (2,), 3: (2,)}, [(1, 2)]) == {0: 2, 1: 3, 2: 0, 3: 1}
    assert find_partners({0: (1, 3), 1: (2, 3)}, [(1, 2)]) == {0: 1, 1: 0}
    assert find_partners({0: (1,)}, [(1, 2)]) == {0: None}


def test_the_whole_skeleton_follows() -> None:
    old = {
        'flip_pairs': [[1, 2]],
        'flip_indices': [0, 2, 1, 3, 4],
        'upper_body_ids': (0, 1, 2),
        'lower_body_ids': (3, 4),
        'skeleton_links': [(0, 1), (3, 4)],
        'dataset_keypoint_weights': np.array([1, 2, 4, 5, 6], np.float32),
        'keypoints': np.arange(10.0).reshape(1, 5, 2),
        'keypoints_visible': np.ones((1, 5)),
    }
    new = SkeletonConverter(7, TO_SEVEN)(old)
    assert new['flip_indices'] == [1, 0, 2, 3, 4, 5, 6] and new['flip_pairs'] == [(0, 1)]
    assert (new['upper_body_ids'], new['lower_body_ids']) == ([0, 1, 4, 6], [2, 3])
    assert new['dataset_keypoint_weights'].tolist() == [4, 2, 5, 6, 1, 1, 3]
    assert new['skeleton_links'] == [(4, 1), (2, 3)]
    assert new['keypoints'][0].tolist() == [[4, 5], [2, 3], [6, 7], [8, 9], [0, 1], [0, 0], [3, 4]]


@pytest.mark.parametrize('converter_first', [True, False])
def test_a_flip_keeps_wings_on_their_side(converter_first: bool, tmp_path: Path) -> None:
    images = write_images(tmp_path / 'images')
    save(labels('train'), tmp_path / 'train.json')
    convert = {'type': 'KeypointConverter', 'num_keypoints': 7, 'mapping': TO_SEVEN}
    flip = {'type': 'RandomFlip', 'prob': 1.0}
    steps = [convert, flip] if converter_first else [flip, convert]
    part = {'type': 'CocoDataset', 'ann_file': str(tmp_path / 'train.json'), 'data_prefix': {'img': str(images)}}
    pipeline = [{'type': 'LoadImage'}, {'type': 'GetBBoxCenterScale'}, *steps]
    sample = MultiDataset([{**part, 'metainfo': METAINFO, 'pipeline': pipeline}])[0]
    x = sample['keypoints'][0, :, 0]
    assert sample['keypoints'].shape == (1, 7, 2) and sample['flip_indices'] == [1, 0, 2, 3, 4, 5, 6]
    # the first kite's wings are at 16 (left) and 64 of 160 pixels, its nose and middle at 40
    left, right, middle = 159 - 64, 159 - 16, 159 - 40  # of the mirrored kite: its left wing is where the right one was
    assert x[:5].tolist() == pytest.approx([right, left, middle, middle, middle])
    assert x[6] == pytest.approx(middle)


def test_half_a_pair_is_named() -> None:
    metainfo = {'num_keypoints': 5, 'flip_pairs': [[1, 2]], 'keypoint_id2name': dict(enumerate('abcde'))}
    convert = {'type': 'mmpose.KeypointConverter', 'num_keypoints': 2, 'mapping': [(0, 0), (1, 1)]}
    with pytest.raises(ValueError, match=r'here: KeypointConverter maps b to 1 and not its mirror image'):
        check_mapping([convert, {'type': 'RandomFlip'}], metainfo, where='here')
    check_mapping([convert], metainfo, where='here')
    for mapping in ([(0, 2)], [(5, 0)], [((0, 7), 1)], [(-1, 0)]):
        with pytest.raises(ValueError, match='count from 0'):
            check_mapping([{**convert, 'mapping': mapping}], metainfo, where='here')
