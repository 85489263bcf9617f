from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from vitpose_mm.synthetic.walking import WalkingFrame, gait, render_walking, share_inside


@pytest.fixture(scope='module')
def film() -> list[WalkingFrame]:
    """Half a second of three people."""
    return list(render_walking(12, people=3, size=(240, 135), seed=0))


def test_shapes_and_truth(film: list[WalkingFrame]) -> None:
    for frame in film:
        count = len(frame.ids)
        assert frame.image.shape == (135, 240, 3)
        assert (frame.boxes.shape, frame.seen.shape) == ((count, 4), (count,))
        assert (frame.keypoints.shape, frame.visible.shape) == ((count, 17, 2), (count, 17))
        assert (frame.seen > 0).all() and (frame.seen <= 1).all()
        inside = frame.keypoints[frame.visible == 2]
        assert (inside > -1).all() and (inside < (241, 136)).all()
    assert max(len(frame.ids) for frame in film) >= 2


def test_keypoints_are_on_the_person(film: list[WalkingFrame]) -> None:
    for frame in film:
        for box, points, visible in zip(frame.boxes, frame.keypoints, frame.visible, strict=True):
            seen = points[visible == 2]
            assert (seen >= box[:2] - 3).all() and (seen <= box[2:] + 3).all()


def test_people_move_smoothly_and_keep_their_ids(film: list[WalkingFrame]) -> None:
    """1.5 m/s at 25 frames per second are 6 cm per frame; the nearest is 240 pixels tall, of 1.8 m."""
    moved = 0
    for before, now in pairwise(film):
        before_by_id = {int(i): points for i, points in zip(before.ids, before.keypoints, strict=True)}
        for i, points in zip(now.ids.tolist(), now.keypoints, strict=True):
            if i in before_by_id:
                hips = np.abs(points[11:13] - before_by_id[i][11:13]).max()
                assert 0 < hips < 8
                moved += 1
    assert moved > 11


def test_a_shorter_film_is_the_beginning_of_a_longer_one(film: list[WalkingFrame]) -> None:
    for short, long in zip(render_walking(2, people=3, size=(240, 135), seed=0), film, strict=False):
        for a, b in zip(short, long, strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_double_step_comes_back() -> None:
    assert gait(0.0) == pytest.approx(gait(1.0), abs=1e-9)
    assert gait(0.25)['left_hip_flex'] == pytest.approx(gait(0.75)['right_hip_flex'])
    assert gait(0.25)['left_hip_flex'] > 20 > -20 > gait(0.25)['right_hip_flex']


def test_share_inside() -> None:
    assert share_inside(np.array([-10.0, 20.0, 10.0, 40.0]), (100, 50)) == 0.5
    assert share_inside(np.array([10.0, 20.0, 20.0, 40.0]), (100, 50)) == 1.0
