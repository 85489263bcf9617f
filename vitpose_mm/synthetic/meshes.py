"""Surfaces of small quads: tubes with an elliptic section, discs and boxes.

Shapes: R rings of S points; a mesh holds N quads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .rotations import Array


@dataclass
class Mesh:
    """N quads in metres with what is needed to draw them."""

    quads: Array  # (N, 4, 3)
    normals: Array  # (N, 3) unit, outwards
    colors: Array  # (N, 3) BGR 0..255
    parts: Array  # (N,) part id
    owners: Array  # (N,) person id; -1 is a thing


def join(meshes: Sequence[Mesh]) -> Mesh:
    """Join meshes to one with all their quads."""
    return Mesh(*(np.concatenate([getattr(m, name) for m in meshes]) for name in Mesh.__dataclass_fields__))


@dataclass
class Patch:
    """N quads whose normals are not known yet: only a point inside the body is."""

    quads: Array  # (N, 4, 3)
    inside: Array  # (N, 3)
    colors: Array  # (N, 3) or (1, 3)
    part: int


def solid(patches: Sequence[Patch], owner: int = -1) -> Mesh:
    """Make a mesh with outward normals of patches; quads without an area are left out."""
    quads = np.concatenate([p.quads for p in patches])
    inside = np.concatenate([p.inside for p in patches])
    colors = np.concatenate([np.broadcast_to(p.colors, (len(p.quads), 3)) for p in patches])
    parts = np.repeat([p.part for p in patches], [len(p.quads) for p in patches])
    a, b = quads[:, 2] - quads[:, 0], quads[:, 3] - quads[:, 1]
    normals = a[:, [1, 2, 0]] * b[:, [2, 0, 1]] - a[:, [2, 0, 1]] * b[:, [1, 2, 0]]
    size = np.sqrt(np.einsum('ni,ni->n', normals, normals))
    keep = size > 1e-9
    outward = np.einsum('ni,ni->n', normals, quads.mean(axis=1) - inside)
    normals *= (np.where(outward < 0, -1, 1) / np.maximum(size, 1e-9))[:, None]
    owners = np.full(int(keep.sum()), owner, dtype=np.int32)
    return Mesh(quads[keep], normals[keep], colors[keep].astype(np.float32), parts[keep].astype(np.int32), owners)


def moved(mesh: Mesh, rotation: Array, shift: Array) -> Mesh:
    """Return the mesh rotated by (3, 3), then shifted by (3,)."""
    return Mesh(mesh.quads @ rotation.T + shift, mesh.normals @ rotation.T, mesh.colors, mesh.parts, mesh.owners)


@dataclass(frozen=True)
class Tube:
    """Rings along a line: the ring's plane is spanned by its frame's x (width) and z (depth) columns."""

    centers: Array  # (R, 3)
    frames: Array  # (R, 3, 3)
    widths: Array  # (R,) half width along x
    front: Array  # (R,) half depth towards +z
    back: Array  # (R,) half depth towards -z

    def rings(self, first: int, last: int) -> Tube:
        """Return the tube from the first ring up to, not including, the last."""
        return Tube(*(getattr(self, name)[first:last] for name in Tube.__dataclass_fields__))

    def points(self, sides: int, roughness: Array | None = None) -> Array:
        """Return points (R, S, 3); side 0 is at the back, S/2 in front."""
        angle = 2 * np.pi * np.arange(sides) / sides
        x, z = np.sin(angle), -np.cos(angle)
        depth = np.where(z > 0, self.front[:, None], self.back[:, None]) * z
        width = self.widths[:, None] * x
        if roughness is not None:
            depth, width = depth * roughness, width * roughness
        return (
            self.centers[:, None]
            + width[..., None] * self.frames[:, None, :, 0]
            + depth[..., None] * self.frames[:, None, :, 2]
        )

    def patch(self, sides: int, part: int, *, colors: Array, roughness: Array | None = None) -> Patch:
        """Return a patch of (R-1) * S quads, with colours (3,) or (R-1, S, 3)."""
        p = self.points(sides, roughness)
        middle = (self.centers[:-1] + self.centers[1:]) / 2
        return Patch(_ring_quads(p), np.repeat(middle, sides, axis=0), np.reshape(colors, (-1, 3)), part)


def bone_tube(start: Array, end: Array, *, frame: Array, profile: Array, caps: tuple[float, float]) -> Tube:
    """Build a tube with round ends around a bone, profile (P, 3) of (share along, half width, half depth).

    Args:
        caps: how far the round ends reach beyond the bone, in radii (0 is a flat end).
    """
    share, width, depth = profile.T
    length = float(np.linalg.norm(end - start))
    rows = []
    for sign, index, reach in ((-1, 0, caps[0]), (1, -1, caps[1])):
        radius = (width[index] + depth[index]) / 2 * reach / max(length, 1e-6)
        bulge = np.array([0.05, 0.6, 0.9]) if reach else np.array([0.05])
        shift = radius * np.sqrt(1 - bulge**2)
        cap = np.stack([share[index] + sign * shift, width[index] * bulge, depth[index] * bulge], axis=1)
        rows.append(cap if sign < 0 else cap[::-1])
    share, width, depth = np.concatenate([rows[0], profile, rows[1]]).T
    centers = start + share[:, None] * (end - start)
    frames = np.broadcast_to(frame, (len(share), 3, 3))
    return Tube(centers, frames, width, depth, depth)


def ellipsoid(center: Array, frame: Array, *, radii: tuple[float, float, float], rings: int = 7) -> Tube:
    """Build an ellipsoid as a tube from its bottom to its top; centre (3,), frame (3, 3), half axes in metres."""
    height = np.sin(np.linspace(-np.pi / 2, np.pi / 2, rings))
    ring = np.maximum(np.sqrt(1 - height**2), 0.02)
    centers = center + (height * radii[1])[:, None] * frame[:, 1]
    frames = np.broadcast_to(frame, (rings, 3, 3))
    return Tube(centers, frames, radii[0] * ring, radii[2] * ring, radii[2] * ring)


def disc(center: Array, frame: Array, *, radii: tuple[float, float], colors: Array, part: int) -> Patch:
    """Build a bulging disc facing the frame's z; colours (3, 3) from the middle to the rim."""
    sides = 8
    angle = 2 * np.pi * np.arange(sides) / sides
    share = np.array([0.02, 0.3, 0.55, 1.0])
    local = np.stack([np.outer(share, np.cos(angle)) * radii[0], np.outer(share, np.sin(angle)) * radii[1],
                      np.repeat((0.25 * (1 - share**2) * radii[1])[:, None], sides, axis=1)], axis=-1)  # fmt: skip
    quads = _ring_quads(center + local @ frame.T)
    inside = np.broadcast_to(center - 0.5 * frame[:, 2], (len(quads), 3))
    return Patch(quads, inside, np.repeat(colors, sides, axis=0), part)


