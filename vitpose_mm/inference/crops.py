"""Cut the crops that a model's test pipeline makes of boxes in images, all of a batch at once.

N people, crops of (h, w) pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from mmpose.datasets.transforms import TopdownAffine
from mmpose.structures.bbox import bbox_xyxy2cs, get_udp_warp_matrix, get_warp_matrix
from torch import Tensor

LOADERS = ('LoadImage', 'SafeLoadImage')  # both leave pixels that are there as they are
STEPS_AFTER_LOADING = ['GetBBoxCenterScale', 'TopdownAffine', 'PackPoseInputs']
# OpenCV interpolates at positions that are rounded to 1/32 pixel, and computes them in fixed point with 1/1024 pixel
SUBPIXELS = 32
FIXED_POINT = 1024


class Crops(NamedTuple):
    """Crops of people, and where they are in their images.

    Attributes:
        pixels: (N, 3, h, w) uint8, channels in the image's order.
        centres: (N, 2) pixels of the image.
        scales: (N, 2) width and height in the image, pixels.
    """

    pixels: Tensor
    centres: np.ndarray
    scales: np.ndarray

    def to_image(self, keypoints: np.ndarray) -> np.ndarray:
        """Move (N, K, 2) keypoints from input space to pixels of the image, as mmpose's top-down estimator does."""
        size = np.array(self.pixels.shape[:1:-1])
        scales = self.scales[:, None]
        return keypoints / size * scales + self.centres[:, None] - 0.5 * scales


class CropMaker:
    """Makes the crops of (N, 4) boxes in images as mmpose's GetBBoxCenterScale and TopdownAffine do.

    On a CPU each is OpenCV's, bit for bit mmpose's. On another device every image is uploaded once, as uint8, and all
    crops are sampled together, at most one grey level off where OpenCV rounds.

    Args:
        input_size: (w, h) of a crop.
        padding: the box is enlarged by this factor.
        use_udp: sample from pixel centre to pixel centre.
    """

    def __init__(self, input_size: tuple[int, int], *, padding: float = 1.25, use_udp: bool = True) -> None:
        self.input_size, self.padding = input_size, padding
        self._matrix = get_udp_warp_matrix if use_udp else get_warp_matrix

    @classmethod
    def of(cls, pipeline: Sequence[dict]) -> CropMaker | None:
        """Return the crops of a test pipeline; None where it does more than load, crop and pack."""
        kinds = [step['type'].rsplit('.', 1)[-1] for step in pipeline if isinstance(step.get('type'), str)]
        if len(kinds) != 4 or kinds[0] not in LOADERS or kinds[1:] != STEPS_AFTER_LOADING:
            return None
        load, box, affine, _ = (dict(step) for step in pipeline)
        known = {'type', 'padding', 'input_size', 'use_udp'}
        if set(load) > {'type'} or (set(box) | set(affine)) - known:
            return None
        width, height = affine['input_size']
        return cls((width, height), padding=box.get('padding', 1.25), use_udp=affine.get('use_udp', False))

    def __call__(
        self, images: Sequence[np.ndarray], boxes: np.ndarray, owners: np.ndarray, *, device: Any = 'cpu'
    ) -> Crops:
        """Crop the boxes (N, 4) of the images (H, W, 3) uint8, box i of image ``owners[i]``."""
        width, height = self.input_size
        centres, scales = bbox_xyxy2cs(boxes, padding=self.padding)
        scales = TopdownAffine._fix_aspect_ratio(scales, aspect_ratio=width / height)
        matrices = np.stack(
            [self._matrix(c, s, 0.0, output_size=(width, height)) for c, s in zip(centres, scales, strict=True)]
        )
        sample = sample_with_opencv if torch.device(device).type == 'cpu' else sample_on_device
        used = sorted(set(owners.tolist()))
        pixels = sample(
            [images[owner] for owner in used], np.searchsorted(used, owners), matrices, self.input_size, device=device
        )
        return Crops(pixels, centres, scales)


def sample_with_opencv(
    images: Sequence[np.ndarray], owners: np.ndarray, matrices: np.ndarray, size: tuple[int, int], *, device: Any
) -> Tensor:
    """As :func:`sample_on_device`, by OpenCV."""
    crops = np.empty((len(owners), size[1], size[0], 3), np.uint8)
    for crop, owner, matrix in zip(crops, owners, matrices, strict=True):
        cv2.warpAffine(images[owner], matrix, size, dst=crop, flags=cv2.INTER_LINEAR)
    return torch.from_numpy(crops).permute(0, 3, 1, 2).to(device)


def sample_on_device(
    images: Sequence[np.ndarray], owners: np.ndarray, matrices: np.ndarray, size: tuple[int, int], *, device: Any
) -> Tensor:
    """Sample (N, 3, h, w) crops of images (H, W, 3) uint8 of any sizes, bilinear, black outside the image.

    Args:
        images: uploaded once each.
        owners: (N,) index of the image that a crop is taken from.
        matrices: (N, 2, 3) from image to crop.
        size: (w, h) of the crops.
        device: where they are made.
    """
    pixels = torch.cat([torch.from_numpy(np.ascontiguousarray(one)).to(device).view(-1, 3) for one in images])
    shapes = np.array([one.shape[:2] for one in images])
    starts = np.cumsum([0, *shapes.prod(1)])[:-1]
    inverse = np.stack([cv2.invertAffineTransform(matrix.astype(np.float64)) for matrix in matrices])
    # whole steps: (N, h, w)
    columns, rows = (_sampled(torch.from_numpy(inverse[:, axis]).to(device), size) for axis in (0, 1))
    bounds, start = (torch.from_numpy(numbers[owners]).to(device) for numbers in (shapes, starts))
    height, width = (bounds[:, axis, None, None] for axis in (0, 1))
    total = torch.zeros((*rows.shape, 3), device=device)
    for down, across in ((0, 0), (0, 1), (1, 0), (1, 1)):
        y, x = rows // SUBPIXELS + down, columns // SUBPIXELS + across
        weight = (rows % SUBPIXELS - SUBPIXELS * (1 - down)).abs()
        weight = weight * (columns % SUBPIXELS - SUBPIXELS * (1 - across)).abs()
        weight = weight * ((y >= 0) & (y < height) & (x >= 0) & (x < width))
        index = start[:, None, None] + y.clamp_min(0).minimum(height - 1) * width + x.clamp_min(0).minimum(width - 1)
        total += pixels[index] * weight[..., None]
    return total.div_(SUBPIXELS * SUBPIXELS).add_(0.5).to(torch.uint8).permute(0, 3, 1, 2)


def _sampled(row: Tensor, size: tuple[int, int]) -> Tensor:
    """Return the (N, h, w) coordinate of every crop pixel, in 1 / SUBPIXELS pixels, by (N, 3) rows from crop to image.

    It is rounded as OpenCV does: the part by column, and that by row, to 1 / FIXED_POINT pixels, then their sum.
    """
    x = torch.arange(size[0], device=row.device, dtype=row.dtype)
    y = torch.arange(size[1], device=row.device, dtype=row.dtype)[:, None]
    a, b, c = (row[:, i, None, None] * FIXED_POINT for i in range(3))
    divisor = FIXED_POINT // SUBPIXELS
    return ((a * x).round().long() + (b * y + c).round().long() + divisor // 2) // divisor
