"""The renderer's rules, each at its edge: half pixels, what counts as visible, and how far a head goes."""

from __future__ import annotations

import numpy as np
import pytest

from vitpose_mm.synthetic.camera import Camera
from vitpose_mm.synthetic.lighting import Light, compose
from vitpose_mm.synthetic.meshes import Mesh, box, join, solid
from vitpose_mm.synthetic.observe import Observation, keypoints, observe
from vitpose_mm.synthetic.parts import PART_ID, SURFACES
from vitpose_mm.synthetic.people import Person, make_person
from vitpose_mm.synthetic.raster import paint_ids
from vitpose_mm.synthetic.scene import OVERSAMPLE, Scene

CAMERA = Camera(100.0, (41, 31))
FINE = (31 * OVERSAMPLE, 41 * OVERSAMPLE)


def wall(x0: float, y0: float, x1: float, y1: float, *, depth: float = 2.0) -> Mesh:
    """Return a white quad that faces the camera, with corners in pixels."""
    corners = [CAMERA.unproject(np.array(corner), depth) for corner in ((x0, y0), (x1, y0), (x1, y1), (x0, y1))]
    return Mesh(
        quads=np.array([corners]),
        normals=np.array([[0.0, 0.0, -1.0]]),
        colors=np.full((1, 3), 255, np.float32),
        parts=np.array([PART_ID['head']], np.int32),
        owners=np.array([0], np.int32),
    )


# ------------------------------------------------------------------ half pixels


@pytest.mark.parametrize('oversample', [1, 2, 4])
def test_the_centre_of_a_pixel_is_the_middle_of_its_fine_pixels(oversample: int) -> None:
    """A wall from just inside pixel 10 to just inside pixel 20 has the fine pixels of both, and no other."""
    ids = paint_ids(wall(9.6, 5.6, 20.4, 12.4), CAMERA, oversample=oversample)
    rows, columns = np.nonzero(ids)
    assert (columns.min(), columns.max()) == (10 * oversample, 21 * oversample - 1)
    assert (rows.min(), rows.max()) == (6 * oversample, 13 * oversample - 1)


def test_a_picture_shows_things_where_their_map_has_them() -> None:
    ids = np.zeros(FINE, np.int32)
    ids[12:20, 30:44] = 1  # pixels 6 to 9 and 15 to 21
    light = Light(np.array([0.0, 0.0, -1.0]), 1.0, np.ones(3))
    dark = np.zeros((31, 41, 3), np.float32)
    shown = compose(dark, ids, mesh=wall(0, 0, 1, 1), light=light, texture=np.zeros((31, 41), np.float32))[..., 0]
    rows, columns = np.nonzero(shown)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (6, 9, 15, 21)


def test_boxes_and_masks_are_of_the_pixels_shown() -> None:
    """A box ends where its last pixel ends, as COCO's do."""
    person = Person(
        wall(9.5, 5.5, 20.5, 12.5), dict.fromkeys(SURFACES, np.array([0.0, 0.0, 2.0])), np.zeros((1, 3)), 1.0
    )
    ids = np.zeros(FINE, np.int32)
    ids[12:26, 20:42] = 1  # pixels 6 to 12 and 10 to 20
    (seen,) = observe(Scene(np.zeros((31, 41, 3), np.uint8), ids, person.mesh, [person], CAMERA))
    assert seen.box.tolist() == [10, 6, 11, 7] and seen.area == 77
    rows, columns = np.nonzero(seen.mask)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (6, 12, 10, 20)


# ------------------------------------------------------------------ visibility


def look(
    ids: np.ndarray, *, name: str = 'nose', pixel: tuple[float, float] = (10.25, 8.25), part: str = 'nose',
    depth: float = 2.0, surface: float = 2.0, owner: int = 0, scale: float = 1.0,
) -> tuple[float, float, int]:  # fmt: skip
    """What the labels say of one keypoint of person 0, where the map shows quad 0 of a part at a distance."""
    mesh = wall(0, 0, 1, 1)
    beam = np.array([0.0, 0.0, surface])
    mesh = Mesh(np.broadcast_to(beam, (1, 4, 3)), mesh.normals, mesh.colors, mesh.parts, mesh.owners)
    mesh.parts[0], mesh.owners[0] = PART_ID[part], owner
    points = dict.fromkeys(SURFACES, np.array([0.0, 0.0, 2.0]))
    direction = CAMERA.unproject(np.array(pixel), 1.0)
    points[name] = direction * (depth / np.linalg.norm(direction))
    person = Person(mesh, points, np.zeros((1, 3)), scale)
    scene = Scene(np.zeros((31, 41, 3), np.uint8), ids, mesh, [person], CAMERA)
    return keypoints(scene, person, owner=0)[name]


def everywhere() -> np.ndarray:
    return np.ones(FINE, np.int32)


# pixel (10.25, 8.25) lies at (21, 17) of the fine map; two fine pixels around it are looked at too
AROUND = [(21, 17), (23, 17), (19, 17), (21, 19), (21, 15)]


@pytest.mark.parametrize('count', range(6))
def test_most_of_five_places_have_to_show_the_part(count: int) -> None:
    ids = np.zeros(FINE, np.int32)
    for x, y in AROUND[:count]:
        ids[y, x] = 1
    assert look(ids)[2] == (2 if count >= 3 else 1)


def test_the_place_that_is_looked_at_is_where_the_pixel_is_drawn() -> None:
    ids = everywhere()
    for x, y in AROUND[:3]:
        ids[y, x] = 0
    assert look(ids)[2] == 1
    assert look(ids, pixel=(11.25, 8.25))[2] == look(ids, pixel=(10.25, 9.25))[2] == 2


