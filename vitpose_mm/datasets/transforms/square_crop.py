"""A person's surroundings out of an image, as they are: no resize, no border."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform

from ...registry import TRANSFORMS


@TRANSFORMS.register_module()
class SquareCrop(BaseTransform):
    """Crop an (h, w, 3) image to the square around its ``bbox``; an image without one stays whole.

    Args:
        context: Side of the square over the longer side of the box; pose estimation pads its boxes by 1.25.

    Raises:
        ValueError: If context is not positive.
    """

    def __init__(self, context: float = 1.25) -> None:
        if context <= 0:
            raise ValueError(f'SquareCrop got context={context}; choose it above 0 (1: the longer side of the box)')
        self.context = context

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Cut ``img``; its ``bbox``, now used, leaves the sample."""
        bbox = results.pop('bbox', None)
        if bbox is not None:
            left, top, right, bottom = square_around(bbox, self.context, size=results['img'].shape[:2])
            results['img'] = np.ascontiguousarray(results['img'][top:bottom, left:right])
            results['img_shape'] = results['img'].shape[:2]
        return results


def square_around(bbox: np.ndarray, context: float, *, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return (left, top, right, bottom) of a square with the same centre as (4,) corners in image pixels.

    The square is moved until it lies inside the image of ``size`` (h, w). One that is larger than the image is
    cut to it, and then is not a square: the random crop that follows makes one without inventing pixels.
    """
    side = max(1, round(context * float(max(bbox[2] - bbox[0], bbox[3] - bbox[1]))))
    left, right = _interval((bbox[0] + bbox[2]) / 2, min(side, size[1]), length=size[1])
    top, bottom = _interval((bbox[1] + bbox[3]) / 2, min(side, size[0]), length=size[0])
    return left, top, right, bottom


def _interval(centre: float, kept: int, *, length: int) -> tuple[int, int]:
    start = min(max(round(float(centre) - kept / 2), 0), length - kept)
    return start, start + kept
