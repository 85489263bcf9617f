"""Noise, gradients and textured areas."""

from __future__ import annotations

import cv2
import numpy as np

from .rotations import Array


def value_noise(rng: np.random.Generator, size: tuple[int, int], *, octaves: tuple[int, ...]) -> Array:
    """Draw (h, w) float32 noise, mean 0, about 1 wide; size (w, h), cells across per octave."""
    out = np.zeros((size[1], size[0]), dtype=np.float32)
    for i, cells in enumerate(octaves):
        rows = max(int(cells * size[1] / size[0]), 2)
        grid = rng.standard_normal((rows, cells)).astype(np.float32)
        smooth = cv2.INTER_CUBIC if cells < 40 else cv2.INTER_LINEAR
        out += cv2.resize(grid * np.float32(0.6**i), size, interpolation=smooth)
    return out / np.float32(np.sqrt(sum(0.36**i for i in range(len(octaves)))))


def textured(rng: np.random.Generator, size: tuple[int, int], color: Array, *, strength: float) -> Array:
    """Draw (h, w, 3) float32 coloured noise around a BGR colour, strength in grey levels."""
    cells = tuple(int(c) for c in rng.choice([3, 6, 12, 25, 60, 120, 250], size=3, replace=False))
    noise = value_noise(rng, size, octaves=tuple(sorted(cells)))
    tint = (strength * (1 + rng.normal(0, 0.25, 3))).astype(np.float32)
    return cv2.merge([noise * t + c for t, c in zip(tint, color.astype(np.float32), strict=True)])


def gradient(size: tuple[int, int], first: Array, second: Array, *, upright: bool) -> Array:
    """Draw an (h, w, 3) float32 ramp between two BGR colours, top to bottom if upright."""
    t = np.linspace(0, 1, size[1] if upright else size[0], dtype=np.float32)
    ramp = (first + t[:, None] * (second - first)).astype(np.float32)
    out = np.empty((size[1], size[0], 3), dtype=np.float32)
    out[:] = ramp[:, None] if upright else ramp[None]
    return out
