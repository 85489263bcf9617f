"""Decode UDP heatmaps in torch operators that every exporter knows; equal to MMPose's UDPHeatmap.decode.

N people, K keypoints, heatmaps of (h, w) pixels.
"""

from __future__ import annotations

import copy
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from mmpose.codecs import UDPHeatmap
from torch import Tensor, nn

MIN_HEAT, MAX_HEAT = 1e-3, 50.0  # heatmaps are clamped to these before the logarithm, as in MMPose
EPS = float(np.finfo(np.float32).eps)


class UDPDecoder(nn.Module):
    """Maps (N, K, h, w) heatmaps to (N, K, 3): x and y in pixels of the input, and the score.

    The maximum of each map is refined by one Newton step on the logarithm of the blurred map (DARK). Of a map without
    any heat the first pixel is returned, not refined, with its score.

    Args:
        codec: MMPose's UDPHeatmap of Gaussians, or a subclass.
        scorer: OKSScorer of the head, copied; None: scores are the maxima of the heatmaps.

    Raises:
        ValueError: another codec.

    Source: DARK (arXiv:1910.06278) with UDP's coordinates (arXiv:1911.07524).
    """

    kernel: Tensor
    scale: Tensor

    def __init__(self, codec: Any, scorer: nn.Module | None = None) -> None:
        super().__init__()
        if not isinstance(codec, UDPHeatmap) or codec.heatmap_type != 'gaussian':
            raise ValueError(
                f'Keypoints are decoded inside the file for UDPHeatmap codecs of Gaussians and this model has '
                f'{type(codec).__name__}: export heatmaps (--output heatmaps).'
            )
        blur = cv2.getGaussianKernel(codec.blur_kernel_size, 0).astype(np.float32).ravel()
        self.register_buffer('kernel', torch.from_numpy(blur))
        sides = torch.tensor(codec.heatmap_size) - 1
        self.register_buffer('scale', torch.tensor(codec.input_size) / sides)
        self.scorer = None if scorer is None else copy.deepcopy(scorer).float()  # the model may be halved

    def forward(self, heatmaps: Tensor) -> Tensor:
        """Decode (N, K, h, w) heatmaps to (N, K, 3) keypoints and scores."""
        width = heatmaps.shape[-1]
        scores, index = heatmaps.flatten(2).max(-1)  # (N, K)
        peaks = torch.stack((index % width, torch.div(index, width, rounding_mode='floor')), -1)
        steps = newton_steps(self._log_of_blurred(heatmaps, scores), index)
        steps = torch.where(scores[..., None] > 0, steps, torch.zeros_like(steps))
        keypoints = (peaks - steps) * self.scale
        if self.scorer is not None:
            scores = self.scorer(keypoints, scores)
        return torch.cat((keypoints, scores[..., None]), -1)

    def _log_of_blurred(self, heatmaps: Tensor, scores: Tensor) -> Tensor:
        """Return the logarithms of blurred (N, K, h, w) heatmaps that have the same (N, K) maxima."""
        border, maps = len(self.kernel) // 2, heatmaps.flatten(0, 1)[:, None]
        blurred = F.conv2d(maps, self.kernel.view(1, 1, -1, 1), padding=(border, 0))
        blurred = F.conv2d(blurred, self.kernel.view(1, 1, 1, -1), padding=(0, border)).view_as(heatmaps)
        highest = blurred.flatten(2).amax(-1)
        factor = scores / torch.where(highest > 0, highest, torch.ones_like(highest))
        return (blurred * factor[..., None, None]).clamp(MIN_HEAT, MAX_HEAT).log()


def newton_steps(maps: Tensor, index: Tensor) -> Tensor:
    """Return (N, K, 2) inverse Hessian times gradient, pixels, at (N, K) indices of pixels of (N, K, h, w) maps."""
    width = maps.shape[-1]
    padded = F.pad(maps, (1, 1, 1, 1), mode='replicate').flatten(2)
    corner = index + 2 * torch.div(index, width, rounding_mode='floor')  # upper left of the 3x3 pixels around
    offsets = torch.tensor([[row * (width + 2) + column for row in range(3) for column in range(3)]])
    around = padded.gather(2, corner[..., None] + offsets.to(index))  # (N, K, 9)
    upper_left, up, _, left, here, right, _, down, lower_right = around.unbind(-1)
    dx, dy = (right - left) / 2, (down - up) / 2
    dxx, dyy = right - 2 * here + left + EPS, down - 2 * here + up + EPS
    dxy = (lower_right - right - down + here + here - left - up + upper_left) / 2
    determinant = dxx * dyy - dxy * dxy
    safe = torch.where(determinant != 0, determinant, torch.ones_like(determinant))
    steps = torch.stack((dyy * dx - dxy * dy, dxx * dy - dxy * dx), -1) / safe[..., None]
    return torch.where(determinant[..., None] != 0, steps, torch.zeros_like(steps))
