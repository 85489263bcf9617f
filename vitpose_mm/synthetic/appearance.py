"""What a person looks like: build, skin, hair, clothes and their patterns."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

import numpy as np

from .rotations import Array
from .skeleton import Build

# BGR
SKINS = (
    (198, 213, 240),
    (168, 190, 229),
    (140, 170, 214),
    (110, 145, 198),
    (84, 118, 172),
    (62, 92, 145),
    (45, 66, 104),
    (34, 48, 76),
)
HAIRS = (
    (22, 20, 20),
    (30, 34, 46),
    (36, 52, 80),
    (52, 84, 128),
    (90, 140, 190),
    (120, 180, 215),
    (150, 150, 152),
    (215, 215, 215),
    (40, 62, 140),
)
PATTERNS = ('plain', 'rings', 'stripes', 'checks', 'dots', 'halves', 'camouflage')


@dataclass(frozen=True)
class Cloth:
    """Two colours (3,) BGR and how they alternate; period in metres."""

    first: Array
    second: Array
    pattern: str = 'plain'
    period: float = 0.08
    phase: float = 0.0


@dataclass(frozen=True)
class Appearance:
    """Everything about a person but the pose."""

    build: Build
    skin: Array
    hair: Array
    hair_style: str  # bald, short, bob, long, bun, cap, helmet, hood
    hat: Array
    eye: Array
    beard: bool
    glasses: str  # none, dark, mask
    top: Cloth
    bottom: Cloth
    shoe: Array
    sleeve: float  # share of the arm that is covered: 0 none, 1 to the wrist
    trousers: float  # share of the leg that is covered
    skirt: float  # length as a share of the leg; 0 is none
    jacket: Array | None  # colour of an open jacket's front stripe
    loose: float  # how much wider than the body the clothes are
    gloves: bool


def sample_color(rng: np.random.Generator) -> Array:
    """Draw a BGR colour (3,), greys and muted tones as often as in wardrobes."""
    hue, kind = rng.random(), rng.random()
    if kind < 0.3:
        saturation, value = rng.uniform(0, 0.12), rng.choice([rng.uniform(0.05, 0.25), rng.uniform(0.3, 0.95)])
    elif kind < 0.65:
        saturation, value = rng.uniform(0.2, 0.55), rng.uniform(0.2, 0.8)
    else:
        saturation, value = rng.uniform(0.55, 0.95), rng.uniform(0.35, 0.95)
    return np.array(colorsys.hsv_to_rgb(hue, saturation, value)[::-1]) * 255


def sample_cloth(rng: np.random.Generator) -> Cloth:
    """Draw a cloth; four of five are plain."""
    pattern = 'plain' if rng.random() < 0.8 else str(rng.choice(PATTERNS[1:]))
    return Cloth(sample_color(rng), sample_color(rng), pattern, rng.uniform(0.04, 0.16), rng.random())


def sample_build(rng: np.random.Generator) -> Build:
    """Draw the measures of a child (one in six) or an adult."""
    heavy = rng.random() < 0.25
    if rng.random() < 1 / 6:
        height = rng.uniform(0.95, 1.45)
        young = (1.5 - height) / 0.5
        return Build(
            height, 1 + 0.38 * young, 1 - 0.1 * young, 1 - 0.05 * young, 0.92, 1.0, rng.uniform(1.05, 1.35), 0.01
        )
    woman = rng.random() < 0.5
    return Build(
        height=rng.normal(1.66, 0.06) if woman else rng.normal(1.77, 0.07),
        head=rng.normal(1.0, 0.04),
        leg=rng.normal(1.0, 0.035),
        arm=rng.normal(1.0, 0.03),
        shoulders=rng.normal(0.93 if woman else 1.04, 0.04),
        hips=rng.normal(1.06 if woman else 0.98, 0.05),
        girth=rng.uniform(1.25, 1.6) if heavy else rng.normal(1.1, 0.08),
        belly=rng.uniform(0.03, 0.11) if heavy else max(rng.normal(0.005, 0.012), 0),
        chest=rng.uniform(0.015, 0.05) if woman else 0.0,
    )


def sample_appearance(rng: np.random.Generator) -> Appearance:
    """Draw the looks of one person."""
    skirt = rng.uniform(0.3, 0.95) if rng.random() < 0.14 else 0.0
    top, bottom = sample_cloth(rng), sample_cloth(rng)
    if rng.random() < 0.1:  # overalls, dresses, tracksuits
        bottom = top
    skin = np.array(SKINS[rng.integers(len(SKINS))]) * rng.uniform(0.92, 1.06)
    return Appearance(
        build=sample_build(rng),
        skin=skin,
        hair=np.array(HAIRS[rng.integers(len(HAIRS))]) * rng.uniform(0.85, 1.1),
        hair_style=str(rng.choice(['bald', 'short', 'bob', 'long', 'bun', 'cap', 'helmet', 'hood'],
                                  p=[0.05, 0.35, 0.14, 0.17, 0.07, 0.12, 0.05, 0.05])),
        hat=sample_color(rng),
        eye=np.array([(60, 40, 25), (120, 90, 50), (40, 60, 40), (25, 35, 60)][rng.integers(4)]),
        beard=bool(rng.random() < 0.13),
        glasses=str(rng.choice(['none', 'dark', 'mask'], p=[0.86, 0.1, 0.04])),
        top=top,
        bottom=bottom,
        shoe=sample_color(rng) if rng.random() < 0.85 else skin,
        sleeve=float(rng.choice([0.0, 0.22, 0.4, 0.7, 1.0], p=[0.1, 0.32, 0.16, 0.07, 0.35])),
        trousers=0.08 if skirt else float(rng.choice([0.12, 0.36, 0.5, 0.75, 1.0], p=[0.05, 0.16, 0.12, 0.07, 0.6])),
        skirt=skirt,
        jacket=sample_color(rng) if rng.random() < 0.15 else None,
        loose=rng.uniform(1.05, 1.5),
        gloves=bool(rng.random() < 0.05),
    )  # fmt: skip


def paint(cloth: Cloth, along: Array, around: Array, rng: np.random.Generator) -> Array:
    """Return the BGR colour (..., 3) of a cloth, metres along and around the body (broadcastable)."""
    along, around = np.broadcast_arrays(along, around)
    a = np.floor(along / cloth.period + cloth.phase).astype(int) % 2
    b = np.floor(around / cloth.period + cloth.phase).astype(int) % 2
    choice = {
        'plain': np.zeros_like(a), 'rings': a, 'stripes': b, 'checks': a ^ b, 'dots': (a & b),
        'halves': (along > np.median(along)).astype(int),
        'camouflage': (rng.random(a.shape) < 0.4).astype(int),
    }[cloth.pattern]  # fmt: skip
    return np.where(choice[..., None] > 0, cloth.second, cloth.first)
