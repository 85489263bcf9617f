"""What trunk and limbs share: how fine, how thick and in which cloth a person's surface is drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .appearance import Appearance, Cloth, paint
from .meshes import Tube
from .rotations import Array
from .skeleton import Skeleton


@dataclass(frozen=True)
class Dresser:
    """One person's skeleton, looks and random state; detail (0.5 to 1.3) multiplies the points around."""

    skeleton: Skeleton
    look: Appearance
    rng: np.random.Generator
    detail: float

    @property
    def scale(self) -> float:
        """Height relative to 1.72 m."""
        return self.skeleton.build.height / 1.72

    @property
    def girth(self) -> float:
        """Thickness relative to a slim person of 1.72 m."""
        return self.skeleton.build.girth * self.scale

    def sides(self, count: int) -> int:
        """Return an even number of points around, for the points around at detail 1."""
        return max(round(count * self.detail / 2) * 2, 6)

    def folds(self, rings: int, sides: int, *, amount: float) -> Array:
        """Return factors (R, S) around 1 that make cloth uneven, for numbers of rings and sides."""
        return 1 + amount * self.rng.standard_normal((rings, sides))

    def cloth(self, cloth: Cloth, tube: Tube, sides: int) -> Array:
        """Return the BGR colours (R-1, S, 3) of cloth on a tube."""
        steps = np.linalg.norm(np.diff(tube.centers, axis=0), axis=1)
        around = (np.arange(sides) / sides - 0.5) * 2 * np.pi * float(tube.widths.max())
        return paint(cloth, np.cumsum(steps)[:, None], around[None], self.rng)
