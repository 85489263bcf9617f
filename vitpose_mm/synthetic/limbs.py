"""Arms, hands, legs and feet as patches of surface."""

from __future__ import annotations

import numpy as np

from .appearance import Cloth
from .dresser import Dresser
from .meshes import Patch, bone_tube, ellipsoid
from .parts import PART_ID
from .rotations import Array

# (share along the bone, half width, half depth) in metres for a slim 1.72 m adult
LIMBS = {
    'upper_arm': ((0, 0.054, 0.058), (0.3, 0.050, 0.054), (0.7, 0.043, 0.046), (1, 0.037, 0.038)),
    'forearm': ((0, 0.037, 0.038), (0.25, 0.042, 0.040), (0.6, 0.034, 0.032), (1, 0.026, 0.021)),
    'hand': ((0, 0.026, 0.019), (0.35, 0.038, 0.019), (0.6, 0.040, 0.017), (1, 0.028, 0.012)),
    'thigh': ((0, 0.086, 0.096), (0.3, 0.080, 0.088), (0.7, 0.064, 0.070), (1, 0.052, 0.056)),
    'shank': ((0, 0.051, 0.056), (0.25, 0.054, 0.060), (0.6, 0.043, 0.046), (1, 0.033, 0.037)),
}
ENDS = {
    'upper_arm': ('shoulder', 'elbow'), 'forearm': ('elbow', 'wrist'), 'hand': ('wrist', 'finger'),
    'thigh': ('hip', 'knee'), 'shank': ('knee', 'ankle'),
}  # fmt: skip
FOOT = ((0, 0.033, 0.036), (0.3, 0.036, 0.042), (0.7, 0.045, 0.030), (1, 0.036, 0.020))
THUMB = ((0, 0.014, 0.014), (1, 0.011, 0.011))
ELBOW, KNEE = 0.54, 0.5  # shares of the arm and of the leg above the joint


def arm_patches(dresser: Dresser, side: str) -> list[Patch]:
    """Return upper arm, forearm, hand and thumb of a side."""
    look = dresser.look
    glove = look.hat if look.gloves else look.skin
    covered = {'upper_arm': look.sleeve / ELBOW, 'forearm': (look.sleeve - ELBOW) / (1 - ELBOW)}
    patches = [_limb(dresser, side, part, covered=c, cloth=look.top, bare=look.skin) for part, c in covered.items()]
    patches.append(_limb(dresser, side, 'hand', covered=0, cloth=look.top, bare=glove))
    wrist, frame, s = dresser.skeleton.joints[f'{side}_wrist'], dresser.skeleton.frames[f'{side}_hand'], dresser.scale
    root, tip = wrist + frame @ [0, -0.015 * s, 0.005 * s], wrist + frame @ [0, -0.055 * s, 0.045 * s]
    thumb = bone_tube(root, tip, frame=frame, profile=np.array(THUMB) * [1, s, s], caps=(1, 1))
    return [*patches, thumb.patch(6, PART_ID[f'{side}_hand'], colors=glove)]


def leg_patches(dresser: Dresser, side: str) -> list[Patch]:
    """Return thigh, shank, foot and the ankle's clothes of a side."""
    look, sk, s = dresser.look, dresser.skeleton, dresser.scale
    covered = {'thigh': look.trousers / KNEE, 'shank': (look.trousers - KNEE) / (1 - KNEE)}
    patches = [_limb(dresser, side, part, covered=c, cloth=look.bottom, bare=look.skin) for part, c in covered.items()]
    frame, ankle = sk.frames[f'{side}_foot'], sk.joints[f'{side}_ankle']
    heel = ankle + frame @ [0, -0.04 * s, -0.045 * s]
    axes = np.stack([frame[:, 0], frame[:, 2], frame[:, 1]], axis=1)
    foot = bone_tube(heel, sk.joints[f'{side}_toe'], frame=axes, profile=np.array(FOOT) * [1, s, s], caps=(0.9, 1.0))
    collar = ellipsoid(ankle, sk.frames[f'{side}_shank'], radii=(0.036 * s, 0.045 * s, 0.042 * s))
    sides, part = dresser.sides(10), PART_ID[f'{side}_foot']
    around_ankle = look.shoe if look.trousers < 1 else look.bottom.first
    return [*patches, foot.patch(sides, part, colors=look.shoe), collar.patch(sides, part, colors=around_ankle)]


def _limb(dresser: Dresser, side: str, part: str, *, covered: float, cloth: Cloth, bare: Array) -> Patch:
    """Build one bone's tube; `covered` is the share of it that wears cloth (below 0 none, above 1 all)."""
    sk = dresser.skeleton
    rings = 5 if part == 'hand' else 9
    table = np.array(LIMBS[part])
    share = np.linspace(0, 1, rings)
    profile = np.stack([share, *(np.interp(share, table[:, 0], table[:, i]) for i in (1, 2))], axis=1)
    profile[:, 1:] *= dresser.scale if part == 'hand' else dresser.girth
    if covered > 0:  # cloth is widest at its hem
        flare = 1 + (dresser.look.loose - 1) * np.clip(0.3 + 0.7 * share / min(covered, 1.0), 0, 1)
        profile[:, 1:] *= np.where(share <= covered, flare, 1)[:, None]
    start, end = (sk.joints[f'{side}_{name}'] for name in ENDS[part])
    tube = bone_tube(start, end, frame=sk.frames[f'{side}_{part}'], profile=profile, caps=(0.9, 0.8))
    sides = dresser.sides(8 if part == 'hand' else 12)
    colors = np.broadcast_to(bare, (len(tube.centers) - 1, sides, 3)).copy()
    along = np.interp(np.arange(len(colors)) + 0.5, [3, rings + 2], [0, 1])
    if covered > 0:
        clad = along <= covered
        colors[clad] = dresser.cloth(cloth, tube, sides)[clad]
    rough = dresser.folds(len(tube.centers), sides, amount=0.028 if covered > 0.9 else 0.006)
    return tube.patch(sides, PART_ID[f'{side}_{part}'], colors=colors, roughness=rough)
