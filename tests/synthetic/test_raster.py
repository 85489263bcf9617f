from __future__ import annotations

import numpy as np

from vitpose_mm.synthetic.camera import Camera
from vitpose_mm.synthetic.meshes import Mesh, box, join, solid
from vitpose_mm.synthetic.raster import paint_ids, visible_quads

CAMERA = Camera(100.0, (100, 80))


def _cube(x: float, z: float, *, size: float, owner: int) -> Mesh:
    return solid([box(np.array([x, 0, z]), np.eye(3), size=(size, size, size), colors=np.zeros(3), part=0)], owner)


def test_one_face_of_a_cube_fills_its_square() -> None:
    mesh = _cube(0.0, 2.5, size=1.0, owner=0)
    ids = paint_ids(mesh, CAMERA, oversample=1)
    rows, cols = np.nonzero(ids)
    # the near face at 2 m is 50 pixels wide around the middle (49.5, 39.5)
    assert abs((cols.max() - cols.min() + 1) - 50) <= 2 and abs((rows.max() - rows.min() + 1) - 50) <= 2
    assert abs(cols.mean() - 49.5) < 0.6 and abs(rows.mean() - 39.5) < 0.6


def test_near_things_cover_far_ones_in_any_order() -> None:
    near, far = _cube(0.0, 2.0, size=0.3, owner=1), _cube(0.0, 5.0, size=2.0, owner=0)
    for meshes in ([near, far], [far, near]):
        mesh = join(meshes)
        owners = np.concatenate([[-1], mesh.owners])[paint_ids(mesh, CAMERA)]
        assert owners[80, 100] == 1 and owners[80, 125] == 0 and owners[2, 2] == -1


def test_backs_and_things_behind_the_camera_are_not_drawn() -> None:
    assert len(visible_quads(_cube(0.0, -3.0, size=1.0, owner=0), CAMERA)) == 0
    mesh = _cube(0.0, 3.0, size=0.1, owner=0)  # one cell per face, seen head-on: the front face alone
    index = visible_quads(mesh, CAMERA)
    assert len(index) == 1
    np.testing.assert_allclose(mesh.normals[index[0]], [0, 0, -1], atol=1e-12)
