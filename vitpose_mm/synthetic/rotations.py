"""Rotation matrices of a right-handed frame, angles in degrees."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def rot_x(degrees: float) -> Array:
    """Return the (3, 3) rotation about x (turns y towards z)."""
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return np.array([[1, 0, 0], [0, c, -s], [0, s, c]])


def rot_y(degrees: float) -> Array:
    """Return the (3, 3) rotation about y (turns z towards x)."""
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])


def rot_z(degrees: float) -> Array:
    """Return the (3, 3) rotation about z (turns x towards y)."""
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def blend(first: Array, second: Array, share: float) -> Array:
    """Return the rotation between two (3, 3) rotations; share 0 is the first, 1 the second."""
    u, _, vt = np.linalg.svd((1 - share) * first + share * second)
    return u @ vt
