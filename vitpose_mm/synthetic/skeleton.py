"""The skeleton: body measures and joint angles in, joints and bone frames in metres out.

Body frame: x to the person's left, y up, z forward; the origin is the middle between the hips.
Every bone frame has the bone along -y (limbs) or +y (spine, neck, head).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .rotations import Array, rot_x, rot_y, rot_z

SIDES = ('left', 'right')

# (least, most) degrees of each angle; those of limbs hold for both sides
LIMITS: dict[str, tuple[float, float]] = {
    'root_pitch': (-95, 95), 'root_roll': (-95, 95), 'yaw': (-360, 360),
    'spine_flex': (-25, 75), 'spine_side': (-30, 30), 'spine_twist': (-40, 40),
    'neck_flex': (-45, 50), 'neck_side': (-35, 35), 'neck_twist': (-70, 70),
    'shrug': (-5, 25),
    'shoulder_flex': (-55, 178), 'shoulder_abd': (0, 172), 'shoulder_rot': (-90, 90), 'elbow': (0, 148),
    'wrist': (-55, 60),
    'hip_flex': (-28, 125), 'hip_abd': (-15, 70), 'hip_rot': (-35, 50), 'knee': (0, 145), 'ankle': (-25, 45),
}  # fmt: skip


@dataclass(frozen=True)
class Build:
    """Body measures. Lengths are shares of the height; girths multiply a slim adult's radii."""

    height: float = 1.72  # metres
    head: float = 1.0  # children have large heads
    leg: float = 1.0
    arm: float = 1.0
    shoulders: float = 1.0
    hips: float = 1.0
    girth: float = 1.0
    belly: float = 0.0  # metres that the belly stands out
    chest: float = 0.0  # metres that the chest stands out


@dataclass(frozen=True)
class Skeleton:
    """Joints (3,) and bone frames (3, 3) by name, body frame, metres."""

    build: Build
    joints: dict[str, Array] = field(default_factory=dict)
    frames: dict[str, Array] = field(default_factory=dict)


def clamp(angles: dict[str, float]) -> dict[str, float]:
    """Return the angles by name, each inside its joint's limits."""
    out = {}
    for name, value in angles.items():
        low, high = LIMITS[name.removeprefix('left_').removeprefix('right_')]
        out[name] = float(np.clip(value, low, high))
    return out


def pose_skeleton(build: Build, angles: dict[str, float]) -> Skeleton:
    """Return joints and bone frames of measures and angles (degrees; absent ones are 0)."""
    skeleton = Skeleton(build)
    a = clamp(angles)
    _pose_trunk(skeleton, a)
    for side, sign in zip(SIDES, (1.0, -1.0), strict=True):
        _pose_arm(skeleton, a, side=side, sign=sign)
        _pose_leg(skeleton, a, side=side, sign=sign)
    return skeleton


def _pose_trunk(skeleton: Skeleton, a: dict[str, float]) -> None:
    h, build = skeleton.build.height, skeleton.build
    joints, frames = skeleton.joints, skeleton.frames
    pelvis = rot_x(a.get('root_pitch', 0)) @ rot_z(a.get('root_roll', 0))
    half = rot_y(a.get('spine_twist', 0) / 2) @ rot_z(a.get('spine_side', 0) / 2) @ rot_x(a.get('spine_flex', 0) / 2)
    waist = pelvis @ half
    chest = waist @ half
    neck = chest @ rot_x(a.get('neck_flex', 0) * 0.4) @ rot_z(a.get('neck_side', 0) * 0.4)
    head = (
        neck @ rot_y(a.get('neck_twist', 0)) @ rot_x(a.get('neck_flex', 0) * 0.6) @ rot_z(a.get('neck_side', 0) * 0.6)
    )
    frames.update(pelvis=pelvis, waist=waist, chest=chest, neck=neck, head=head)
    joints['pelvis'] = np.zeros(3)
    joints['waist'] = pelvis @ [0, 0.075 * h, 0]
    joints['chest'] = joints['waist'] + waist @ [0, 0.10 * h, 0]
    joints['thorax'] = joints['chest'] + chest @ [0, 0.118 * h, -0.008 * h]
    joints['upper_neck'] = joints['thorax'] + neck @ [0, 0.047 * h, 0.008 * h]
    scale = h * build.head
    joints['head'] = joints['upper_neck'] + head @ [0, 0.055 * scale, 0.014 * scale]
    joints['head_top'] = joints['head'] + head @ [0, 0.068 * scale, 0]


def _pose_arm(skeleton: Skeleton, a: dict[str, float], *, side: str, sign: float) -> None:
    h, joints, frames = skeleton.build.height, skeleton.joints, skeleton.frames

    def angle(name: str) -> float:
        return a.get(f'{side}_{name}', 0.0)

    chest = frames['chest']
    raised = np.clip(max(angle('shoulder_abd'), angle('shoulder_flex')) - 60, 0, 120) * 0.16  # clavicle follows
    reach = 0.112 * h * skeleton.build.shoulders
    offset = rot_z(sign * (angle('shrug') + raised)) @ [sign * reach, 0, 0]
    joints[f'{side}_shoulder'] = joints['thorax'] + chest @ (offset + np.array([0, -0.018 * h, 0.006 * h]))
    upper = (
        chest
        @ rot_z(sign * angle('shoulder_abd'))
        @ rot_x(-angle('shoulder_flex'))
        @ rot_y(-sign * angle('shoulder_rot'))
    )
    fore = upper @ rot_x(-angle('elbow'))
    hand = fore @ rot_x(-angle('wrist'))
    long = h * skeleton.build.arm
    joints[f'{side}_elbow'] = joints[f'{side}_shoulder'] + upper @ [0, -0.172 * long, 0]
    joints[f'{side}_wrist'] = joints[f'{side}_elbow'] + fore @ [0, -0.148 * long, 0]
    joints[f'{side}_finger'] = joints[f'{side}_wrist'] + hand @ [0, -0.095 * long, 0]
    frames.update({f'{side}_upper_arm': upper, f'{side}_forearm': fore, f'{side}_hand': hand})


def _pose_leg(skeleton: Skeleton, a: dict[str, float], *, side: str, sign: float) -> None:
    h, joints, frames = skeleton.build.height, skeleton.joints, skeleton.frames

    def angle(name: str) -> float:
        return a.get(f'{side}_{name}', 0.0)

    pelvis = frames['pelvis']
    joints[f'{side}_hip'] = pelvis @ [sign * 0.056 * h * skeleton.build.hips, 0, 0]
    thigh = pelvis @ rot_z(sign * angle('hip_abd')) @ rot_x(-angle('hip_flex')) @ rot_y(sign * angle('hip_rot'))
    shank = thigh @ rot_x(angle('knee'))
    foot = shank @ rot_x(angle('ankle'))
    long = h * skeleton.build.leg
    joints[f'{side}_knee'] = joints[f'{side}_hip'] + thigh @ [0, -0.243 * long, 0]
    joints[f'{side}_ankle'] = joints[f'{side}_knee'] + shank @ [0, -0.24 * long, 0]
    joints[f'{side}_toe'] = joints[f'{side}_ankle'] + foot @ [0, -0.028 * h, 0.11 * h]
    frames.update({f'{side}_thigh': thigh, f'{side}_shank': shank, f'{side}_foot': foot})
