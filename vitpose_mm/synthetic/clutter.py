"""Things painted into backgrounds: pictures, cupboards, poles, balls, plants, buildings, rods like limbs."""

from __future__ import annotations

import itertools

import cv2
import numpy as np

from .appearance import sample_color
from .rotations import Array
from .textures import textured


def paint_frame(rng: np.random.Generator, canvas: Array, row: int) -> None:
    """A window, picture, door or poster on the wall."""
    h, w = canvas.shape[:2]
    cw, ch = int(w * rng.uniform(0.06, 0.3)), int(h * rng.uniform(0.1, 0.5))
    x, y = int(rng.uniform(-0.1, 0.95) * w), int(rng.uniform(-0.1, 0.8) * max(row, 10))
    color = sample_color(rng)
    cv2.rectangle(canvas, (x, y), (x + cw, y + ch), _bgr(color), -1)
    inner = sample_color(rng) * 0.7 + 60
    x0, y0, x1, y1 = max(x + 4, 0), max(y + 4, 0), min(x + cw - 4, w), min(y + ch - 4, h)
    if x1 - x0 > 8 and y1 - y0 > 8:
        canvas[y0:y1, x0:x1] = textured(rng, (x1 - x0, y1 - y0), inner, strength=rng.uniform(2, 45))
        if rng.random() < 0.3:
            text = ''.join(chr(c) for c in rng.integers(65, 91, size=rng.integers(3, 8)))
            ink = _bgr(sample_color(rng))
            cv2.putText(canvas, text, (x0, (y0 + y1) // 2), cv2.FONT_HERSHEY_DUPLEX, cw / 110, ink, 2, cv2.LINE_AA)


def paint_furniture(rng: np.random.Generator, canvas: Array, row: int) -> None:
    """A cupboard, pole, ball, plant or bent rod that stands on the floor below the row."""
    h, w = canvas.shape[:2]
    spot = (int(rng.uniform(0, w)), int(rng.uniform(row, min(row + 0.35 * h, h + 20))))
    color = sample_color(rng) * 0.8 + 20
    painter = (_cupboard, _pole, _ball, _plant, _rods)[rng.integers(5)]
    painter(rng, canvas, spot, color)


def _bgr(color: Array) -> tuple[float, ...]:
    return tuple(float(v) for v in color)


def _cupboard(rng: np.random.Generator, canvas: Array, spot: tuple[int, int], color: Array) -> None:
    (h, w), (x, base) = canvas.shape[:2], spot
    cw, ch, d = int(w * rng.uniform(0.05, 0.25)), int(h * rng.uniform(0.08, 0.5)), int(w * rng.uniform(0.01, 0.06))
    cv2.rectangle(canvas, (x, base - ch), (x + cw, base), _bgr(color), -1)
    side = np.array([(x + cw, base - ch), (x + cw + d, base - ch - d), (x + cw + d, base - d), (x + cw, base)])
    cv2.fillConvexPoly(canvas, side, _bgr(color * 0.7), cv2.LINE_AA)
    top = np.array([(x, base - ch), (x + d, base - ch - d), (x + cw + d, base - ch - d), (x + cw, base - ch)])
    cv2.fillConvexPoly(canvas, top, _bgr(color * 1.2), cv2.LINE_AA)
    for y in np.linspace(base - ch, base, rng.integers(1, 5) + 1)[1:-1]:
        cv2.line(canvas, (x, int(y)), (x + cw, int(y)), _bgr(color * 0.7), 1)


def _pole(rng: np.random.Generator, canvas: Array, spot: tuple[int, int], color: Array) -> None:
    (h, w), (x, base) = canvas.shape[:2], spot
    thick, ch = int(w * rng.uniform(0.005, 0.04)) + 1, int(h * rng.uniform(0.2, 0.9))
    cv2.line(canvas, (x, base - ch), (x + int(rng.normal(0, 0.02) * w), base), _bgr(color), thick, cv2.LINE_AA)
    shadow = x + thick // 3
    cv2.line(canvas, (shadow, base - ch), (shadow, base), _bgr(color * 0.7), max(thick // 3, 1), cv2.LINE_AA)


def _ball(rng: np.random.Generator, canvas: Array, spot: tuple[int, int], color: Array) -> None:
    x, base = spot
    r = int(canvas.shape[1] * rng.uniform(0.01, 0.07)) + 2
    for k in range(6):
        tone = _bgr(color * (0.6 + 0.13 * k))
        cv2.circle(canvas, (x - k * r // 12, base - r - k * r // 12), r - k * r // 7, tone, -1, cv2.LINE_AA)


def _plant(rng: np.random.Generator, canvas: Array, spot: tuple[int, int], color: Array) -> None:
    (h, w), (x, base) = canvas.shape[:2], spot
    green = np.array((40, 110, 60)) * 0.85 + 0.15 * color
    axes = (int(w * 0.025), int(w * 0.008) + 1)
    for _ in range(rng.integers(10, 50)):
        at = (int(x + rng.normal(0, 0.04) * w), int(base - abs(rng.normal(0.1, 0.08)) * h))
        tone = _bgr(green * rng.uniform(0.4, 1.5))
        cv2.ellipse(canvas, at, axes, rng.uniform(0, 360), 0, 360, tone, -1, cv2.LINE_AA)


def _rods(rng: np.random.Generator, canvas: Array, spot: tuple[int, int], color: Array) -> None:
    """Bent rods, which look like limbs from afar."""
    h, w = canvas.shape[:2]
    count = int(rng.integers(3, 6))
    steps = rng.normal(0, 0.09 * h, (count, 2)) - [0, 0.05 * h]
    corners = np.concatenate([[spot], spot + np.cumsum(steps, axis=0)]).astype(int).tolist()
    for start, end in itertools.pairwise(corners):
        thick = int(w * rng.uniform(0.008, 0.03)) + 1
        cv2.line(canvas, start, end, _bgr(color * rng.uniform(0.7, 1.2)), thick, cv2.LINE_AA)


def paint_building(rng: np.random.Generator, canvas: Array, area: tuple[int, int, int, int]) -> None:
    x, y, w, h = area
    color = sample_color(rng) * 0.4 + 70
    cv2.rectangle(canvas, (x, y), (x + w, y + h), _bgr(color), -1)
    step, tone = max(int(w / rng.uniform(3, 8)), 5), _bgr(color * rng.uniform(0.4, 1.4))
    for wy in range(y + step // 2, y + h - step // 2, step):
        for wx in range(x + step // 3, x + w - step // 2, step):
            cv2.rectangle(canvas, (wx, wy), (wx + step // 2, wy + int(step * 0.6)), tone, -1)
