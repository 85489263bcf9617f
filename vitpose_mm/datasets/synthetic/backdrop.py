"""Backgrounds: noise textures, rooms, fields and streets with clutter that is no person."""

from __future__ import annotations

import cv2
import numpy as np

from .appearance import sample_color
from .rotations import Array


def value_noise(rng: np.random.Generator, size: tuple[int, int], *, octaves: tuple[int, ...]) -> Array:
    """Size (w, h), cells across per octave -> (h, w) float32 noise, mean 0, about 1 wide."""
    out = np.zeros((size[1], size[0]), dtype=np.float32)
    for i, cells in enumerate(octaves):
        rows = max(int(cells * size[1] / size[0]), 2)
        grid = rng.standard_normal((rows, cells)).astype(np.float32)
        smooth = cv2.INTER_CUBIC if cells < 40 else cv2.INTER_LINEAR
        out += cv2.resize(grid * np.float32(0.6**i), size, interpolation=smooth)
    return out / np.float32(np.sqrt(sum(0.36**i for i in range(len(octaves)))))


def sample_background(rng: np.random.Generator, size: tuple[int, int], *, horizon: float, roll: float) -> Array:
    """Size (w, h), row of the horizon in pixels, camera roll in degrees -> (h, w, 3) float32 picture without people."""
    kind = rng.choice(['room', 'outside', 'blank'], p=[0.42, 0.43, 0.15])
    big = (int(size[0] * 1.12), int(size[1] * 1.12))
    row = float(np.clip(horizon + 0.06 * size[1], 0.1 * big[1], 0.93 * big[1]))
    painter = {'room': _room, 'outside': _outside, 'blank': _blank}[kind]
    canvas = painter(rng, big, row)
    turn = cv2.getRotationMatrix2D((big[0] / 2, big[1] / 2), -roll, 1.0)
    turn[:, 2] -= [(big[0] - size[0]) / 2, (big[1] - size[1]) / 2]
    picture = cv2.warpAffine(canvas, turn, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    blur = rng.choice([0.0, rng.uniform(0.6, 2.5)], p=[0.55, 0.45])
    return cv2.GaussianBlur(picture, (0, 0), blur * size[0] / 640) if blur * size[0] > 200 else picture


def _textured(rng: np.random.Generator, size: tuple[int, int], color: Array, *, strength: float) -> Array:
    cells = tuple(int(c) for c in rng.choice([3, 6, 12, 25, 60, 120, 250], size=3, replace=False))
    noise = value_noise(rng, size, octaves=tuple(sorted(cells)))
    tint = (strength * (1 + rng.normal(0, 0.25, 3))).astype(np.float32)
    return cv2.merge([noise * t + c for t, c in zip(tint, color.astype(np.float32), strict=True)])


def _gradient(size: tuple[int, int], first: Array, second: Array, *, upright: bool) -> Array:
    t = np.linspace(0, 1, size[1] if upright else size[0], dtype=np.float32)
    ramp = (first + t[:, None] * (second - first)).astype(np.float32)
    out = np.empty((size[1], size[0], 3), dtype=np.float32)
    out[:] = ramp[:, None] if upright else ramp[None]
    return out


def _floor(rng: np.random.Generator, canvas: Array, row: int) -> None:
    """Paints a floor below the row: texture, and sometimes boards or tiles in perspective."""
    h, w = canvas.shape[:2]
    if row >= h - 2:
        return
    color = sample_color(rng) * 0.6 + 50
    floor = _textured(rng, (w, h - row), color, strength=rng.uniform(3, 18))
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
    canvas = _textured(rng, size, wall, strength=rng.uniform(1, 14))
    shades = rng.normal(0, 25, 2)
    canvas += np.linspace(*shades, size[0], dtype=np.float32)[None, :, None]
    if rng.random() < 0.25:
        _wall_paper(rng, canvas)
    row = int(np.clip(horizon + rng.uniform(0.02, 0.25) * size[1], 0, size[1] - 1))
    for _ in range(rng.integers(1, 7)):
        _frame(rng, canvas, row)
    _floor(rng, canvas, row)
    for _ in range(rng.integers(0, 7)):
        _furniture(rng, canvas, row)
    return canvas


def _wall_paper(rng: np.random.Generator, canvas: Array) -> None:
    h, w = canvas.shape[:2]
    color = tuple(float(v) for v in sample_color(rng))
    step = int(w * rng.uniform(0.04, 0.15))
    for x in range(0, w, step):
        cv2.line(canvas, (x, 0), (x, h), color, max(int(step * rng.uniform(0.05, 0.5)), 1))


def _frame(rng: np.random.Generator, canvas: Array, row: int) -> None:
    """A window, picture, door or poster on the wall."""
    h, w = canvas.shape[:2]
    cw, ch = int(w * rng.uniform(0.06, 0.3)), int(h * rng.uniform(0.1, 0.5))
    x, y = int(rng.uniform(-0.1, 0.95) * w), int(rng.uniform(-0.1, 0.8) * max(row, 10))
    color = sample_color(rng)
    cv2.rectangle(canvas, (x, y), (x + cw, y + ch), tuple(float(v) for v in color), -1)
    inner = sample_color(rng) * 0.7 + 60
    x0, y0, x1, y1 = max(x + 4, 0), max(y + 4, 0), min(x + cw - 4, w), min(y + ch - 4, h)
    if x1 - x0 > 8 and y1 - y0 > 8:
        canvas[y0:y1, x0:x1] = _textured(rng, (x1 - x0, y1 - y0), inner, strength=rng.uniform(2, 45))
        if rng.random() < 0.3:
            text = ''.join(chr(c) for c in rng.integers(65, 91, size=rng.integers(3, 8)))
            ink = tuple(float(v) for v in sample_color(rng))
            cv2.putText(canvas, text, (x0, (y0 + y1) // 2), cv2.FONT_HERSHEY_DUPLEX, cw / 110, ink, 2, cv2.LINE_AA)


def _furniture(rng: np.random.Generator, canvas: Array, row: int) -> None:
    """Cupboards, poles, lamps and balls that stand on the floor."""
    h, w = canvas.shape[:2]
    x, base = int(rng.uniform(0, w)), int(rng.uniform(row, min(row + 0.35 * h, h + 20)))
    color = sample_color(rng) * 0.8 + 20
    shades = [tuple(float(v) for v in color * k) for k in (1.0, 0.7, 1.2)]
    kind = rng.choice(['box', 'pole', 'ball', 'blob', 'limb'])
    if kind == 'box':
        cw, ch, d = int(w * rng.uniform(0.05, 0.25)), int(h * rng.uniform(0.08, 0.5)), int(w * rng.uniform(0.01, 0.06))
        cv2.rectangle(canvas, (x, base - ch), (x + cw, base), shades[0], -1)
        side = np.array([(x + cw, base - ch), (x + cw + d, base - ch - d), (x + cw + d, base - d), (x + cw, base)])
        cv2.fillConvexPoly(canvas, side, shades[1], cv2.LINE_AA)
        top = np.array([(x, base - ch), (x + d, base - ch - d), (x + cw + d, base - ch - d), (x + cw, base - ch)])
        cv2.fillConvexPoly(canvas, top, shades[2], cv2.LINE_AA)
        for y in np.linspace(base - ch, base, rng.integers(1, 5) + 1)[1:-1]:
            cv2.line(canvas, (x, int(y)), (x + cw, int(y)), shades[1], 1)
    elif kind == 'pole':
        thick, ch = int(w * rng.uniform(0.005, 0.04)) + 1, int(h * rng.uniform(0.2, 0.9))
        cv2.line(canvas, (x, base - ch), (x + int(rng.normal(0, 0.02) * w), base), shades[0], thick, cv2.LINE_AA)
        cv2.line(
            canvas, (x + thick // 3, base - ch), (x + thick // 3, base), shades[1], max(thick // 3, 1), cv2.LINE_AA
        )
    elif kind == 'ball':
        r = int(w * rng.uniform(0.01, 0.07)) + 2
        for k in range(6):
            tone = tuple(float(v) for v in color * (0.6 + 0.13 * k))
            cv2.circle(canvas, (x - k * r // 12, base - r - k * r // 12), r - k * r // 7, tone, -1, cv2.LINE_AA)
    elif kind == 'blob':
        for _ in range(rng.integers(10, 50)):
            leaf = tuple(float(v) for v in np.array((40, 110, 60)) * rng.uniform(0.4, 1.5))
            at = (int(x + rng.normal(0, 0.04) * w), int(base - abs(rng.normal(0.1, 0.08)) * h))
            cv2.ellipse(
                canvas, at, (int(w * 0.025), int(w * 0.008) + 1), rng.uniform(0, 360), 0, 360, leaf, -1, cv2.LINE_AA
            )
    else:  # bent rods in all colours, which look like limbs from afar
        at = np.array([x, base], dtype=float)
        for _ in range(rng.integers(2, 5)):
            to = at + rng.normal(0, 0.09 * h, 2) - [0, 0.05 * h]
            ends = [(int(p[0]), int(p[1])) for p in (at, to)]
            cv2.line(
                canvas,
                ends[0],
                ends[1],
                shades[int(rng.integers(3))],
                int(w * rng.uniform(0.008, 0.03)) + 1,
                cv2.LINE_AA,
            )
            at = to


def _outside(rng: np.random.Generator, size: tuple[int, int], horizon: float) -> Array:
    sky = np.array([rng.uniform(150, 250), rng.uniform(140, 230), rng.uniform(110, 225)])
    canvas = _gradient(size, sky, np.minimum(sky * rng.uniform(0.95, 1.3), 250), upright=True)
    canvas += value_noise(rng, size, octaves=(4, 9, 20))[..., None] * np.float32(rng.uniform(2, 18))
    w, h = size
    row = int(np.clip(horizon, 0, h - 1))
    if rng.random() < 0.55:
        x = int(-0.1 * w)
        while x < w:
            cw, ch = int(w * rng.uniform(0.06, 0.25)), int(h * rng.uniform(0.1, 0.7))
            _building(rng, canvas, (x, row - ch, cw, ch + 4))
            x += int(cw * rng.uniform(0.8, 1.5))
    if rng.random() < 0.6:
        leaves = value_noise(rng, size, octaves=(int(rng.integers(3, 8)), 14, 40, 90))
        rise = h * rng.uniform(0.05, 0.45) * (1 + 0.4 * leaves[row])
        mask = (np.arange(h)[:, None] > row - rise[None]) & (leaves > rng.uniform(-1.5, 0.0))
        green = np.array((rng.uniform(20, 60), rng.uniform(60, 120), rng.uniform(30, 90)))
        canvas[mask] = green.astype(np.float32) * (1 + 0.35 * leaves[mask])[:, None]
    _floor(rng, canvas, row)
    for _ in range(rng.integers(0, 6)):
        _furniture(rng, canvas, row)
    return canvas


def _building(rng: np.random.Generator, canvas: Array, area: tuple[int, int, int, int]) -> None:
    x, y, w, h = area
    color = sample_color(rng) * 0.4 + 70
    cv2.rectangle(canvas, (x, y), (x + w, y + h), tuple(float(v) for v in color), -1)
    step, tone = max(int(w / rng.uniform(3, 8)), 5), tuple(float(v) for v in color * rng.uniform(0.4, 1.4))
    for wy in range(y + step // 2, y + h - step // 2, step):
        for wx in range(x + step // 3, x + w - step // 2, step):
            cv2.rectangle(canvas, (wx, wy), (wx + step // 2, wy + int(step * 0.6)), tone, -1)


def _blank(rng: np.random.Generator, size: tuple[int, int], horizon: float) -> Array:
    """Noise, gradients and random shapes: no sense, much variety."""
    del horizon
    canvas = _gradient(size, sample_color(rng), sample_color(rng), upright=rng.random() < 0.5)
    canvas += _textured(rng, size, np.zeros(3), strength=rng.uniform(4, 40))
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
