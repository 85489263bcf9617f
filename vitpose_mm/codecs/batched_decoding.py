"""UDP decoding of a whole batch: the same refinement as MMPose's, blurred only around each maximum.

B people, K keypoints, M = B * K heatmaps of (h, w) pixels; a Gaussian kernel of k pixels. What reads heatmaps is torch,
on their device; the few numbers that are left of each go on in NumPy, whose calls take less time than torch's.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from mmpose.codecs.utils import refine_keypoints_dark_udp
from torch import Tensor

LOWEST, HIGHEST = 1e-3, 50.0  # MMPose clips heatmaps to these before it takes the logarithm
EPS = np.finfo(np.float32).eps  # that MMPose adds to the Hessian
ROUNDING = 2e-3  # smallest curvature of the logarithm, for a small step, that float32 resolves to 2e-4 pixels

# (5, 9): dx, dy, dxx, dyy, dxy of the 3 x 3 values around a pixel, row by row; dxy as in MMPose, by six of them
STENCILS = 0.5 * np.array(
    [
        [0, 0, 0, -1, 0, 1, 0, 0, 0],
        [0, -1, 0, 0, 0, 0, 0, 1, 0],
        [0, 0, 0, 2, -4, 2, 0, 0, 0],
        [0, 2, 0, 0, -4, 0, 0, 2, 0],
        [1, -1, 0, -1, 2, -1, 0, -1, 1],
    ]
)


@torch.inference_mode()
def decode_udp(heatmaps: Tensor, kernel_size: int) -> tuple[np.ndarray, np.ndarray]:
    """Decode (B, K, h, w) heatmaps to (B, K, 2) keypoints in heatmap pixels and (B, K) scores, float32.

    The maximum, refined by one Newton step on the logarithm of the blurred heatmap. As in MMPose, a map whose
    highest value is negative gives (-1, -1). One whose highest value is 0 gives the pixel that has it, where MMPose
    gives NaN.

    Args:
        heatmaps: any number type, on any device.
        kernel_size: k, odd.

    Source: UDP (CVPR 2020) with DARK's refinement (CVPR 2020), MMPose's ``refine_keypoints_dark_udp``.
    """
    maps = heatmaps.detach().float().flatten(0, 1)
    highest = _argmax(maps.flatten(1))
    values = maps.flatten(1).gather(1, highest[:, None])[:, 0]
    log = _log_around(maps, highest, values, kernel_size).cpu().numpy()
    index, scores = highest.cpu().numpy(), values.cpu().numpy()
    points = np.stack((index % maps.shape[2], index // maps.shape[2]), axis=1).astype(np.float32)
    step, rounded = _newton_step(log)
    found = scores > 0
    refined = np.where(found[:, None], points - step, points)
    if (flat := np.flatnonzero(rounded & found)).size:
        its_maps = maps[torch.from_numpy(flat).to(maps.device)].cpu().numpy()
        refined[flat] = refine_keypoints_dark_udp(points[flat][None], its_maps, kernel_size)[0]
    refined[scores < 0] = -1
    return refined.reshape(*heatmaps.shape[:2], 2), scores.reshape(heatmaps.shape[:2])


def _argmax(maps: Tensor) -> Tensor:
    """Return the (M,) index of the first highest value of (M, n); NumPy is several times as fast as torch on a CPU."""
    return torch.from_numpy(maps.numpy().argmax(1)) if maps.device.type == 'cpu' else maps.argmax(1)


def _log_around(maps: Tensor, index: Tensor, scores: Tensor, kernel_size: int) -> Tensor:
    """Return the (M, 3, 3) logarithm of the blurred (M, h, w) maps around each maximum, edges repeated.

    MMPose scales a blurred map so that its maximum is again that of the map. A factor does not change the
    derivatives of the logarithm, unless values are clipped: only then the whole map is blurred to find it.
    """
    around = _Around.of(*maps.shape[1:], kernel_size, maps.device)
    y, x, start = around.pixels.index_select(1, index)
    wide = around.across.shape[2]
    lines = start[:, None] + _offsets(len(maps), tuple(maps.shape[1:]), around.down.shape[2], maps.device)
    patches = F.embedding(lines, maps.flatten().unfold(0, wide, 1))  # (M, tall, wide)
    down, across = around.down.index_select(0, y), around.across.index_select(0, x)
    blurred = torch.bmm(torch.bmm(down, patches), across.mT)
    if not (blurred.amin() >= LOWEST and scores.amax() <= HIGHEST):
        clipped = (blurred.amin((1, 2)) < LOWEST) | (scores > HIGHEST)
        blurred[clipped] *= (scores[clipped] / _blurred_maximum(maps[clipped], kernel_size))[:, None, None]
    return blurred.clamp_(LOWEST, HIGHEST).log_()


def _blurred_maximum(maps: Tensor, kernel_size: int) -> Tensor:
    """Return the (M,) highest value of each blurred (M, h, w) map."""
    down, across = (_blur_matrix(size, kernel_size).to(maps.device) for size in maps.shape[1:])
    return (down @ maps @ across.mT).amax((1, 2))


def _newton_step(log: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the (M, 2) Newton step (x, y) from a maximum, by the (M, 3, 3) logarithm around it.

    And (M,) whether it is so flat that the step depends on float32 rounding.
    """
    dx, dy, dxx, dyy, dxy = STENCILS @ log.reshape(-1, 9).T.astype(np.float64)
    dxx, dyy = dxx + EPS, dyy + EPS
    determinant = dxx * dyy - dxy * dxy
    with np.errstate(divide='ignore', invalid='ignore'):
        step = np.stack((dyy * dx - dxy * dy, dxx * dy - dxy * dx)) / determinant
        curvature = abs(determinant) / np.sqrt(dxx * dxx + dyy * dyy + 2 * dxy * dxy)  # about the smaller one
        return step.T.astype(np.float32), ~(curvature > ROUNDING * (1 + 5 * abs(step).max(0)))


