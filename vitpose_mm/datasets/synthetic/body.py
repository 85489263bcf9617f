"""The body below the head: trunk, limbs, clothes, as meshes around the skeleton."""

from __future__ import annotations

import numpy as np

from .appearance import Appearance, Cloth, paint
from .head import head_patches, head_points
from .meshes import Mesh, Patch, Tube, bone_tube, ellipsoid, solid
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
# (share along the bone, half width, half depth)
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


def body_mesh(skeleton: Skeleton, look: Appearance, *, rng: np.random.Generator, detail: float, owner: int) -> Mesh:
    """Skeleton and looks -> the whole person as one mesh in the body frame.

    Args:
        detail: 0.5 to 1.3, multiplies the number of points around.
        owner: the person's id.
    """
    painter = _Painter(skeleton, look, rng=rng, detail=detail)
    patches = [*painter.trunk(), *head_patches(skeleton, look, sides=painter.sides(16))]
    for side in SIDES:
        patches += [*painter.arm(side), *painter.leg(side)]
    if look.skirt:
        patches.append(painter.skirt())
    return solid(patches, owner)


def all_points(skeleton: Skeleton) -> dict[str, Array]:
    """Skeleton -> every named keypoint (3,) of any label set."""
    return {**skeleton.joints, **head_points(skeleton)}


