"""UDP heatmaps whose targets are centred on the keypoints at any sigma, decoded a batch at a time.

B people, K keypoints, a heatmap of (h, w) pixels.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from mmpose.codecs import UDPHeatmap
from torch import Tensor

from ..registry import KEYPOINT_CODECS
from .batched_decoding import decode_udp


@KEYPOINT_CODECS.register_module(name=['BatchedUDPHeatmap', 'ExactUDPHeatmap'])
class BatchedUDPHeatmap(UDPHeatmap):
    """MMPose's UDPHeatmap, decoded a batch at a time, and with right targets where ``3 * sigma`` is not a whole number.

    Keypoints are MMPose's to 1e-3 pixels wherever MMPose's are finite, on the device that the heatmaps are on. A
    heatmap of zeros, for which MMPose gives NaN, gives its first pixel with a score of 0.

    MMPose cuts a Gaussian off at 3 sigma around the pixel nearest to its keypoint. Where that is not a whole number of
    pixels it rounds the left and the upper edge towards zero, which is one pixel too far where the edge lies outside
    the heatmap: the whole target moves by a pixel (sigma 4.5: keypoints within 14 pixels of the left or upper edge).
    Here the Gaussian ends at the last whole pixel within 3 sigma. With a whole ``3 * sigma`` the targets are MMPose's,
    bit for bit. All arguments are MMPose's. ``ExactUDPHeatmap`` is the earlier name of this class.

    Example:
        >>> codec = dict(type='vitpose_mm.BatchedUDPHeatmap', input_size=(192, 256), heatmap_size=(48, 64), sigma=2)
    """

    @property
    def support_batch_decoding(self) -> bool:
        """Whether MMPose's heads call :meth:`batch_decode`; heatmaps with offsets are decoded one by one."""
        return self.heatmap_type == 'gaussian'

    def batch_decode(self, batch_encoded: Tensor) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Decode (B, K, h, w) heatmaps to B keypoints (1, K, 2) in input space, pixels, and B scores (1, K)."""
        points, scores = decode_udp(batch_encoded, self.blur_kernel_size)
        width, height = self.heatmap_size
        keypoints = points / [width - 1, height - 1] * self.input_size
        return list(keypoints[:, None]), list(scores[:, None])

    def decode(self, encoded: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Decode (K, h, w) heatmaps to (1, K, 2) keypoints in input space, pixels, and (1, K) scores."""
        if not self.support_batch_decoding:
            return super().decode(encoded)
        keypoints, scores = self.batch_decode(torch.from_numpy(encoded)[None])
        return keypoints[0], scores[0]

    def encode(self, keypoints: np.ndarray, keypoints_visible: np.ndarray | None = None) -> dict[str, Any]:
        """Encode (1, K, 2) keypoints in input pixels and (1, K) flags as (K, h, w) heatmaps and (1, K) weights.

        The Gaussians of all keypoints are evaluated together, each on the pixels within 3 sigma, which takes a fifth of
        the time of MMPose's loop.
        """
        if self.heatmap_type != 'gaussian' or keypoints.shape[0] != 1:
            return super().encode(keypoints, keypoints_visible)
        weights = np.ones(keypoints.shape[:2], np.float32) if keypoints_visible is None else keypoints_visible.copy()
        centres = (keypoints / self.scale_factor)[0]
        radius = math.floor(3 * self.sigma)
        nearest, inside = self._find_nearest(centres, radius)
        labelled = weights[0] >= 0.5
        weights[0, labelled & ~inside] = 0
        heatmaps = np.zeros((keypoints.shape[1], *reversed(self.heatmap_size)), np.float32)
        drawn = np.flatnonzero(labelled & inside)
        start = nearest[drawn] - radius
        pixels = np.arange(2 * radius + 1, dtype=np.float32)
        square = (pixels - (centres[drawn] - start).astype(np.float32)[..., None]) ** 2  # (drawn, 2, pixels)
        gaussians = np.exp(-(square[:, 0, None] + square[:, 1, :, None]) / (2 * self.sigma**2))
        low, high = np.maximum(start, 0), np.minimum(start + len(pixels), self.heatmap_size)
        corners = (one.tolist() for one in (low, high, start))
        for k, gaussian, (left, top), (right, bottom), (x, y) in zip(drawn, gaussians, *corners, strict=True):
            heatmaps[k, top:bottom, left:right] = gaussian[top - y : bottom - y, left - x : right - x]
        return {'heatmaps': heatmaps, 'keypoint_weights': weights}

    def _find_nearest(self, centres: np.ndarray, radius: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the (K, 2) pixels nearest to (K, 2) centres, and (K,) whether their Gaussians lie inside the heatmap.

        Left of and above the heatmap, MMPose's nearest pixel is one too far, and a Gaussian that ends at pixel 0,
        exclusive, counts as inside. That stays where ``3 * sigma`` is whole.
        """
        whole = float(3 * self.sigma).is_integer()
        finite = np.isfinite(centres).all(1)
        nearest = np.where(finite[:, None], centres + 0.5, -1e9)
        nearest = (np.trunc if whole else np.floor)(nearest.clip(-1e9, 1e9)).astype(np.int64)
        inside = (nearest - radius < self.heatmap_size) & (nearest + radius >= (-1 if whole else 0))
        return nearest, inside.all(1)
