"""Things in front of people."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .appearance import sample_color
from .meshes import Mesh, Patch, box, ellipsoid, solid
from .props import THING
from .rotations import Array, rot_x, rot_y, rot_z


def occluder(rng: np.random.Generator, center: Array, *, up: Array) -> Mesh:
    """Build a thing that stands at a point (3,) in camera space; rotation (3, 3) of upright things."""
    color = sample_color(rng)
    turn = up @ rot_y(rng.uniform(0, 90))
    return solid(KINDS[str(rng.choice(list(KINDS)))](rng, center, up, turn, color))


def _crate(rng: np.random.Generator, center: Array, up: Array, turn: Array, color: Array) -> list[Patch]:
    return [box(center, turn, size=tuple(rng.uniform(0.2, 0.7, 3)), colors=color, part=THING)]


def _table(rng: np.random.Generator, center: Array, up: Array, turn: Array, color: Array) -> list[Patch]:
    return [box(center, turn, size=(rng.uniform(0.6, 1.6), 0.06, 0.6), colors=color, part=THING)]


def _pole(rng: np.random.Generator, center: Array, up: Array, turn: Array, color: Array) -> list[Patch]:
    leaning = up @ rot_z(rng.normal(0, 6))
    return [box(center, leaning, size=(rng.uniform(0.04, 0.2), 3.0, 0.05), colors=color, part=THING)]


def _plant(rng: np.random.Generator, center: Array, up: Array, turn: Array, color: Array) -> list[Patch]:
    leaves = []
    for _ in range(rng.integers(10, 26)):
        green = np.array((45, 120, 60)) * rng.uniform(0.5, 1.5)
        frame = rot_z(rng.uniform(0, 360)) @ rot_x(rng.normal(0, 40))
        leaf = ellipsoid(center + rng.normal(0, 0.16, 3), frame, radii=(0.035, 0.13, 0.012), rings=5)
        leaves.append(leaf.patch(6, THING, colors=green))
    return leaves


def _ball(rng: np.random.Generator, center: Array, up: Array, turn: Array, color: Array) -> list[Patch]:
    r = rng.uniform(0.08, 0.25)
    return [ellipsoid(center, turn, radii=(r, r, r), rings=10).patch(16, THING, colors=color)]


def _fence(rng: np.random.Generator, center: Array, up: Array, turn: Array, color: Array) -> list[Patch]:
    bars = [
        box(center + up @ np.array([x, 0, 0]), up, size=(0.03, 0.9, 0.03), colors=color, part=THING)
        for x in np.arange(-0.8, 0.81, 0.2)
    ]
    rails = [
        box(center + up @ np.array([0, y, 0]), up, size=(1.7, 0.05, 0.03), colors=color * 0.9, part=THING)
        for y in (-0.4, 0.4)
    ]
    return bars + rails


def _board(rng: np.random.Generator, center: Array, up: Array, turn: Array, color: Array) -> list[Patch]:
    leaning = turn @ rot_z(rng.normal(0, 10))
    size = (rng.uniform(0.2, 0.6), rng.uniform(0.2, 0.9), 0.03)
    return [box(center, leaning, size=size, colors=color, part=THING)]


Builder = Callable[[np.random.Generator, Array, Array, Array, Array], list[Patch]]
KINDS: dict[str, Builder] = {
    'crate': _crate, 'table': _table, 'pole': _pole, 'plant': _plant, 'ball': _ball, 'fence': _fence, 'board': _board,
}  # fmt: skip
