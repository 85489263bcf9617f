"""What the rendered picture shows of each person: mask, box, area, and honest keypoint visibility."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .parts import PART_ID, SURFACES
from .people import Person
from .rotations import Array
from .scene import OVERSAMPLE, Scene

SMALLEST_MASK = 24.0  # pixels; less is no labelled person
SMALLEST_POSE = 250.0  # pixels; smaller people get a box but no keypoints, as in COCO
_OFFSETS = np.array([(0, 0), (2, 0), (-2, 0), (0, 2), (0, -2)])  # fine pixels around a keypoint


@dataclass
class Observation:
    """One labelled person (or crowd); pixels of the image."""

    box: Array  # (4,) x y w h of the visible pixels
    area: float  # visible pixels
    mask: Array  # (H, W) bool
    points: dict[str, tuple[float, float, int]]  # x, y, visibility 0, 1, 2
    head_box: Array  # (4,) x1 y1 x2 y2 of the whole head, hidden parts too
    in_crowd: bool = False


def observe(scene: Scene) -> list[Observation]:
    """Scene -> its labelled people in the order they were placed; the far crowd, if any, is one entry."""
    if scene.mesh is None:
        return []
    owners = np.concatenate([[-1], scene.mesh.owners]).astype(np.int16)[scene.ids]
    crowd = [i for i, person in enumerate(scene.people) if person.in_crowd]
    groups = [[i] for i, person in enumerate(scene.people) if not person.in_crowd]
    observations = []
    for group in [*groups, crowd] if crowd else groups:
        fine = cv2.inRange(owners, group[0], group[-1])  # a crowd's ids are consecutive
        area = cv2.countNonZero(fine) / OVERSAMPLE**2
        if area < SMALLEST_MASK:
            continue
        person = scene.people[group[0]]
        labelled = len(group) == 1 and area >= SMALLEST_POSE
        points = keypoints(scene, person, owner=group[0]) if labelled else {}
        observations.append(_describe(scene, person, fine=fine, area=area, points=points))
    return observations


def keypoints(scene: Scene, person: Person, *, owner: int) -> dict[str, tuple[float, float, int]]:
    """Scene and person -> x, y, visibility by name.

    2: the person's own surface at the keypoint is the right part and not too far in front of the joint;
    1: something else is there, another person, a thing or another part of the body; 0: outside the image.
    """
    names = list(SURFACES)
    points = np.stack([person.points[name] for name in names])
    pixels = scene.camera.project(points)
    width, height = scene.camera.size
    outside = (points[:, 2] < 0.15) | (pixels < 0).any(axis=1) | (pixels > [width - 1, height - 1]).any(axis=1)
    out = {}
    for name, pixel, point, gone in zip(names, pixels, points, outside.tolist(), strict=True):
        if gone:
            out[name] = (0.0, 0.0, 0)
        else:
            seen = _is_seen(
                scene, pixel, depth=float(np.linalg.norm(point)), name=name, owner=owner, scale=person.scale
            )
            out[name] = (float(pixel[0]), float(pixel[1]), 2 if seen else 1)
    return out


def _is_seen(scene: Scene, pixel: Array, *, depth: float, name: str, owner: int, scale: float) -> bool:
    """Pixel and distance of a joint -> whether most of the surface drawn around it belongs to the joint."""
    assert scene.mesh is not None
    parts, tolerance = SURFACES[name]
    at = np.round(pixel * OVERSAMPLE + (OVERSAMPLE - 1) / 2).astype(int) + _OFFSETS
    at = np.clip(at, 0, [scene.ids.shape[1] - 1, scene.ids.shape[0] - 1])
    quads = scene.ids[at[:, 1], at[:, 0]]
    quads = quads[quads > 0] - 1
    distance = np.linalg.norm(scene.mesh.quads[quads].mean(axis=1), axis=-1)
    own = scene.mesh.owners[quads] == owner
    near = depth - distance < tolerance * scale
    right = np.isin(scene.mesh.parts[quads], [PART_ID[part] for part in parts])
    face = name == 'nose' or name.endswith(('_eye', '_ear'))
    if face:  # a pixel or two wide in small people: the head's surface at the same depth counts too
        right |= (scene.mesh.parts[quads] == PART_ID['head']) & (depth - distance < 0.012 * scale)
    return bool((own & near & right).sum() >= 3)


def _describe(
    scene: Scene, person: Person, *, fine: Array, area: float, points: dict[str, tuple[float, float, int]]
) -> Observation:
    box = np.array(cv2.boundingRect(fine)) / OVERSAMPLE
    mask = cv2.resize(fine, scene.camera.size, interpolation=cv2.INTER_AREA) >= 128
    corners = scene.camera.project(person.head_corners)
    head = np.concatenate([corners.min(axis=0), corners.max(axis=0)])
    return Observation(box, area, mask, points, head, person.in_crowd)
