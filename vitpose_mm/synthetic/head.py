"""The head: skull, face, ears, hair and hats as patches of surface, and the face keypoints."""

from __future__ import annotations

import numpy as np

from .appearance import Appearance
from .meshes import Patch, Tube, bone_tube, disc, ellipsoid
from .parts import PART_ID
from .rotations import Array, rot_y
from .skeleton import SIDES, Skeleton

# metres in the head's frame, for a head of 0.234 m
FACE_POINTS = {
    'nose': (0.0, -0.022, 0.112), 'left_eye': (0.032, 0.014, 0.0865), 'right_eye': (-0.032, 0.014, 0.0865),
    'left_ear': (0.080, -0.004, -0.008), 'right_ear': (-0.080, -0.004, -0.008),
}  # fmt: skip
RADII = (0.077, 0.117, 0.095)
# lowest hair (height on the unit head) from the back of the head (-1) over the ears (0) to the front (1)
HAIRLINES = {
    'short': ((-1, -0.25, 0.1, 0.5, 1), (-0.45, -0.25, 0.25, 0.42, 0.6)),
    'bob': ((-1, 0.15, 0.35, 0.6, 1), (-0.9, -0.8, -0.3, 0.42, 0.55)),
    'long': ((-1, 0.1, 0.3, 0.55, 1), (-1.0, -1.0, -0.4, 0.42, 0.6)),
    'bun': ((-1, -0.25, 0.1, 0.5, 1), (-0.4, -0.25, 0.25, 0.5, 0.66)),
    'cap': ((-1, 1), (0.15, 0.4)),
    'helmet': ((-1, 0.1, 0.4, 1), (-0.5, -0.3, 0.3, 0.38)),
    'hood': ((-1, 0.2, 0.5, 1), (-1.0, -1.0, 0.2, 0.5)),
}


def head_points(skeleton: Skeleton) -> dict[str, Array]:
    """Return nose, eyes and ears (3,) on the head's surface."""
    frame, scale = skeleton.frames['head'], _scale(skeleton)
    return {name: skeleton.joints['head'] + frame @ np.array(p) * scale for name, p in FACE_POINTS.items()}


def head_patches(skeleton: Skeleton, look: Appearance, *, sides: int) -> list[Patch]:
    """Return the surface patches of the head."""
    return [_skull(skeleton, look, sides=sides), *_face(skeleton, look), *_hair(skeleton, look, sides=sides)]


def _scale(skeleton: Skeleton) -> float:
    return skeleton.build.height * skeleton.build.head / 1.72


def _skull_tube(skeleton: Skeleton, *, grow: float, rings: int) -> Tube:
    frame, s = skeleton.frames['head'], _scale(skeleton) * grow
    t = np.sin(np.linspace(-np.pi / 2, np.pi / 2, rings))
    ring = np.maximum(np.sqrt(1 - t**2), 0.03)
    jaw = 1 - 0.24 * np.clip(-t, 0, 1) ** 1.5
    centers = skeleton.joints['head'] + s * (
        np.outer(t * RADII[1], frame[:, 1]) + np.outer(0.012 * np.clip(-t, 0, 1), frame[:, 2])
    )
    back = ring * (1 - 0.3 * np.clip(-t, 0, 1))
    return Tube(
        centers,
        np.broadcast_to(frame, (rings, 3, 3)),
        s * RADII[0] * ring * jaw,
        s * RADII[2] * ring,
        s * RADII[2] * back,
    )


def _unit_directions(sides: int, rings: int) -> tuple[Array, Array]:
    """Return height in -1..1 and frontness in -1..1 of the skull's quads, each (R-1, S)."""
    t = np.sin(np.linspace(-np.pi / 2, np.pi / 2, rings))
    height = np.repeat(((t[:-1] + t[1:]) / 2)[:, None], sides, axis=1)
    angle = 2 * np.pi * (np.arange(sides) + 0.5) / sides
    return height, np.broadcast_to(-np.cos(angle), height.shape)


def _skull(skeleton: Skeleton, look: Appearance, *, sides: int) -> Patch:
    rings = sides // 2 + 4
    height, front = _unit_directions(sides, rings)
    colors = np.broadcast_to(look.skin, (*height.shape, 3)).copy()
    flush = np.clip(1 - np.abs(height + 0.25) * 2.5, 0, 1) * np.clip(front, 0, 1)  # cheeks are redder
    colors += flush[..., None] * [-14, -10, 8]
    if look.beard:
        colors[(height < -0.3) & (front > -0.1)] = look.hair * 0.8 + look.skin * 0.2
    if look.glasses == 'mask':
        colors[(height < -0.12) & (front > 0.3)] = (225, 215, 200)
    return _skull_tube(skeleton, grow=1.0, rings=rings).patch(sides, PART_ID['head'], colors=colors)


