from __future__ import annotations

import numpy as np
from pycocotools import mask as coco_mask

from vitpose_mm.synthetic.label_sets import CROWDPOSE, MPII
from vitpose_mm.synthetic.observe import Observation
from vitpose_mm.synthetic.records import crowd_index, mpii_records, polygons, run_lengths


def _person(box: tuple[float, float, float, float], spots: list[tuple[float, float]]) -> Observation:
    points = dict.fromkeys((*CROWDPOSE, *MPII), (0.0, 0.0, 0))
    points |= {name: (x, y, 2) for name, (x, y) in zip(CROWDPOSE, spots, strict=False)}
    return Observation(np.array(box), 10.0, np.zeros((4, 4), bool), points, np.array([10.0, 10, 20, 30]))


def test_crowd_index_by_hand() -> None:
    first = _person((0, 0, 10, 10), [(2, 2), (3, 3), (4, 4), (12, 2)])  # three own joints inside, one of the other's
    second = _person((8, 8, 10, 10), [(9, 9), (15, 15)])  # two own joints inside, none of the first's
    assert crowd_index([first, second]) == round((1 / 3 + 0) / 2, 4)
    assert crowd_index([first]) == 0.0
    assert crowd_index([]) == 0.0


def test_run_lengths_and_polygons_decode_to_the_mask() -> None:
    mask = np.zeros((20, 30), dtype=bool)
    mask[3:12, 5:17] = True
    mask[10:18, 14:29] = True
    packed = coco_mask.frPyObjects(run_lengths(mask), 20, 30)
    np.testing.assert_array_equal(coco_mask.decode(packed).astype(bool), mask)
    outline = coco_mask.merge(coco_mask.frPyObjects(polygons(mask), 20, 30))
    assert np.logical_xor(coco_mask.decode(outline).astype(bool), mask).sum() <= 50  # COCO's polygons lose the rim
    first = mask.copy()
    first[0, 0] = True  # counts begin with the zeros, here none of them
    np.testing.assert_array_equal(
        coco_mask.decode(coco_mask.frPyObjects(run_lengths(first), 20, 30)).astype(bool), first
    )


def test_mpii_counts_from_one_and_skips_the_unlabelled() -> None:
    person = _person((10, 20, 40, 100), [(12.0, 24.0)])
    records, heads = mpii_records([person, _person((0, 0, 5, 5), [])], file_name='000000000007.jpg')
    assert len(records) == len(heads) == 1
    record = records[0]
    at = MPII.index('left_shoulder')
    assert record['joints'][at] == [13.0, 25.0] and record['joints_vis'][at] == 1
    assert sum(record['joints_vis']) == 1 and record['joints'][0] == [0.0, 0.0]
    np.testing.assert_array_equal(heads[0], [[11, 11], [21, 31]])
    # as mmpose reads it: the centre moves down by 15 * scale and one pixel back; the square holds the box
    center = np.array(record['center']) + np.array([-1, 15 * record['scale'] - 1])
    np.testing.assert_allclose(center, [30, 70], atol=0.01)
    assert record['scale'] * 200 == 100
