from __future__ import annotations

import numpy as np

from vitpose_mm.registry import TRANSFORMS


def test_keypoints_move_and_boxes_stay() -> None:
    shift = TRANSFORMS.build({'type': 'vitpose_mm.ShiftKeypoints', 'offset': -1})
    keypoints = np.array([[[4.0, 6.5], [0.0, 0.0]]])
    results = shift({'keypoints': keypoints, 'bbox': np.ones((1, 4))})
    np.testing.assert_array_equal(results['keypoints'], [[[3.0, 5.5], [-1.0, -1.0]]])
    np.testing.assert_array_equal(results['bbox'], np.ones((1, 4)))
    np.testing.assert_array_equal(keypoints[0, 0], [4.0, 6.5])
