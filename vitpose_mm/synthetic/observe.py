"""Observe what the rendered picture shows of each person: mask, box, area and keypoint visibility."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .parts import PART_ID, SURFACES
from .people import Person
from .rotations import Array
from .scene import OVERSAMPLE, Scene

SMALLEST_MASK = 24.0  # pixels; a person with fewer is not labelled
SMALLEST_POSE = 250.0  # pixels; smaller people get a box but no keypoints, as in COCO
_OFFSETS = np.array([(0, 0), (2, 0), (-2, 0), (0, 2), (0, -2)])  # fine pixels around a keypoint
_SHOWS_ON = np.array([[part in parts for part in PART_ID] for parts, _ in SURFACES.values()])  # (K, parts)
_TOLERANCES = np.array([depth for _, depth in SURFACES.values()])
_ON_FACE = np.array([name == 'nose' or name.endswith(('_eye', '_ear')) for name in SURFACES])
_HEAD = [PART_ID[name] for name in ('neck', 'head', 'hair', 'nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear')]


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
    """Return the labelled people of a scene in the order they were placed; the far crowd, if any, is one entry."""
    if scene.mesh is None:
        return []
    owners = np.concatenate([[-1], scene.mesh.owners]).astype(np.int16)[scene.ids]
    crowd = [i for i, person in enumerate(scene.people) if person.in_crowd]
    groups = [[i] for i, person in enumerate(scene.people) if not person.in_crowd]
    observations = []
    for group in [*groups, crowd] if crowd else groups:
        fine = cv2.inRange(owners, np.array(group[0]), np.array(group[-1]))  # a crowd's ids are consecutive
        area = cv2.countNonZero(fine) / OVERSAMPLE**2
        if area < SMALLEST_MASK:
            continue
        person = scene.people[group[0]]
        labelled = len(group) == 1 and area >= SMALLEST_POSE
        points = keypoints(scene, person, owner=group[0]) if labelled else {}
        observations.append(_describe(scene, person, fine=fine, area=area, points=points))
    return observations


def keypoints(scene: Scene, person: Person, *, owner: int) -> dict[str, tuple[float, float, int]]:
    """Return x, y and visibility of a person's keypoints by name.

    2: the person's own surface at the keypoint is the right part and not too far in front of the joint;
    1: something else is there, another person, a thing or another part of the body; 0: outside the image, or a point
    of the face behind the person's own head, which COCO's annotators leave out too.
    """
    points = np.stack([person.points[name] for name in SURFACES])
    pixels = scene.camera.project(points)
    outside = (points[:, 2] < 0.15) | (pixels < 0).any(axis=1) | (pixels > np.array(scene.camera.size) - 1).any(axis=1)
    depths = np.linalg.norm(points, axis=1)
    visible = np.where(outside, 0, _look(scene, pixels, depths=depths, owner=owner, scale=person.scale))
    pixels[visible == 0] = 0
    table = zip(SURFACES, pixels.tolist(), visible.tolist(), strict=True)
    return {name: (x, y, v) for name, (x, y), v in table}


def _look(scene: Scene, pixels: Array, *, depths: Array, owner: int, scale: float) -> Array:
    """Return the visibility (K,) of joints at pixels (K, 2) and distances (K,), by most of the surface around each."""
    assert scene.mesh is not None
    at = np.round(pixels * OVERSAMPLE + (OVERSAMPLE - 1) / 2)[:, None] + _OFFSETS  # (K, 5, 2)
    at = np.clip(at, 0, [scene.ids.shape[1] - 1, scene.ids.shape[0] - 1]).astype(int)
    quads = scene.ids[at[..., 1], at[..., 0]] - 1  # (K, 5); -1 is the background, caught by `own`
    below = depths[:, None] - np.linalg.norm(scene.mesh.quads[quads].mean(axis=2), axis=-1)
    parts = scene.mesh.parts[quads]
    own = (scene.mesh.owners[quads] == owner) & (quads >= 0)
    right = _SHOWS_ON[np.arange(len(pixels))[:, None], parts] & (below < _TOLERANCES[:, None] * scale)
    # eyes and ears of small people are a pixel wide: skin at the same depth counts too
    right |= _ON_FACE[:, None] & (parts == PART_ID['head']) & (below < 0.012 * scale)
    seen = (own & right).sum(axis=1) >= 3
    turned_away = _ON_FACE & ((own & np.isin(parts, _HEAD)).sum(axis=1) >= 3)
    return np.where(seen, 2, np.where(turned_away, 0, 1))


def _describe(
    scene: Scene, person: Person, *, fine: Array, area: float, points: dict[str, tuple[float, float, int]]
) -> Observation:
    box = np.array(cv2.boundingRect(fine)) / OVERSAMPLE
    mask = fine[OVERSAMPLE // 2 :: OVERSAMPLE, OVERSAMPLE // 2 :: OVERSAMPLE] > 0
    corners = scene.camera.project(person.head_corners)
    head = np.concatenate([corners.min(axis=0), corners.max(axis=0)])
    return Observation(box, area, mask, points, head, person.in_crowd)