class _Around(NamedTuple):
    """Tables to find the blurred values around a pixel, which depend on a patch of (tall, wide) pixels.

    Attributes:
        pixels: (3, h * w): each pixel's y, x, and the index of the first pixel of its patch.
        down: (h, 3, tall): weights that blur a patch of each y into the three lines around it.
        across: (w, 3, wide): the same for each x.
    """

    pixels: Tensor
    down: Tensor
    across: Tensor

    @classmethod
    @lru_cache(maxsize=64)
    def of(cls, height: int, width: int, kernel_size: int, device: torch.device) -> _Around:
        """Return the tables of heatmaps of this size."""
        tall, wide = min(kernel_size + 2, height), min(kernel_size + 2, width)
        (top, down), (left, across) = (_blur_around(*size, kernel_size) for size in ((height, tall), (width, wide)))
        y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing='ij')
        pixels = torch.stack((y, x, top[y] * width + left[x])).flatten(1)
        return cls(pixels.to(device), down.to(device), across.to(device))


@lru_cache(maxsize=8)
def _offsets(count: int, size: tuple[int, int], tall: int, device: torch.device) -> Tensor:
    """Return (count, tall): offsets of the lines of a patch from its first pixel in the first of ``count`` heatmaps."""
    height, width = size
    maps, lines = (torch.arange(number, device=device) for number in (count, tall))
    return maps[:, None] * (height * width) + lines * width


@lru_cache(maxsize=64)
def _blur_matrix(size: int, kernel_size: int) -> Tensor:
    """Return a (size, size) matrix that blurs a column of that many pixels, with zeros beyond its ends."""
    kernel = torch.from_numpy(cv2.getGaussianKernel(kernel_size, 0, cv2.CV_32F)[:, 0])
    pixels = torch.arange(size)
    offset = pixels[None] - pixels[:, None] + kernel_size // 2
    inside = (offset >= 0) & (offset < kernel_size)
    return torch.where(inside, kernel[offset.clamp(0, kernel_size - 1)], 0)


def _blur_around(size: int, reach: int, kernel_size: int) -> tuple[Tensor, Tensor]:
    """For each of ``size`` pixels: the first of ``reach`` pixels around it, (size,), and the (size, 3, reach) weights
    that blur these into the pixel before, itself and the pixel after; beyond an end, itself again."""
    pixels = torch.arange(size)
    first = (pixels - reach // 2).clamp(0, size - reach)
    sources = first[:, None] + torch.arange(reach)
    targets = (pixels[:, None] + torch.arange(-1, 2)).clamp(0, size - 1)
    return first, _blur_matrix(size, kernel_size)[targets[:, :, None], sources[:, None, :]]
