"""Things that people sit on or hold."""

from __future__ import annotations

import numpy as np

from .appearance import sample_color
from .meshes import Mesh, bone_tube, box, ellipsoid, solid
from .parts import PART_ID
from .rotations import Array, rot_x
from .skeleton import Skeleton

THING = PART_ID['thing']
EYE = np.eye(3)


def chair(skeleton: Skeleton, rng: np.random.Generator, *, floor: float) -> Mesh:
    """Build a chair, stool or block below somebody who sits; the height of the floor is in the body frame."""
    color = sample_color(rng) * 0.8 + 15
    scale = skeleton.build.height / 1.72
    seat = -0.13 * scale * max(skeleton.build.girth, 1.0)
    kind = rng.choice(['chair', 'stool', 'block', 'bench'], p=[0.5, 0.15, 0.2, 0.15])
    width = {'bench': rng.uniform(1.0, 1.9), 'block': rng.uniform(0.5, 1.0)}.get(str(kind), 0.44)
    deep = np.array([0, 0, 0.10]) * scale
    if kind == 'block':
        size = (width, seat - floor, 0.5)
        return solid([box(np.array([0, (seat + floor) / 2, 0]) + deep, EYE, size=size, colors=color, part=THING)])
    patches = [box(np.array([0, seat, 0]) + deep, EYE, size=(width, 0.045, 0.42), colors=color, part=THING)]
    for x in (-1, 1):
        for z in (-0.19, 0.19):
            at = np.array([x * (width / 2 - 0.03), (seat + floor) / 2, z]) + deep
            patches.append(box(at, EYE, size=(0.04, seat - floor, 0.04), colors=color * 0.8, part=THING))
    if kind == 'chair':
        at = np.array([0, seat + 0.27, -0.21]) + deep
        patches.append(box(at, EYE, size=(width, rng.uniform(0.2, 0.5), 0.04), colors=color, part=THING))
    return solid(patches)


def held_object(skeleton: Skeleton, side: str, *, rng: np.random.Generator) -> Mesh:
    """Build a ball, bag, stick, phone or plate in a hand, body frame."""
    frame, wrist = skeleton.frames[f'{side}_hand'], skeleton.joints[f'{side}_wrist']
    palm = (wrist + skeleton.joints[f'{side}_finger']) / 2
    color = sample_color(rng)
    kind = rng.choice(['ball', 'bag', 'stick', 'phone', 'plate'])
    if kind == 'ball':
        r = rng.uniform(0.04, 0.15)
        tube = ellipsoid(palm + frame @ np.array([0, -0.02, r]), frame, radii=(r, r, r))
        return solid([tube.patch(10, THING, colors=color)])
    if kind == 'bag':
        size = (0.12, rng.uniform(0.2, 0.4), rng.uniform(0.2, 0.4))
        return solid([box(palm - np.array([0, size[1] / 2 + 0.06, 0]), EYE, size=size, colors=color, part=THING)])
    if kind == 'stick':
        way = frame @ (rot_x(rng.normal(70, 25)) @ np.array([0, -1.0, 0]))
        length, r = rng.uniform(0.3, 1.2), rng.uniform(0.01, 0.03)
        profile = np.linspace(0, 1, 10)[:, None] * [1, 0, 0] + [0, r, r]
        rod = bone_tube(
            palm - 0.2 * length * way, palm + 0.8 * length * way, frame=_frame_along(way), profile=profile, caps=(1, 1)
        )
        return solid([rod.patch(6, THING, colors=color)])
    size = (0.08, 0.15, 0.012) if kind == 'phone' else (0.3, 0.3, 0.02)
    return solid(
        [box(palm + frame @ np.array([0, -0.02, 0.03]), frame, size=size, colors=color, part=THING, cell=0.06)]
    )


def _frame_along(way: Array) -> Array:
    """Return a (3, 3) frame with a unit direction (3,) as its y axis."""
    side = np.cross(way, [0.3, 0.2, 0.9])
    side /= np.linalg.norm(side)
    return np.stack([side, way, np.cross(side, way)], axis=1)
