"""Random poses: a table of postures for legs and trunk, a table of gestures for each arm, and jitter."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .skeleton import SIDES, clamp

Angles = dict[str, float]
Table = dict[str, dict[str, tuple[float, float]]]

# (mean, standard deviation) in degrees; a side's own entries come from the same distribution
POSTURES: Table = {
    'stand': {'hip_flex': (2, 4), 'hip_abd': (5, 4), 'knee': (4, 5), 'hip_rot': (8, 8)},
    'contrapposto': {'hip_flex': (8, 10), 'hip_abd': (8, 7), 'knee': (14, 12), 'hip_rot': (15, 12),
        'root_roll': (0, 5)},
    'walk': {'root_pitch': (3, 3), 'hip_abd': (2, 2), 'hip_rot': (4, 4)},
    'run': {'root_pitch': (10, 5), 'hip_abd': (3, 3), 'spine_flex': (6, 6)},
    'sit': {'hip_flex': (86, 9), 'hip_abd': (9, 8), 'knee': (84, 14), 'hip_rot': (8, 10),
        'root_pitch': (-8, 9), 'spine_flex': (10, 9)},
    'sit_ground': {'hip_flex': (95, 14), 'hip_abd': (22, 15), 'knee': (70, 40), 'hip_rot': (20, 20),
        'root_pitch': (-18, 9), 'spine_flex': (20, 12)},
    'squat': {'hip_flex': (102, 12), 'hip_abd': (18, 10), 'knee': (115, 14), 'ankle': (-18, 5),
        'root_pitch': (14, 8), 'spine_flex': (15, 10)},
    'lunge': {'hip_abd': (5, 4), 'root_pitch': (5, 6), 'spine_flex': (6, 6)},
    'bend': {'hip_flex': (38, 10), 'knee': (10, 8), 'hip_abd': (5, 4), 'root_pitch': (34, 10),
        'spine_flex': (42, 15)},
    'kick': {'hip_abd': (8, 6), 'root_pitch': (-6, 6)},
    'star': {'hip_abd': (26, 9), 'hip_flex': (3, 8), 'knee': (8, 8), 'hip_rot': (18, 10)},
    'jump': {'hip_flex': (28, 22), 'hip_abd': (12, 10), 'knee': (55, 30), 'ankle': (30, 8),
        'root_pitch': (4, 8)},
    'lie': {'hip_flex': (20, 20), 'hip_abd': (8, 7), 'knee': (30, 28), 'root_pitch': (-86, 5)},
    'wild': {'hip_flex': (35, 40), 'hip_abd': (18, 16), 'knee': (45, 38), 'hip_rot': (10, 20),
        'root_pitch': (8, 18), 'root_roll': (0, 14), 'spine_flex': (10, 18)},
}  # fmt: skip
STRIDES = {'walk': 24.0, 'run': 48.0, 'lunge': 78.0, 'kick': 80.0}  # hip flexion in front
POSTURE_WEIGHTS = {
    'stand': 30, 'contrapposto': 20, 'walk': 20, 'run': 7, 'sit': 3, 'sit_ground': 1, 'squat': 1.5, 'lunge': 2,
    'bend': 1, 'kick': 1.5, 'star': 4, 'jump': 2, 'lie': 0.5, 'wild': 1,
}  # fmt: skip

GESTURES: Table = {
    'hang': {'shoulder_flex': (3, 9), 'shoulder_abd': (9, 4), 'elbow': (14, 10), 'shoulder_rot': (10, 14)},
    'akimbo': {'shoulder_flex': (-12, 6), 'shoulder_abd': (44, 7), 'shoulder_rot': (62, 8),
        'elbow': (98, 10)},
    'cross': {'shoulder_flex': (34, 7), 'shoulder_abd': (10, 5), 'shoulder_rot': (72, 8), 'elbow': (92, 9)},
    'phone': {'shoulder_flex': (40, 14), 'shoulder_abd': (14, 8), 'shoulder_rot': (8, 15),
        'elbow': (128, 12)},
    'hold': {'shoulder_flex': (28, 14), 'shoulder_abd': (10, 6), 'shoulder_rot': (24, 14), 'elbow': (82, 16)},
    'up': {'shoulder_flex': (20, 25), 'shoulder_abd': (148, 16), 'elbow': (24, 20)},
    'up_front': {'shoulder_flex': (160, 14), 'shoulder_abd': (8, 8), 'elbow': (16, 14)},
    'wave': {'shoulder_flex': (4, 10), 'shoulder_abd': (84, 14), 'shoulder_rot': (-78, 10),
        'elbow': (88, 22)},
    'side': {'shoulder_flex': (4, 14), 'shoulder_abd': (86, 14), 'shoulder_rot': (0, 30), 'elbow': (14, 14)},
    'reach': {'shoulder_flex': (82, 22), 'shoulder_abd': (10, 12), 'elbow': (20, 18)},
    'back': {'shoulder_flex': (-32, 8), 'shoulder_abd': (16, 6), 'shoulder_rot': (40, 20), 'elbow': (40, 22)},
    'head': {'shoulder_flex': (62, 12), 'shoulder_abd': (72, 14), 'shoulder_rot': (-40, 15),
        'elbow': (130, 10)},
    'lap': {'shoulder_flex': (24, 9), 'shoulder_abd': (10, 5), 'shoulder_rot': (20, 12), 'elbow': (50, 12)},
    'wild': {'shoulder_flex': (50, 50), 'shoulder_abd': (50, 40), 'shoulder_rot': (0, 40), 'elbow': (55, 40)},
}  # fmt: skip
GESTURE_WEIGHTS = {
    'hang': 64, 'akimbo': 7, 'cross': 2, 'phone': 4, 'hold': 6, 'up': 8, 'up_front': 3, 'wave': 6, 'side': 8,
    'reach': 3, 'back': 2, 'head': 2, 'wild': 3,
}  # fmt: skip


def sample_pose(rng: np.random.Generator, posture: str | None = None) -> tuple[str, Angles]:
    """Draw a posture; return its name and joint angles in degrees (limb angles as ``left_knee``)."""
    posture = posture or _choose(rng, POSTURE_WEIGHTS)
    angles = _draw(rng, POSTURES[posture])
    _add_gait(rng, posture, angles=angles)
    _add_arms(rng, posture, angles=angles)
    for name, spread in (
        ('spine_side', 5),
        ('spine_twist', 9),
        ('neck_flex', 9),
        ('neck_side', 7),
        ('neck_twist', 18),
    ):
        angles[name] = angles.get(name, 0) + rng.normal(0, spread)
    angles['spine_flex'] = angles.get('spine_flex', 0) + rng.normal(3, 5)
    return posture, clamp(angles)


def _choose(rng: np.random.Generator, weights: Mapping[str, float]) -> str:
    share = np.array(list(weights.values()), dtype=float)
    return str(rng.choice(list(weights), p=share / share.sum()))


def _draw(rng: np.random.Generator, table: dict[str, tuple[float, float]]) -> Angles:
    angles: Angles = {}
    for name, (mean, spread) in table.items():
        if name.startswith(('root', 'spine')):
            angles[name] = rng.normal(mean, spread)
        else:
            for side in SIDES:
                angles[f'{side}_{name}'] = rng.normal(mean, spread)
    return angles


def _add_gait(rng: np.random.Generator, posture: str, *, angles: Angles) -> None:
    """Make legs differ by phase: walking, running, a lunge, a kick."""
    lead, trail = SIDES if rng.random() < 0.5 else SIDES[::-1]
    if posture not in STRIDES:
        return
    stride = STRIDES[posture] * rng.uniform(0.5, 1.15)
    angles[f'{lead}_hip_flex'] = stride
    angles[f'{lead}_knee'] = {'walk': 12, 'run': 62, 'lunge': 84, 'kick': 18}[posture] * rng.uniform(0.4, 1.4)
    angles[f'{trail}_hip_flex'] = -stride * {'kick': 0.05}.get(posture, rng.uniform(0.3, 0.7))
    angles[f'{trail}_knee'] = {'walk': 22, 'run': 60, 'lunge': 62, 'kick': 12}[posture] * rng.uniform(0.4, 1.4)
    angles[f'{trail}_ankle'] = rng.uniform(5, 35)


def _add_arms(rng: np.random.Generator, posture: str, *, angles: Angles) -> None:
    first = _choose(rng, GESTURE_WEIGHTS)
    second = first if first == 'cross' or rng.random() < 0.45 else _choose(rng, GESTURE_WEIGHTS)
    if posture in ('walk', 'run') and rng.random() < 0.75:
        first = second = 'swing'
    if posture in ('sit', 'squat') and rng.random() < 0.5:
        first = second = 'lap'
    for side, gesture in zip(SIDES, (first, second), strict=True):
        angles |= {f'{side}_wrist': rng.normal(5, 14), f'{side}_shrug': abs(rng.normal(0, 4))}
        if gesture == 'swing':
            swing = -0.8 * angles[f'{side}_hip_flex']
            bend = 75 if posture == 'run' else 18
            values = {
                'shoulder_flex': swing,
                'shoulder_abd': 10.0,
                'elbow': bend + rng.normal(0, 10),
                'shoulder_rot': 15.0,
            }
        else:
            values = {name: rng.normal(*pair) for name, pair in GESTURES[gesture].items()}
        angles |= {f'{side}_{name}': value for name, value in values.items()}