class _Painter:
    def __init__(self, skeleton: Skeleton, look: Appearance, *, rng: np.random.Generator, detail: float) -> None:
        self.skeleton, self.look, self.rng, self.detail = skeleton, look, rng, detail
        self.scale = skeleton.build.height / 1.72
        self.girth = skeleton.build.girth * self.scale

    def sides(self, count: int) -> int:
        return max(int(round(count * self.detail / 2)) * 2, 6)

    def folds(self, rings: int, sides: int, *, amount: float) -> Array:
        """Roughness of cloth (R, S): 1 within a few per cent."""
        return 1 + amount * self.rng.standard_normal((rings, sides))

    def trunk(self) -> list[Patch]:
        sk, look, build = self.skeleton, self.look, self.skeleton.build
        rows = np.array([row[2:] for row in TRUNK])
        frames = np.stack([sk.frames[row[1]] for row in TRUNK])
        centers = np.stack([sk.joints[row[0]] + sk.frames[row[1]] @ [0, row[2] * self.scale, 0] for row in TRUNK])
        slope = np.linspace(0, 1, len(TRUNK))
        wide = self.girth * np.interp(slope, [0, 0.3, 0.7, 1], [build.hips, build.hips, build.shoulders, 1])
        belly = build.belly * np.exp(-(((slope - 0.35) / 0.14) ** 2))
        chest = build.chest * np.exp(-(((slope - 0.58) / 0.07) ** 2))
        tube = Tube(
            centers,
            frames,
            rows[:, 1] * (wide + belly),
            rows[:, 2] * self.girth + belly + chest,
            rows[:, 3] * self.girth,
        )
        sides = self.sides(20)
        colors = self._cloth(look.top, tube, sides)
        n = NUM_PELVIS_RINGS
        colors[: n - 1] = self._cloth(look.bottom, tube, sides)[: n - 1]
        if look.jacket is not None:
            middle = sides // 2
            colors[n - 1 :, middle - max(sides // 12, 1) : middle + max(sides // 12, 1)] = look.jacket
        rough = self.folds(len(TRUNK), sides, amount=0.02 * look.loose)
        low = Tube(*(part[:n] for part in (tube.centers, tube.frames, tube.widths, tube.front, tube.back)))
        high = Tube(*(part[n - 1 :] for part in (tube.centers, tube.frames, tube.widths, tube.front, tube.back)))
        neck_profile = np.array([(0, 0.062, 0.06), (0.4, 0.053, 0.054), (1, 0.051, 0.056)]) * [
            1,
            self.scale,
            self.scale,
        ]
        neck = bone_tube(sk.joints['thorax'] - sk.frames['chest'] @ [0, 0.01, 0], sk.joints['head'] - sk.frames['head'] @ [0, 0.03, 0.02],
                         frame=sk.frames['neck'], profile=neck_profile, caps=(0.3, 0))  # fmt: skip
        return [
            low.patch(sides, PART_ID['pelvis'], colors=colors[: n - 1], roughness=rough[:n]),
            high.patch(sides, PART_ID['torso'], colors=colors[n - 1 :], roughness=rough[n - 1 :]),
            neck.patch(self.sides(12), PART_ID['neck'], colors=look.skin * 0.96),
        ]

    def _cloth(self, cloth: Cloth, tube: Tube, sides: int) -> Array:
        steps = np.linalg.norm(np.diff(tube.centers, axis=0), axis=1)
        around = (np.arange(sides) / sides - 0.5) * 2 * np.pi * float(tube.widths.max())
        return paint(cloth, np.cumsum(steps)[:, None], around[None], self.rng)

    def _limb(self, side: str, part: str, *, covered: float, cloth: Cloth, bare: Array, rings: int = 9) -> Patch:
        """One bone's tube; `covered` is the share of it that wears cloth."""
        sk = self.skeleton
        table = np.array(LIMBS[part])
        share = np.linspace(0, 1, rings)
        profile = np.stack([share, *(np.interp(share, table[:, 0], table[:, i]) for i in (1, 2))], axis=1)
        profile[:, 1:] *= self.girth if part != 'hand' else self.scale
        if covered > 0:
            profile[share <= covered, 1:] *= self.look.loose
        start, end = (sk.joints[f'{side}_{name}'] for name in ENDS[part])
        tube = bone_tube(start, end, frame=sk.frames[f'{side}_{part}'], profile=profile, caps=(0.9, 0.8))
        sides = self.sides(12 if part != 'hand' else 8)
        colors = np.broadcast_to(bare, (len(tube.centers) - 1, sides, 3)).copy()
        along = np.interp(np.arange(len(tube.centers) - 1) + 0.5, [3, rings + 2], [0, 1])
        colors[along <= covered] = self._cloth(cloth, tube, sides)[along <= covered]
        rough = self.folds(len(tube.centers), sides, amount=0.028 if covered > 0.9 else 0.006)
        return tube.patch(sides, PART_ID[f'{side}_{part}'], colors=colors, roughness=rough)

    def arm(self, side: str) -> list[Patch]:
        look = self.look
        upper = np.clip(look.sleeve / 0.54, 0, 1.1)
        fore = np.clip((look.sleeve - 0.54) / 0.46, 0, 1.1)
        glove = look.hat if look.gloves else look.skin
        patches = [
            self._limb(side, 'upper_arm', covered=upper, cloth=look.top, bare=look.skin),
            self._limb(side, 'forearm', covered=fore, cloth=look.top, bare=look.skin),
            self._limb(side, 'hand', covered=0, cloth=look.top, bare=glove, rings=5),
        ]
        joints, frame = self.skeleton.joints, self.skeleton.frames[f'{side}_hand']
        wrist = joints[f'{side}_wrist']
        tip = wrist + frame @ np.array([0.0, -0.055, 0.045]) * self.scale
        profile = np.array([(0, 0.014, 0.014), (1, 0.011, 0.011)]) * [1, self.scale, self.scale]
        thumb = bone_tube(
            wrist + frame @ np.array([0, -0.015, 0.005]) * self.scale, tip, frame=frame, profile=profile, caps=(1, 1)
        )
        return [*patches, thumb.patch(6, PART_ID[f'{side}_hand'], colors=glove)]

    def leg(self, side: str) -> list[Patch]:
        look, sk = self.look, self.skeleton
        thigh, shank = np.clip(look.trousers / 0.5, 0, 1.1), np.clip((look.trousers - 0.5) / 0.5, 0, 1.1)
        frame, ankle, toe = sk.frames[f'{side}_foot'], sk.joints[f'{side}_ankle'], sk.joints[f'{side}_toe']
        s = self.scale
        heel = ankle + frame @ np.array([0, -0.04, -0.045]) * s
        profile = np.array([(0, 0.033, 0.036), (0.3, 0.036, 0.042), (0.7, 0.045, 0.030), (1, 0.036, 0.020)]) * [1, s, s]
        axes = np.stack([frame[:, 0], frame[:, 2], frame[:, 1]], axis=1)
        foot = bone_tube(heel, toe, frame=axes, profile=profile, caps=(0.9, 1.0))
        shoe = foot.patch(self.sides(10), PART_ID[f'{side}_foot'], colors=look.shoe)
        collar = ellipsoid(ankle, sk.frames[f'{side}_shank'], radii=(0.036 * s, 0.045 * s, 0.042 * s))
        return [
            self._limb(side, 'thigh', covered=thigh, cloth=look.bottom, bare=look.skin),
            self._limb(side, 'shank', covered=shank, cloth=look.bottom, bare=look.skin),
            shoe,
            collar.patch(
                self.sides(10), PART_ID[f'{side}_foot'], colors=look.shoe if look.trousers < 1 else look.bottom.first
            ),
        ]

    def skirt(self) -> Patch:
        """A tube from the waist around both legs."""
        sk, look = self.skeleton, self.look
        rings = 9
        share = np.linspace(0, 1, rings) * look.skirt
        frames, centers, widths, depths = [], [], [], []
        for t in share:
            feet = [self._leg_point(side, t) for side in SIDES]
            between = feet[0][0] - feet[1][0]
            frames.append(blend(blend(feet[0][1], feet[1][1], 0.5), sk.frames['pelvis'], max(0.0, 1 - 3 * t)))
            centers.append((feet[0][0] + feet[1][0]) / 2 + sk.frames['pelvis'] @ [0, 0.07 * (1 - min(1.0, t * 4)), 0])
            spread = np.abs(frames[-1].T @ between)
            widths.append(spread[0] / 2 + (0.09 + 0.05 * t) * self.girth)
            depths.append(spread[2] / 2 + (0.115 + 0.07 * t) * self.girth)
        sides = self.sides(18)
        tube = Tube(np.stack(centers), np.stack(frames), np.array(widths), np.array(depths), np.array(depths))
        rough = self.folds(1, sides, amount=0.035) * np.ones((rings, 1))
        return tube.patch(sides, PART_ID['skirt'], colors=self._cloth(look.bottom, tube, sides), roughness=rough)

    def _leg_point(self, side: str, share: float) -> tuple[Array, Array]:
        """Share of the whole leg (0 hip, 1 ankle) -> point (3,) and frame (3, 3) there."""
        sk = self.skeleton
        upper = share < 0.5
        first, second = ('hip', 'knee') if upper else ('knee', 'ankle')
        t = share * 2 if upper else share * 2 - 1
        start, end = sk.joints[f'{side}_{first}'], sk.joints[f'{side}_{second}']
        return start + t * (end - start), sk.frames[f'{side}_thigh' if upper else f'{side}_shank']
