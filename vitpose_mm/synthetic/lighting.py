"""Shade the map of quads to a picture over a background."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .meshes import Mesh
from .rotations import Array


@dataclass(frozen=True)
class Light:
    """Direction towards the lamp (3,) in camera space, share of ambient light, colour BGR around 1."""

    direction: Array
    ambient: float
    color: Array


def sample_light(rng: np.random.Generator) -> Light:
    """Draw a light, mostly from above and in front."""
    direction = np.array([rng.normal(0, 0.7), rng.normal(-0.9, 0.4), rng.normal(-0.7, 0.5)])
    return Light(direction / np.linalg.norm(direction), rng.uniform(0.35, 0.7), 1 + rng.normal(0, 0.06, 3))


def compose(background: Array, ids: Array, *, mesh: Mesh, light: Light, texture: Array) -> Array:
    """Return the (H, W, 3) float picture of a mesh's fine ids over a background; cloth texture (H, W) around 0."""
    rows, cols = np.flatnonzero(ids.any(axis=1)), np.flatnonzero(ids.any(axis=0))
    if not len(rows):
        return background
    step = ids.shape[0] // background.shape[0]
    y0, y1 = max(rows[0] // step - 2, 0), min(rows[-1] // step + 3, background.shape[0])
    x0, x1 = max(cols[0] // step - 2, 0), min(cols[-1] // step + 3, background.shape[1])
    part = ids[y0 * step : y1 * step, x0 * step : x1 * step]
    size = (x1 - x0, y1 - y0)
    albedo = np.concatenate([np.zeros((1, 3)), mesh.colors]).clip(0, 255).astype(np.uint8)
    color = cv2.resize(albedo[part], size, interpolation=cv2.INTER_AREA).astype(np.float32)
    filled = (part > 0).astype(np.uint8) * 255
    cover = cv2.resize(filled, size, interpolation=cv2.INTER_AREA)[..., None] * np.float32(1 / 255)
    shade = _shade(part[::step, ::step], mesh=mesh, light=light) * (1 + texture[y0:y1, x0:x1])
    out = background.copy()
    out[y0:y1, x0:x1] *= 1 - cover
    color *= shade[..., None]
    color *= light.color.astype(np.float32)
    out[y0:y1, x0:x1] += color
    return out


def _shade(ids: Array, *, mesh: Mesh, light: Light) -> Array:
    """Return the brightness (h, w) of a map of quads: diffuse light on smoothed normals, darker in creases."""
    lookup = np.zeros((len(mesh.normals) + 1, 5), dtype=np.float32)
    lookup[1:, :3], lookup[1:, 3] = mesh.normals, 1
    lookup[1:, 4] = mesh.quads[..., 2].mean(axis=1)
    lookup[0, 4] = lookup[:, 4].max() + 0.3
    maps = lookup[ids]
    normal = cv2.GaussianBlur(np.ascontiguousarray(maps[..., :4]), (0, 0), 1.6)
    length = np.linalg.norm(normal[..., :3], axis=-1) + 1e-6
    diffuse = np.clip(normal[..., :3] @ light.direction.astype(np.float32) / length * 0.6 + 0.4, 0, None)
    facing = np.clip(-normal[..., 2] / length, 0, 1)
    depth = np.ascontiguousarray(maps[..., 4])
    crease = np.clip((depth - cv2.GaussianBlur(depth, (0, 0), 5)) / 0.35, 0, 0.4)
    crease[ids == 0] = 0
    return (light.ambient + (1.25 - light.ambient) * diffuse) * (0.8 + 0.2 * facing) * (1 - crease)
