"""UDP decoding of a whole batch: the same refinement as MMPose's, blurred only around each maximum.

B people, K keypoints, M = B * K heatmaps of (h, w) pixels; a Gaussian kernel of k pixels.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import torch
import torch.nn.functional as F
from mmpose.codecs.utils import refine_keypoints_dark_udp
from torch import Tensor

LOWEST, HIGHEST = 1e-3, 50.0  # MMPose clips heatmaps to these before it takes the logarithm
EPS = torch.finfo(torch.float32).eps  # that MMPose adds to the Hessian
ROUNDING = 2e-3  # smallest curvature of the logarithm, for a small step, that float32 resolves to 2e-4 pixels

# (9, 5): dx, dy, dxx, dyy, dxy of the 3 x 3 values around a pixel, row by row; dxy as in MMPose, by six of them
STENCILS = (
    0.5
    * torch.tensor(
        [
            [0, 0, 0, -1, 0, 1, 0, 0, 0],
            [0, -1, 0, 0, 0, 0, 0, 1, 0],
            [0, 0, 0, 2, -4, 2, 0, 0, 0],
            [0, 2, 0, 0, -4, 0, 0, 2, 0],
            [1, -1, 0, -1, 2, -1, 0, -1, 1],
        ],
        dtype=torch.float64,
        device='cpu',  # whatever the default device is when this is imported
    ).mT
)


def decode_udp(heatmaps: Tensor, kernel_size: int) -> tuple[Tensor, Tensor]:
    """Decode (B, K, h, w) heatmaps to (B, K, 2) keypoints in heatmap pixels and (B, K) scores, on the same device.

    The maximum, refined by one Newton step on the logarithm of the blurred heatmap. As in MMPose, a map whose
    highest value is negative gives (-1, -1). One whose highest value is 0 gives the pixel that has it, where MMPose
    gives NaN.

    Args:
        heatmaps: any number type.
        kernel_size: k, odd.

    Source: UDP (CVPR 2020) with DARK's refinement (CVPR 2020), MMPose's ``refine_keypoints_dark_udp``.
    """
    maps = heatmaps.detach().float().flatten(0, 1)
    index = _argmax(maps.flatten(1))
    scores = maps.flatten(1).gather(1, index[:, None])[:, 0]
    y, x = index // maps.shape[2], index % maps.shape[2]
    points = torch.stack((x, y), dim=1).float()
    step, rounded = _newton_step(_log_around(maps, x, y, scores, kernel_size))
    found = scores > 0
    refined = torch.where(found[:, None], points - step, points)
    if bool((rounded := rounded & found).any()):
        refined[rounded] = _refine_as_mmpose(points[rounded], maps[rounded], kernel_size)
    refined[scores < 0] = -1
    return refined.view(*heatmaps.shape[:2], 2), scores.view(heatmaps.shape[:2])


def _argmax(maps: Tensor) -> Tensor:
    """Return the (M,) index of the first highest value of (M, n); NumPy is several times as fast as torch on a CPU."""
    return torch.from_numpy(maps.numpy().argmax(1)) if maps.device.type == 'cpu' else maps.argmax(1)


def _log_around(maps: Tensor, x: Tensor, y: Tensor, scores: Tensor, kernel_size: int) -> Tensor:
    """Return the (M, 3, 3) logarithm of the blurred (M, h, w) maps around each maximum, edges repeated.

    MMPose scales a blurred map so that its maximum is again that of the map. A factor does not change the
    derivatives of the logarithm, unless values are clipped: only then the whole map is blurred to find it.
    """
    count, height, width = maps.shape
    tall, wide = min(kernel_size + 2, height), min(kernel_size + 2, width)  # what the 3 x 3 blurred pixels depend on
    top, down = (table.to(maps.device).index_select(0, y) for table in _blur_around(height, tall, kernel_size))
    left, across = (table.to(maps.device).index_select(0, x) for table in _blur_around(width, wide, kernel_size))
    rows = torch.arange(count, device=maps.device) * height + top
    starts = (rows[:, None] + torch.arange(tall, device=maps.device)) * width + left[:, None]
    patches = F.embedding(starts, maps.flatten().unfold(0, wide, 1))  # (M, tall, wide)
    blurred = down @ patches @ across.mT
    clipped = (blurred.amin((1, 2)) < LOWEST) | (scores > HIGHEST)
    if bool(clipped.any()):
        blurred[clipped] *= (scores[clipped] / _blurred_maximum(maps[clipped], kernel_size))[:, None, None]
    return blurred.clamp(LOWEST, HIGHEST).log()


def _blurred_maximum(maps: Tensor, kernel_size: int) -> Tensor:
    """Return the (M,) highest value of each blurred (M, h, w) map."""
    down, across = (_blur_matrix(size, kernel_size).to(maps.device) for size in maps.shape[1:])
    return (down @ maps @ across.mT).amax((1, 2))


def _newton_step(log: Tensor) -> tuple[Tensor, Tensor]:
    """Return the (M, 2) Newton step (x, y) from a maximum, by the (M, 3, 3) logarithm around it.

    And (M,) whether it is so flat that the step depends on float32 rounding.
    """
    dx, dy, dxx, dyy, dxy = (log.double().flatten(1) @ STENCILS.to(log.device)).unbind(1)
    dxx, dyy = dxx + EPS, dyy + EPS
    determinant = dxx * dyy - dxy * dxy
    step = torch.stack((dyy * dx - dxy * dy, dxx * dy - dxy * dx), dim=1) / determinant[:, None]
    curvature = determinant.abs() / (dxx * dxx + dyy * dyy + 2 * dxy * dxy).sqrt()  # about the smaller one
    return step.float(), ~(curvature > ROUNDING * (1 + 5 * step.abs().amax(1)))


def _refine_as_mmpose(points: Tensor, maps: Tensor, kernel_size: int) -> Tensor:
    """Refine (M, 2) maxima of (M, h, w) maps by MMPose's own code, with its rounding."""
    refined = refine_keypoints_dark_udp(points.cpu().numpy()[None], maps.cpu().numpy(), kernel_size)
    return torch.from_numpy(refined[0]).to(maps.device)


@lru_cache(maxsize=64)
def _blur_matrix(size: int, kernel_size: int) -> Tensor:
    """Return a (size, size) matrix that blurs a column of that many pixels, with zeros beyond its ends."""
    kernel = torch.from_numpy(cv2.getGaussianKernel(kernel_size, 0, cv2.CV_32F)[:, 0])
    pixels = torch.arange(size)
    offset = pixels[None] - pixels[:, None] + kernel_size // 2
    inside = (offset >= 0) & (offset < kernel_size)
    return torch.where(inside, kernel[offset.clamp(0, kernel_size - 1)], 0)


@lru_cache(maxsize=64)
def _blur_around(size: int, reach: int, kernel_size: int) -> tuple[Tensor, Tensor]:
    """For each of ``size`` pixels: the first of ``reach`` pixels around it, (size,), and the (size, 3, reach) weights
    that blur these into the pixel before, itself and the pixel after; beyond an end, itself again."""
    pixels = torch.arange(size)
    first = (pixels - reach // 2).clamp(0, size - reach)
    sources = first[:, None] + torch.arange(reach)
    targets = (pixels[:, None] + torch.arange(-1, 2)).clamp(0, size - 1)
    return first, _blur_matrix(size, kernel_size)[targets[:, :, None], sources[:, None, :]]
