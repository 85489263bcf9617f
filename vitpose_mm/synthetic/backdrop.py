"""Backgrounds without people: rooms, fields and streets, and pictures that make no sense."""

from __future__ import annotations

import cv2
import numpy as np

from .appearance import sample_color
from .clutter import paint_building, paint_frame, paint_furniture
from .rotations import Array
from .textures import gradient, textured, value_noise


def sample_background(rng: np.random.Generator, size: tuple[int, int], *, horizon: float, roll: float) -> Array:
    """Draw an (h, w, 3) float32 background; horizon: its row in pixels, roll: of the camera, in degrees."""
    kind = rng.choice(['room', 'outside', 'blank'], p=[0.42, 0.43, 0.15])
    big = (int(size[0] * 1.12), int(size[1] * 1.12))
    row = float(np.clip(horizon + 0.06 * size[1], 0.1 * big[1], 0.93 * big[1]))
    painter = {'room': _room, 'outside': _outside, 'blank': _blank}[kind]
    canvas = painter(rng, big, row)
    turn: Array = cv2.getRotationMatrix2D((big[0] / 2, big[1] / 2), -roll, 1.0)
    turn[:, 2] -= [(big[0] - size[0]) / 2, (big[1] - size[1]) / 2]
    picture = cv2.warpAffine(canvas, turn, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    blur = rng.choice([0.0, rng.uniform(0.6, 2.5)], p=[0.55, 0.45])
    return cv2.GaussianBlur(picture, (0, 0), blur * size[0] / 640) if blur * size[0] > 200 else picture


def _floor(rng: np.random.Generator, canvas: Array, row: int) -> None:
    """Paint a floor below the row: texture, and sometimes boards or tiles in perspective."""
    h, w = canvas.shape[:2]
    if row >= h - 2:
        return
    color = sample_color(rng) * 0.6 + 50
    floor = textured(rng, (w, h - row), color, strength=rng.uniform(3, 18))
    if rng.random() < 0.5:
        line = tuple(float(v) for v in color * rng.uniform(0.6, 1.3))
        center = rng.uniform(0, w)
        for x in np.arange(-3 * w, 4 * w, w * rng.uniform(0.12, 0.4)):
            cv2.line(floor, (int(center), -2), (int(x), h - row), line, 1, cv2.LINE_AA)
        if rng.random() < 0.6:
            for y in (h - row) * np.linspace(0, 1, 9) ** 2:
                cv2.line(floor, (0, int(y)), (w, int(y)), line, 1, cv2.LINE_AA)
    canvas[row:] = floor


def _room(rng: np.random.Generator, size: tuple[int, int], horizon: float) -> Array:
    wall = sample_color(rng) * 0.5 + rng.uniform(40, 125)
    canvas = textured(rng, size, wall, strength=rng.uniform(1, 14))
    left, right = rng.normal(0, 25, 2).tolist()
    canvas += np.linspace(left, right, size[0], dtype=np.float32)[None, :, None]
    if rng.random() < 0.25:
        _wall_paper(rng, canvas)
    row = int(np.clip(horizon + rng.uniform(0.02, 0.25) * size[1], 0, size[1] - 1))
    for _ in range(rng.integers(1, 7)):
        paint_frame(rng, canvas, row)
    _floor(rng, canvas, row)
    for _ in range(rng.integers(0, 7)):
        paint_furniture(rng, canvas, row)
    return canvas


def _wall_paper(rng: np.random.Generator, canvas: Array) -> None:
    h, w = canvas.shape[:2]
    color = tuple(float(v) for v in sample_color(rng))
    step = int(w * rng.uniform(0.04, 0.15))
    for x in range(0, w, step):
        cv2.line(canvas, (x, 0), (x, h), color, max(int(step * rng.uniform(0.05, 0.5)), 1))


def _outside(rng: np.random.Generator, size: tuple[int, int], horizon: float) -> Array:
    sky = np.array([rng.uniform(150, 250), rng.uniform(140, 230), rng.uniform(110, 225)])
    canvas = gradient(size, sky, np.minimum(sky * rng.uniform(0.95, 1.3), 250), upright=True)
    canvas += value_noise(rng, size, octaves=(4, 9, 20))[..., None] * np.float32(rng.uniform(2, 18))
    w, h = size
    row = int(np.clip(horizon, 0, h - 1))
    if rng.random() < 0.55:
        x = int(-0.1 * w)
        while x < w:
            cw, ch = int(w * rng.uniform(0.06, 0.25)), int(h * rng.uniform(0.1, 0.7))
            paint_building(rng, canvas, (x, row - ch, cw, ch + 4))
            x += int(cw * rng.uniform(0.8, 1.5))
    if rng.random() < 0.6:
        leaves = value_noise(rng, size, octaves=(int(rng.integers(3, 8)), 14, 40, 90))
        rise = h * rng.uniform(0.05, 0.45) * (1 + 0.4 * leaves[row])
        mask = (np.arange(h)[:, None] > row - rise[None]) & (leaves > rng.uniform(-1.5, 0.0))
        green = np.array((rng.uniform(20, 60), rng.uniform(60, 120), rng.uniform(30, 90)))
        canvas[mask] = green.astype(np.float32) * (1 + 0.35 * leaves[mask])[:, None]
    _floor(rng, canvas, row)
    for _ in range(rng.integers(0, 6)):
        paint_furniture(rng, canvas, row)
    return canvas


def _blank(rng: np.random.Generator, size: tuple[int, int], horizon: float) -> Array:
    """Noise, gradients and random shapes: no sense, much variety."""
    del horizon
    canvas = gradient(size, sample_color(rng), sample_color(rng), upright=rng.random() < 0.5)
    canvas += textured(rng, size, np.zeros(3), strength=rng.uniform(4, 40))
    for _ in range(rng.integers(0, 14)):
        color = tuple(float(v) for v in sample_color(rng))
        at, r = rng.uniform(0, 1, 2) * size, size[0] * rng.uniform(0.01, 0.16)
        if rng.random() < 0.5:
            points = at + rng.normal(0, r, (int(rng.integers(3, 7)), 2))
            cv2.fillPoly(canvas, [points.astype(np.int32)], color, cv2.LINE_AA)
        else:
            axes = (int(r), int(r * rng.uniform(0.2, 1)) + 1)
            cv2.ellipse(canvas, (int(at[0]), int(at[1])), axes, rng.uniform(0, 360), 0, 360, color, -1, cv2.LINE_AA)
    return canvas