def _face(skeleton: Skeleton, look: Appearance) -> list[Patch]:
    joint, frame, s = skeleton.joints['head'], skeleton.frames['head'], _scale(skeleton)

    def at(x: float, y: float, z: float) -> Array:
        return joint + frame @ np.array([x, y, z]) * s

    nose_color = look.skin * [0.93, 0.95, 1.02] if look.glasses != 'mask' else np.array((225, 215, 200))
    profile = np.array([(0, 0.007, 0.006), (0.6, 0.011, 0.010), (1, 0.016, 0.012)]) * [1, s, s]
    nose = bone_tube(at(0, 0.02, 0.088), at(0, -0.024, 0.099), frame=frame, profile=profile, caps=(0.5, 0.6))
    patches = [nose.patch(8, PART_ID['nose'], colors=nose_color)]
    for side, sign in zip(SIDES, (1, -1), strict=True):
        turn = frame @ rot_y(sign * 20)
        white, iris = np.array((225, 228, 232)), look.eye
        colors = np.stack([iris * 0.5, iris, white])
        size = (0.018, 0.0105)
        if look.glasses == 'dark':
            colors, size = np.full((3, 3), 28.0), (0.029, 0.021)
        place = at(sign * 0.032, 0.014, 0.0835)
        patches.append(disc(place, turn, radii=(size[0] * s, size[1] * s), colors=colors, part=PART_ID[f'{side}_eye']))
        brow = at(sign * 0.032, 0.038, 0.086)
        patches.append(
            disc(brow, turn, radii=(0.020 * s, 0.004 * s), colors=np.tile(look.hair, (3, 1)), part=PART_ID['head'])
        )
        ear = ellipsoid(at(*FACE_POINTS[f'{side}_ear']), turn, radii=(0.010 * s, 0.032 * s, 0.021 * s))
        patches.append(ear.patch(8, PART_ID[f'{side}_ear'], colors=look.skin * [0.88, 0.9, 0.99]))
    if look.glasses != 'mask':
        lips = np.stack([look.skin * 0.35, look.skin * [0.6, 0.6, 0.8], look.skin * [0.72, 0.72, 0.95]])
        patches.append(
            disc(at(0, -0.060, 0.084), frame, radii=(0.024 * s, 0.009 * s), colors=lips, part=PART_ID['head'])
        )
    return patches


def _hair(skeleton: Skeleton, look: Appearance, *, sides: int) -> list[Patch]:
    style = look.hair_style
    if style == 'bald':
        return []
    rings = sides // 2 + 4
    height, front = _unit_directions(sides, rings)
    shell = look.hat if style in ('cap', 'helmet', 'hood') else look.hair
    grow = {'cap': 1.1, 'bob': 1.2, 'long': 1.2, 'helmet': 1.2, 'hood': 1.22}.get(style, 1.12)
    at, line = HAIRLINES[style]
    keep = (height > np.interp(front, at, line)).reshape(-1)
    streak = 1 + 0.12 * np.sin(np.arange(sides) * 2.4)[None, :, None] * np.ones((rings - 1, 1, 1))
    shell_patch = _skull_tube(skeleton, grow=grow, rings=rings).patch(sides, PART_ID['hair'], colors=shell * streak)
    patches = [Patch(shell_patch.quads[keep], shell_patch.inside[keep], shell_patch.colors[keep], shell_patch.part)]
    joint, frame, s = skeleton.joints['head'], skeleton.frames['head'], _scale(skeleton)
    if style == 'long':
        down = skeleton.frames['chest'] @ np.array([0, -0.3, -0.115]) * s
        start = joint + frame @ np.array([0, 0.02, -0.06]) * s
        profile = np.array([(0, 0.07, 0.05), (0.4, 0.085, 0.045), (0.8, 0.08, 0.035), (1, 0.05, 0.02)]) * [1, s, s]
        tail = bone_tube(start, joint + down, frame=frame, profile=profile, caps=(1, 0.5))
        patches.append(tail.patch(10, PART_ID['hair'], colors=look.hair))
    if style == 'bun':
        knot = ellipsoid(joint + frame @ np.array([0, 0.08, -0.10]) * s, frame, radii=(0.045 * s, 0.04 * s, 0.045 * s))
        patches.append(knot.patch(8, PART_ID['hair'], colors=look.hair))
    if style == 'cap':
        brim = ellipsoid(joint + frame @ np.array([0, 0.052, 0.105]) * s, frame, radii=(0.06 * s, 0.008 * s, 0.065 * s))
        patches.append(brim.patch(10, PART_ID['hair'], colors=look.hat * 0.85))
    return patches
