"""A pinhole camera: x right, y down, z away, in metres; pixels have their centre at whole numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .rotations import Array, rot_x, rot_y, rot_z

FLIP = np.diag([1.0, -1.0, -1.0])  # body axes of somebody who looks into the camera


@dataclass(frozen=True)
class Camera:
    """Focal length in pixels, image size (w, h) in pixels, and how the camera is tilted (degrees)."""

    focal: float
    size: tuple[int, int]
    pitch: float = 0.0  # positive looks down
    roll: float = 0.0
    height: float = 1.5  # metres above the floor

    def project(self, points: Array) -> Array:
        """(..., 3) metres -> (..., 2) pixels."""
        depth = np.maximum(points[..., 2:], 1e-3)
        return points[..., :2] / depth * self.focal + (np.array(self.size) - 1) / 2

    def unproject(self, pixel: Array, depth: float) -> Array:
        """Pixel (2,) and depth in metres -> point (3,)."""
        plane = (np.asarray(pixel) - (np.array(self.size) - 1) / 2) / self.focal
        return np.array([*plane, 1.0]) * depth

    def body_rotation(self, yaw: float) -> Array:
        """Yaw in degrees (0 faces the camera) -> (3, 3) from body axes to camera axes."""
        return rot_z(self.roll) @ rot_x(self.pitch) @ FLIP @ rot_y(yaw)

    def floor_row(self, depth: float) -> float:
        """Depth in metres -> the row where the floor is in the middle of the image."""
        pitch = np.deg2rad(self.pitch)
        y = (self.height - depth * np.sin(pitch)) / np.cos(pitch)
        return float(y / depth * self.focal + (self.size[1] - 1) / 2)
