"""UDP heatmaps whose targets are centred on the keypoints at any sigma.

K keypoints, a heatmap of (h, w) pixels.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from mmpose.codecs import UDPHeatmap

from ..registry import KEYPOINT_CODECS


@KEYPOINT_CODECS.register_module()
class ExactUDPHeatmap(UDPHeatmap):
    """MMPose's UDPHeatmap, with right targets where ``3 * sigma`` is not a whole number too.

    MMPose cuts a Gaussian off at 3 sigma around the pixel nearest to its keypoint. Where that is not a whole number of
    pixels it rounds the left and the upper edge towards zero, which is one pixel too far where the edge lies outside
    the heatmap: the whole target moves by a pixel (sigma 4.5: keypoints within 14 pixels of the left or upper edge).
    Here the Gaussian ends at the last whole pixel within 3 sigma. With a whole ``3 * sigma`` the targets are MMPose's,
    bit for bit. Decoding and all arguments are MMPose's.

    Example:
        >>> codec = dict(type='vitpose_mm.ExactUDPHeatmap', input_size=(432, 576), heatmap_size=(108, 144), sigma=4.5)
    """

    def encode(self, keypoints: np.ndarray, keypoints_visible: np.ndarray | None = None) -> dict[str, Any]:
        """Encode (1, K, 2) keypoints in input pixels and (1, K) flags as (K, h, w) heatmaps and (1, K) weights."""
        if self.heatmap_type != 'gaussian' or keypoints.shape[0] != 1 or float(3 * self.sigma).is_integer():
            return super().encode(keypoints, keypoints_visible)
        weights = np.ones(keypoints.shape[:2], np.float32) if keypoints_visible is None else keypoints_visible.copy()
        width, height = self.heatmap_size
        heatmaps = np.zeros((keypoints.shape[1], height, width), np.float32)
        for k, centre in enumerate((keypoints / self.scale_factor)[0]):
            if weights[0, k] >= 0.5 and not self._draw(heatmaps[k], centre):
                weights[0, k] = 0
        return {'heatmaps': heatmaps, 'keypoint_weights': weights}

    def _draw(self, heatmap: np.ndarray, centre: np.ndarray) -> bool:
        """Draw the Gaussian around (x, y), heatmap pixels, into (h, w); return whether any of it lies inside."""
        if not np.isfinite(centre).all():
            return False
        radius = math.floor(3 * self.sigma)
        edges = []
        for middle, size in zip(centre, reversed(heatmap.shape), strict=True):
            nearest = math.floor(middle + 0.5)
            edges.append((max(nearest - radius, 0), min(nearest + radius + 1, size)))
        if any(start >= stop for start, stop in edges):
            return False
        x, y = (np.arange(*edge, dtype=np.float32) - middle for edge, middle in zip(edges, centre, strict=True))
        region = heatmap[slice(*edges[1]), slice(*edges[0])]
        region[:] = np.exp(-(x**2 + y[:, None] ** 2) / (2 * self.sigma**2))
        return True
