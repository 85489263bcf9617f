"""Trunk, neck and skirt as patches of surface."""

from __future__ import annotations

import numpy as np

from .dresser import Dresser
from .meshes import Patch, Tube, bone_tube
from .parts import PART_ID
from .rotations import Array, blend
from .skeleton import SIDES, Skeleton

# (joint, frame, metres above it, half width, front, back) for a slim 1.72 m adult
TRUNK = (
    ('pelvis', 'pelvis', -0.100, 0.030, 0.04, 0.05), ('pelvis', 'pelvis', -0.080, 0.100, 0.075, 0.09),
    ('pelvis', 'pelvis', -0.040, 0.158, 0.094, 0.115), ('pelvis', 'pelvis', 0.010, 0.166, 0.10, 0.118),
    ('pelvis', 'pelvis', 0.070, 0.154, 0.10, 0.098), ('waist', 'waist', 0.000, 0.138, 0.094, 0.080),
    ('waist', 'waist', 0.050, 0.136, 0.095, 0.080), ('waist', 'waist', 0.110, 0.146, 0.104, 0.088),
    ('chest', 'chest', 0.000, 0.158, 0.112, 0.100), ('chest', 'chest', 0.050, 0.172, 0.116, 0.110),
    ('chest', 'chest', 0.100, 0.182, 0.108, 0.112), ('chest', 'chest', 0.140, 0.182, 0.092, 0.105),
    ('chest', 'chest', 0.172, 0.160, 0.076, 0.092), ('thorax', 'chest', 0.000, 0.115, 0.062, 0.078),
    ('thorax', 'neck', 0.022, 0.070, 0.052, 0.060), ('thorax', 'neck', 0.030, 0.020, 0.020, 0.020),
)  # fmt: skip
NUM_PELVIS_RINGS = 5
NECK = ((0, 0.062, 0.060), (0.4, 0.053, 0.054), (1, 0.051, 0.056))  # share along, half width, half depth


def trunk_patches(dresser: Dresser) -> list[Patch]:
    """Return pelvis, torso and neck."""
    look, n = dresser.look, NUM_PELVIS_RINGS
    tube = _trunk_tube(dresser)
    sides = dresser.sides(20)
    colors = dresser.cloth(look.top, tube, sides)
    colors[: n - 1] = dresser.cloth(look.bottom, tube, sides)[: n - 1]
    if look.jacket is not None:
        middle, half = sides // 2, max(sides // 12, 1)
        colors[n - 1 :, middle - half : middle + half] = look.jacket
    rough = dresser.folds(len(TRUNK), sides, amount=0.02 * look.loose)
    low, high = tube.rings(0, n), tube.rings(n - 1, len(TRUNK))
    return [
        low.patch(sides, PART_ID['pelvis'], colors=colors[: n - 1], roughness=rough[:n]),
        high.patch(sides, PART_ID['torso'], colors=colors[n - 1 :], roughness=rough[n - 1 :]),
        _neck_tube(dresser).patch(dresser.sides(12), PART_ID['neck'], colors=look.skin * 0.96),
    ]


def _trunk_tube(dresser: Dresser) -> Tube:
    sk, build = dresser.skeleton, dresser.skeleton.build
    rows = np.array([row[2:] for row in TRUNK])
    frames = np.stack([sk.frames[row[1]] for row in TRUNK])
    centers = np.stack([sk.joints[row[0]] + sk.frames[row[1]] @ [0, row[2] * dresser.scale, 0] for row in TRUNK])
    rise = np.linspace(0, 1, len(TRUNK))
    girth = dresser.girth * (1 + 0.35 * (dresser.look.loose - 1))  # a top hangs less loosely than a sleeve
    wide = girth * np.interp(rise, [0, 0.3, 0.7, 1], [build.hips, build.hips, build.shoulders, 1])
    belly = build.belly * np.exp(-(((rise - 0.35) / 0.14) ** 2))
    chest = build.chest * np.exp(-(((rise - 0.58) / 0.07) ** 2))
    front = rows[:, 2] * girth + belly + chest
    return Tube(centers, frames, rows[:, 1] * (wide + belly), front, rows[:, 3] * girth)


def _neck_tube(dresser: Dresser) -> Tube:
    sk = dresser.skeleton
    start = sk.joints['thorax'] - sk.frames['chest'] @ [0, 0.01, 0]
    end = sk.joints['head'] - sk.frames['head'] @ [0, 0.03, 0.02]
    profile = np.array(NECK) * [1, dresser.scale, dresser.scale]
    return bone_tube(start, end, frame=sk.frames['neck'], profile=profile, caps=(0.3, 0))


def skirt_patch(dresser: Dresser) -> Patch:
    """Return a tube from the waist around both legs, as long as the looks say."""
    sk, look = dresser.skeleton, dresser.look
    rings = 9
    frames, centers, widths, depths = [], [], [], []
    for t in np.linspace(0, 1, rings) * look.skirt:
        (left, left_frame), (right, right_frame) = (_leg_point(sk, side, share=t) for side in SIDES)
        frame = blend(blend(left_frame, right_frame, 0.5), sk.frames['pelvis'], max(0.0, 1 - 3 * t))
        spread = np.abs(frame.T @ (left - right)) / 2
        frames.append(frame)
        centers.append((left + right) / 2 + sk.frames['pelvis'] @ [0, 0.07 * max(0.0, 1 - 4 * t), 0])
        widths.append(spread[0] + (0.09 + 0.05 * t) * dresser.girth)
        depths.append(spread[2] + (0.115 + 0.07 * t) * dresser.girth)
    sides = dresser.sides(18)
    tube = Tube(np.stack(centers), np.stack(frames), np.array(widths), np.array(depths), np.array(depths))
    rough = dresser.folds(1, sides, amount=0.035) * np.ones((rings, 1))
    colors = dresser.cloth(look.bottom, tube, sides)
    return tube.patch(sides, PART_ID['skirt'], colors=colors, roughness=rough)


def _leg_point(skeleton: Skeleton, side: str, *, share: float) -> tuple[Array, Array]:
    """Return point (3,) and frame (3, 3) at a share of the whole leg (0 hip, 1 ankle)."""
    bone, first, second = ('thigh', 'hip', 'knee') if share < 0.5 else ('shank', 'knee', 'ankle')
    t = share * 2 % 1
    start, end = skeleton.joints[f'{side}_{first}'], skeleton.joints[f'{side}_{second}']
    return start + t * (end - start), skeleton.frames[f'{side}_{bone}']
