"""A whole person's surface and keypoints around the skeleton."""

from __future__ import annotations

import numpy as np

from .appearance import Appearance
from .dresser import Dresser
from .head import head_patches, head_points
from .limbs import arm_patches, leg_patches
from .meshes import Mesh, solid
from .rotations import Array
from .skeleton import SIDES, Skeleton
from .trunk import skirt_patch, trunk_patches


def body_mesh(skeleton: Skeleton, look: Appearance, *, rng: np.random.Generator, detail: float, owner: int) -> Mesh:
    """Build the surface of a whole person as one mesh in the body frame.

    Args:
        detail: 0.5 to 1.3, multiplies the number of points around.
        owner: the person's id.
    """
    dresser = Dresser(skeleton, look, rng, detail)
    patches = [*trunk_patches(dresser), *head_patches(skeleton, look, sides=dresser.sides(16))]
    for side in SIDES:
        patches += [*arm_patches(dresser, side), *leg_patches(dresser, side)]
    if look.skirt:
        patches.append(skirt_patch(dresser))
    return solid(patches, owner)


def all_points(skeleton: Skeleton) -> dict[str, Array]:
    """Return every named keypoint (3,) of any label set."""
    return {**skeleton.joints, **head_points(skeleton)}