def test_where_a_keypoint_is_outside_the_picture() -> None:
    ids = everywhere()
    assert look(ids, pixel=(0.001, 0.001))[2] == look(ids, pixel=(39.999, 29.999))[2] == 2
    for pixel in ((-0.001, 5), (5, -0.001), (40.001, 5), (5, 30.001)):
        assert look(ids, pixel=pixel) == (0.0, 0.0, 0)
    assert look(ids, pixel=(20, 15), depth=0.151, surface=0.151)[2] == 2
    assert look(ids, pixel=(20, 15), depth=0.149, surface=0.149)[2] == 0


def test_a_surface_too_far_in_front_hides_and_larger_people_are_thicker() -> None:
    for name, part in (('nose', 'nose'), ('left_elbow', 'left_forearm'), ('pelvis', 'skirt')):
        thick = SURFACES[name][1]
        settings = {'name': name, 'part': part}
        assert look(everywhere(), surface=2 - 0.99 * thick, **settings)[2] == 2
        assert look(everywhere(), surface=2 - 1.01 * thick, **settings)[2] != 2
        assert look(everywhere(), surface=2 - 1.01 * thick, scale=1.1, **settings)[2] == 2
        assert look(everywhere(), surface=2.5, **settings)[2] == 2  # the joint lies in front of its surface


def test_another_part_or_person_hides() -> None:
    settings = {'name': 'left_wrist', 'part': 'left_hand'}
    assert look(everywhere(), **settings)[2] == 2
    assert look(everywhere(), owner=1, **settings)[2] == 1
    assert look(everywhere(), owner=-1, **settings)[2] == 1
    assert look(everywhere(), name='left_wrist', part='right_hand')[2] == 1
    assert look(np.zeros(FINE, np.int32), **settings)[2] == 1


def test_a_face_behind_its_own_head_is_left_out() -> None:
    settings = {'name': 'left_eye', 'surface': 1.8}
    for part in ('neck', 'head', 'hair', 'nose', 'right_eye', 'left_ear', 'right_ear'):
        assert look(everywhere(), part=part, **settings) == (0.0, 0.0, 0), part
    assert look(everywhere(), part='torso', **settings)[2] == 1
    assert look(everywhere(), part='hair', owner=1, **settings)[2] == 1
    assert look(everywhere(), name='head_top', part='neck', surface=1.8)[2] == 1  # no point of the face
    assert [look(_only(count), part='hair', **settings)[2] for count in (2, 3)] == [1, 0]


def _only(count: int) -> np.ndarray:
    ids = np.zeros(FINE, np.int32)
    for x, y in AROUND[:count]:
        ids[y, x] = 1
    return ids


def test_skin_at_the_depth_of_an_eye_shows_it() -> None:
    assert look(everywhere(), name='left_eye', part='head', surface=2 - 0.011)[2] == 2
    assert look(everywhere(), name='left_eye', part='head', surface=2 - 0.013)[2] == 0
    assert look(everywhere(), name='left_eye', part='head', surface=2 - 0.013, scale=1.2)[2] == 2
    assert look(everywhere(), name='left_ear', part='hair', surface=2)[2] == 0


# ------------------------------------------------------------------ heads

LARGE = Camera(600.0, (320, 240))


def portrait(seed: int, things: list[Mesh] | None = None) -> tuple[Observation, dict[str, np.ndarray], Person]:
    """Return labels of somebody near, and for each part of the head the box of its quads in front, x1 y1 x2 y2."""
    rng = np.random.default_rng(seed)
    person = make_person(rng, LARGE, depth=2.5, column=160, row=230, owner=0, posture='stand', yaw=0)
    mesh = join([person.mesh, *(things or [])])
    ids = paint_ids(mesh, LARGE, oversample=OVERSAMPLE)
    (seen,) = observe(Scene(np.zeros((240, 320, 3), np.uint8), ids, mesh, [person], LARGE))
    boxes = {}
    for part in ('head', 'hair', 'neck', 'torso', 'nose', 'left_eye', 'left_ear', 'right_ear'):
        own = person.mesh.quads[(person.mesh.parts == PART_ID[part]) & (person.mesh.owners == 0)]
        pixels = LARGE.project(own.reshape(-1, 3))
        if len(pixels):
            boxes[part] = np.concatenate([pixels.min(0), pixels.max(0)])
    return seen, boxes, person


@pytest.mark.parametrize('seed', range(6))
def test_a_head_box_is_of_the_skull_and_the_face(seed: int) -> None:
    seen, boxes, _ = portrait(seed)
    x1, y1, x2, y2 = seen.head_box
    face = np.stack([boxes[part] for part in ('head', 'nose', 'left_eye')])
    np.testing.assert_allclose([x1, y1], face[:, :2].min(0), atol=0.5)
    np.testing.assert_allclose([x2, y2], face[:, 2:].max(0), atol=0.5)
    assert y2 < boxes['neck'][3] and y2 < boxes['torso'][3] - 5
    ears = np.stack([boxes['left_ear'], boxes['right_ear']])
    assert ears[:, 0].min() < x1 and ears[:, 2].max() > x2  # they stand off
    if 'hair' in boxes:
        assert boxes['hair'][1] < y1


def test_a_hidden_head_has_its_box() -> None:
    free, _, person = portrait(0)
    board = box(person.points['nose'] - [0, 0, 0.6], np.eye(3), size=(0.5, 0.5, 0.1), colors=np.zeros(3), part=0)
    hidden, _, _ = portrait(0, [solid([board])])
    assert hidden.points['nose'][2] == 1
    np.testing.assert_array_equal(hidden.head_box, free.head_box)
