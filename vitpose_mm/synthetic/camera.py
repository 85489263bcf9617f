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
        """Project (..., 3) metres to (..., 2) pixels."""
        depth = np.maximum(points[..., 2:], 1e-3)
        return points[..., :2] / depth * self.focal + (np.array(self.size) - 1) / 2

    def unproject(self, pixel: Array, depth: float) -> Array:
        """Return the point (3,) at a pixel (2,) and a depth in metres."""
        plane = (np.asarray(pixel) - (np.array(self.size) - 1) / 2) / self.focal
        return np.array([*plane, 1.0]) * depth

    def body_rotation(self, yaw: float) -> Array:
        """Return the (3, 3) rotation from body axes to camera axes; yaw in degrees, 0 faces the camera."""
        return rot_z(self.roll) @ rot_x(self.pitch) @ FLIP @ rot_y(yaw)

    def floor_row(self, depth: float) -> float:
        """Return the row where the floor is in the middle of the image, at a depth in metres."""
        pitch = np.deg2rad(self.pitch)
        y = (self.height - depth * np.sin(pitch)) / np.cos(pitch)
        return float(y / depth * self.focal + (self.size[1] - 1) / 2)
