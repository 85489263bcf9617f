"""Paint quads from far to near into a map of quad numbers: who and what is in front at each pixel."""

from __future__ import annotations

import cv2
import numpy as np

from .camera import Camera
from .meshes import Mesh
from .rotations import Array

SHIFT = 4  # sub-pixel bits


def visible_quads(mesh: Mesh, camera: Camera) -> Array:
    """Return indices of the quads that face the camera and are in the image, far ones first."""
    center = mesh.quads.mean(axis=1)
    facing = np.einsum('ni,ni->n', mesh.normals, center) < 0
    near = mesh.quads[..., 2].min(axis=1) > 0.15
    pixels = camera.project(mesh.quads)
    low, high = pixels.min(axis=1), pixels.max(axis=1)
    inside = (high >= -1).all(axis=1) & (low <= np.array(camera.size)).all(axis=1)
    index = np.flatnonzero(facing & near & inside)
    return index[np.argsort(-np.linalg.norm(center[index], axis=1), kind='stable')]


def paint_ids(mesh: Mesh, camera: Camera, *, oversample: int = 2) -> Array:
    """Return the (H * oversample, W * oversample) int32 map of a mesh: 0 background, else 1 + quad index."""
    width, height = camera.size
    ids = np.zeros((height * oversample, width * oversample), dtype=np.int32)
    order = visible_quads(mesh, camera)
    # the centre of pixel 0 lies at (oversample - 1) / 2 of the fine grid
    fine = camera.project(mesh.quads[order]) * oversample + (oversample - 1) / 2
    limit = 8 * max(width, height) * oversample
    points = np.round(np.clip(fine, -limit, limit) * (1 << SHIFT)).astype(np.int32)
    for quad, name in zip(points, (order + 1).tolist(), strict=True):
        cv2.fillConvexPoly(ids, quad, name, lineType=cv2.LINE_8, shift=SHIFT)
    return ids
