from __future__ import annotations

import numpy as np
import pytest

from vitpose_mm.synthetic.poses import POSTURES, sample_pose
from vitpose_mm.synthetic.skeleton import LIMITS, Build, pose_skeleton

BONES = [('hip', 'knee', 0.243), ('knee', 'ankle', 0.24), ('shoulder', 'elbow', 0.172), ('elbow', 'wrist', 0.148)]


@pytest.mark.parametrize('posture', sorted(POSTURES))
def test_bones_keep_their_length_and_angles_their_limits(posture: str) -> None:
    rng = np.random.default_rng(0)
    for _ in range(5):
        name, angles = sample_pose(rng, posture)
        assert name == posture
        for key, value in angles.items():
            low, high = LIMITS[key.removeprefix('left_').removeprefix('right_')]
            assert low <= value <= high, key
        joints = pose_skeleton(Build(height=1.8), angles).joints
        for side in ('left', 'right'):
            for start, end, share in BONES:
                length = np.linalg.norm(joints[f'{side}_{end}'] - joints[f'{side}_{start}'])
                assert length == pytest.approx(1.8 * share, rel=1e-9)


def test_mirrored_angles_give_mirrored_joints() -> None:
    rng = np.random.default_rng(1)
    _, angles = sample_pose(rng, 'wild')
    swap = {'left': 'right', 'right': 'left'}
    mirrored = {}
    for key, value in angles.items():
        side, _, rest = key.partition('_')
        mirrored[f'{swap[side]}_{rest}' if side in swap else key] = value
    for key in ('root_roll', 'spine_side', 'spine_twist', 'neck_side', 'neck_twist'):
        mirrored[key] = -mirrored[key]
    first, second = (pose_skeleton(Build(), a).joints for a in (angles, mirrored))
    for name, point in first.items():
        side, _, rest = name.partition('_')
        other = second[f'{swap[side]}_{rest}'] if side in swap else second[name]
        np.testing.assert_allclose(other, point * [-1, 1, 1], atol=1e-12)


def test_known_poses() -> None:
    raised = pose_skeleton(Build(), {'left_shoulder_abd': 170, 'right_shoulder_flex': 90}).joints
    assert raised['left_wrist'][1] > raised['head_top'][1]
    assert raised['right_wrist'][2] > raised['right_shoulder'][2] + 0.5  # straight ahead
    seated = pose_skeleton(Build(), {'left_hip_flex': 90, 'left_knee': 90}).joints
    thigh, shank = seated['left_knee'] - seated['left_hip'], seated['left_ankle'] - seated['left_knee']
    np.testing.assert_allclose(thigh / np.linalg.norm(thigh), [0, 0, 1], atol=1e-9)
    np.testing.assert_allclose(shank / np.linalg.norm(shank), [0, -1, 0], atol=1e-9)
    assert seated['left_hip'][0] > 0 > seated['right_hip'][0]  # x points to the person's left


def test_angles_outside_the_limits_are_clamped() -> None:
    beyond, at = (pose_skeleton(Build(), {'left_knee': angle}).joints for angle in (400, 145))
    np.testing.assert_array_equal(beyond['left_ankle'], at['left_ankle'])
