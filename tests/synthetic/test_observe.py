from __future__ import annotations

import numpy as np
import pytest

from vitpose_mm.synthetic.camera import Camera
from vitpose_mm.synthetic.layout import box_iou
from vitpose_mm.synthetic.meshes import box, join, solid
from vitpose_mm.synthetic.observe import Observation, observe
from vitpose_mm.synthetic.people import Person, make_person
from vitpose_mm.synthetic.raster import paint_ids
from vitpose_mm.synthetic.scene import OVERSAMPLE, Scene, sample_scene

CAMERA = Camera(600.0, (320, 240))


def _stand(*, yaw: float, column: float = 160, row: float = 120, owner: int = 0, depth: float = 5.5) -> Person:
    rng = np.random.default_rng(2)
    return make_person(rng, CAMERA, depth=depth, column=column, row=row, owner=owner, posture='stand', yaw=yaw)


def _observe(people: list[Person], things: list | None = None) -> list[Observation]:
    mesh = join([person.mesh for person in people] + (things or []))
    image = np.zeros((240, 320, 3), dtype=np.uint8)
    return observe(Scene(image, paint_ids(mesh, CAMERA, oversample=OVERSAMPLE), mesh, people, CAMERA))


def _visibility(seen: Observation) -> dict[str, int]:
    return {name: v for name, (_, _, v) in seen.points.items()}


def test_front_view_shows_everything() -> None:
    (seen,) = _observe([_stand(yaw=0)])
    shown = _visibility(seen)
    assert all(
        shown[f'{side}_{p}'] == 2 for side in ('left', 'right') for p in ('shoulder', 'hip', 'knee', 'ankle', 'eye')
    )
    assert shown['nose'] == 2
    assert seen.points['left_shoulder'][0] > seen.points['right_shoulder'][0]  # our right is the person's left


def test_back_view_leaves_the_face_out() -> None:
    (seen,) = _observe([_stand(yaw=180)])
    shown = _visibility(seen)
    assert [shown[name] for name in ('nose', 'left_eye', 'right_eye')] == [0, 0, 0]
    assert seen.points['nose'] == (0.0, 0.0, 0)
    assert all(shown[f'{side}_{part}'] == 2 for side in ('left', 'right') for part in ('shoulder', 'hip', 'knee'))
    assert seen.points['left_shoulder'][0] < seen.points['right_shoulder'][0]


@pytest.mark.parametrize(('yaw', 'near', 'far'), [(90, 'right', 'left'), (-90, 'left', 'right')])
def test_side_view_hides_the_far_side(yaw: float, near: str, far: str) -> None:
    (seen,) = _observe([_stand(yaw=yaw)])
    shown = _visibility(seen)
    # the hand hangs before the near hip
    assert [shown[f'{near}_{part}'] for part in ('shoulder', 'wrist', 'knee')] == [2, 2, 2]
    assert [shown[f'{far}_{part}'] for part in ('shoulder', 'hip', 'ear')] == [1, 1, 0]
    assert (seen.points['nose'][0] > seen.points[f'{near}_ear'][0]) == (yaw > 0)


def test_thing_in_front_hides_one_joint() -> None:
    person = _stand(yaw=0)
    before = _visibility(_observe([person])[0])
    crate = solid(
        [box(person.points['left_knee'] - [0, 0, 0.6], np.eye(3), size=(0.2, 0.2, 0.1), colors=np.zeros(3), part=0)]
    )
    (seen,) = _observe([person], [crate])
    after = _visibility(seen)
    assert {name for name in before if before[name] != after[name]} == {'left_knee'}
    assert (before['left_knee'], after['left_knee']) == (2, 1)


def test_thing_in_front_of_the_face_hides_it() -> None:
    person = _stand(yaw=0)
    board = [box(person.points['nose'] - [0, 0, 0.6], np.eye(3), size=(0.3, 0.3, 0.1), colors=np.zeros(3), part=0)]
    (seen,) = _observe([person], [solid(board)])
    assert [_visibility(seen)[name] for name in ('nose', 'left_eye', 'right_eye')] == [1, 1, 1]


def test_person_in_front_hides_the_one_behind() -> None:
    front, back = _stand(yaw=0, depth=4.5, owner=0), _stand(yaw=0, depth=6.5, owner=1)
    seen_front, seen_back = _observe([front, back])
    assert list(_visibility(seen_front).values()) == list(_visibility(_observe([front])[0]).values())
    hidden = _visibility(seen_back)
    assert hidden['left_hip'] == hidden['right_hip'] == hidden['thorax'] == 1
    assert seen_back.area < 0.6 * _observe([_stand(yaw=0, depth=6.5)])[0].area


def test_outside_the_image_is_unlabelled() -> None:
    (seen,) = _observe([_stand(yaw=0, row=230)])
    assert seen.points['left_ankle'] == seen.points['right_knee'] == (0.0, 0.0, 0)
    assert seen.points['left_shoulder'][2] == 2
    x, y, w, h = seen.box
    assert x >= 0 and y >= 0 and x + w <= 320 and y + h == 240


def test_small_people_get_a_box_without_keypoints() -> None:
    (seen,) = _observe([_stand(yaw=0, depth=45)])
    assert 24 <= seen.area < 250 and seen.points == {}


@pytest.mark.parametrize('seed', range(8))
def test_boxes_hold_the_visible_keypoints_and_masks_the_area(seed: int) -> None:
    scene = sample_scene(np.random.default_rng([9, seed]), (320, 240), crowded=seed % 2 == 0)
    for seen in observe(scene):
        x, y, w, h = seen.box
        for name, (px, py, v) in seen.points.items():
            if v == 2:
                assert x - 1 <= px <= x + w + 1 and y - 1 <= py <= y + h + 1, name
        assert abs(seen.mask.sum() - seen.area) <= 0.06 * seen.area + 12
        rows, cols = np.nonzero(seen.mask)
        assert np.allclose([cols.min(), rows.min()], [x, y], atol=2)


def test_heavy_overlap_scenes_overlap() -> None:
    overlaps = []
    for seed in range(6):
        scene = sample_scene(np.random.default_rng([4, seed]), (320, 240), crowded=True)
        boxes = [person.outline(scene.camera) for person in scene.people]
        overlaps.append(max(box_iou(a, b, size=(320, 240)) for i, a in enumerate(boxes) for b in boxes[:i]))
    assert np.mean(np.array(overlaps) > 0.5) >= 5 / 6