def _ring_quads(points: Array) -> Array:
    """Return quads ((R-1) * S, 4, 3) between neighbouring rings (R, S, 3); the last side meets the first."""
    closed = np.concatenate([points, points[:, :1]], axis=1)
    quads = np.stack([closed[:-1, :-1], closed[:-1, 1:], closed[1:, 1:], closed[1:, :-1]], axis=2)
    return quads.reshape(-1, 4, 3)


def box(
    center: Array, frame: Array, *, size: tuple[float, float, float], colors: Array, part: int, cell: float = 0.12
) -> Patch:
    """Build a box of the given size in metres, its faces cut into cells so that painting by depth works."""
    quads = []
    half = np.asarray(size) / 2
    for axis in range(3):
        u, v = (axis + 1) % 3, (axis + 2) % 3
        counts = [int(np.clip(np.ceil(size[i] / cell), 1, 12)) for i in (u, v)]
        grid = np.stack(np.meshgrid(*(np.linspace(-1, 1, n + 1) for n in counts), indexing='ij'), axis=-1)
        for sign in (-1.0, 1.0):
            points = np.zeros((*grid.shape[:2], 3))
            points[..., u], points[..., v], points[..., axis] = (
                grid[..., 0] * half[u],
                grid[..., 1] * half[v],
                sign * half[axis],
            )
            face = np.stack([points[:-1, :-1], points[1:, :-1], points[1:, 1:], points[:-1, 1:]], axis=2)
            quads.append(face.reshape(-1, 4, 3))
    local = np.concatenate(quads)
    return Patch(center + local @ frame.T, np.broadcast_to(center, (len(local), 3)), np.reshape(colors, (-1, 3)), part)
