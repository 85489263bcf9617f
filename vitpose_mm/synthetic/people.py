"""One person: body, pose and looks put into camera space."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .appearance import sample_appearance
from .body import all_points, body_mesh
from .camera import Camera
from .meshes import Mesh, join, moved
from .poses import sample_pose
from .props import chair, held_object
from .rotations import Array
from .skeleton import SIDES, pose_skeleton


@dataclass
class Person:
    """Mesh and keypoints in camera space, metres; `scale` is the body's size relative to 1.72 m."""

    mesh: Mesh
    points: dict[str, Array]
    head_corners: Array  # (M, 3) points around the head
    scale: float
    in_crowd: bool = False

    def outline(self, camera: Camera) -> Array:
        """Return (4,) x1 y1 x2 y2 of the whole body in pixels, hidden and outside parts too."""
        pixels = camera.project(self.mesh.quads[self.mesh.owners >= 0].reshape(-1, 3))
        return np.concatenate([pixels.min(axis=0), pixels.max(axis=0)])


def make_person(
    rng: np.random.Generator, camera: Camera, *, depth: float, column: float, row: float | None, owner: int,
    posture: str | None = None, yaw: float | None = None,
) -> Person:  # fmt: skip
    """Make a person who stands, sits, ... at a position in the image.

    Args:
        depth: metres from the camera.
        column: pixels, where the hips are.
        row: pixels, where the hips are; None puts the feet on the floor.
        owner: the id that the person's quads get.
        posture: a name of poses.POSTURES; None draws one.
        yaw: degrees, 0 looks into the camera, 90 to the camera's right; None draws one.
    """
    posture, angles = sample_pose(rng, posture)
    look = sample_appearance(rng)
    skeleton = pose_skeleton(look.build, angles)
    pixels_tall = camera.focal * 1.72 / depth
    detail = float(np.clip(pixels_tall / 300, 0.55, 1.25))
    body = body_mesh(skeleton, look, rng=rng, detail=detail, owner=owner)
    floor = float(body.quads[..., 1].min())
    meshes = [body]
    if posture == 'sit':
        meshes.append(chair(skeleton, rng, floor=floor))
    if rng.random() < 0.08:
        meshes.append(held_object(skeleton, SIDES[rng.integers(2)], rng=rng))
    rotation = camera.body_rotation(_sample_yaw(rng) if yaw is None else yaw)
    up = rotation @ np.array([0.0, 1.0, 0.0])
    if row is None:
        origin = camera.unproject(np.array([column, camera.floor_row(depth)]), depth) - up * floor
    else:
        origin = camera.unproject(np.array([column, row]), depth)
    points = {name: rotation @ p + origin for name, p in all_points(skeleton).items()}
    head = body.quads[np.isin(body.parts, (1, 3, 4, 5))].reshape(-1, 3) @ rotation.T + origin
    return Person(moved(join(meshes), rotation, origin), points, head, skeleton.build.height / 1.72)


def _sample_yaw(rng: np.random.Generator) -> float:
    """Draw a yaw: most people are seen from the front, one in twenty-five from behind, one in sixteen from a side."""
    kind = rng.choice(4, p=[0.90, 0.03, 0.03, 0.04])
    return float(rng.normal((0, 90, -90, 180)[kind], 22))
