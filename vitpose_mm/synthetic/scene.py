"""A scene: camera, light, background, who stands where; rendered to a picture with its map of quads."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .backdrop import sample_background
from .camera import Camera
from .layout import sample_camera, sample_occluders, sample_overlapping_people, sample_people
from .lighting import compose, sample_light
from .meshes import Mesh, join
from .people import Person
from .raster import paint_ids
from .rotations import Array
from .textures import value_noise

OVERSAMPLE = 2


@dataclass
class Scene:
    """Picture (H, W, 3) uint8 BGR, and what is in it; ids is the fine map of quad numbers (0 background)."""

    image: Array
    ids: Array
    mesh: Mesh | None
    people: list[Person]
    camera: Camera


def sample_scene(rng: np.random.Generator, size: tuple[int, int], *, crowded: bool = False) -> Scene:
    """Draw and render a scene of size (w, h); crowded asks for two or three people in each other's way."""
    camera = sample_camera(rng, size)
    people = sample_overlapping_people(rng, camera) if crowded else sample_people(rng, camera)
    things = sample_occluders(rng, camera, people)
    horizon = camera.floor_row(60.0)
    background = sample_background(rng, size, horizon=horizon, roll=camera.roll)
    background *= np.float32(rng.uniform(0.75, 1.1))
    if not people and not things:
        ids = np.zeros((size[1] * OVERSAMPLE, size[0] * OVERSAMPLE), dtype=np.int32)
        return Scene(_develop(rng, background), ids, None, people, camera)
    _drop_shadows(rng, background, people=people, camera=camera)
    mesh = join([person.mesh for person in people] + things)
    ids = paint_ids(mesh, camera, oversample=OVERSAMPLE)
    texture = np.float32(0.05) * value_noise(rng, size, octaves=(size[0] // 24, size[0] // 9, size[0] // 4))
    picture = compose(background, ids, mesh=mesh, light=sample_light(rng), texture=texture)
    return Scene(_develop(rng, picture), ids, mesh, people, camera)


def _drop_shadows(rng: np.random.Generator, background: Array, *, people: list[Person], camera: Camera) -> None:
    """Paint soft dark spots under the feet."""
    h, w = background.shape[:2]
    dark: Array = np.zeros((h // 4 + 1, w // 4 + 1), dtype=np.float32)
    for person in people:
        x1, _, x2, y2 = person.outline(camera) / 4
        if 0 < y2 < 1.2 * h and x2 > 0 and x1 < w:
            axes = (int(max((x2 - x1) * 0.5, 1)), int(max((x2 - x1) * 0.12, 1)))
            cv2.ellipse(dark, (int((x1 + x2) / 2), int(y2)), axes, 0, 0, 360, (1.0,), -1)
    dark = cv2.resize(cv2.GaussianBlur(dark, (0, 0), 2.5), (w, h))
    background *= (1 - rng.uniform(0.1, 0.55) * dark)[..., None]


def _develop(rng: np.random.Generator, picture: Array) -> Array:
    """Return an (H, W, 3) float picture as uint8: contrast, tint, haze, blur and noise of a real camera."""
    h, w = picture.shape[:2]
    gain = rng.uniform(0.75, 1.2) * (1 + rng.normal(0, 0.035, 3))
    picture = np.asarray(picture * gain.astype(np.float32) + (118 * (1 - gain) + rng.normal(0, 12)).astype(np.float32))
    if rng.random() < 0.04:
        picture = np.repeat(picture.mean(axis=2, keepdims=True), 3, axis=2)
    sigma = rng.uniform(0.35, 1.1) * w / 640
    if rng.random() < 0.04:  # shaken
        length = max(int(w * rng.uniform(0.004, 0.012)), 2)
        kernel: Array = np.zeros((length, length), dtype=np.float32)
        cv2.line(kernel, (0, int(rng.integers(length))), (length - 1, int(rng.integers(length))), (1.0,), 1)
        picture = np.asarray(cv2.filter2D(picture, -1, kernel / kernel.sum()))
    if sigma > 0.25:
        picture = cv2.GaussianBlur(picture, (0, 0), sigma)
    picture += rng.standard_normal((h, w, 1), dtype=np.float32) * np.float32(rng.uniform(0.5, 5))
    return np.clip(picture, 0, 255, out=picture).astype(np.uint8)
