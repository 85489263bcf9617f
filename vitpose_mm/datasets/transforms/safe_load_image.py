"""MMPose's LoadImage with a limit on the number of pixels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmpose.datasets.transforms import LoadImage

from ...registry import TRANSFORMS
from ...utils.image_size import check_for_opencv


@TRANSFORMS.register_module()
class SafeLoadImage(LoadImage):
    """Load an (H, W, 3) uint8 BGR image as ``LoadImage`` does, after reading its size from the header.

    OpenCV decodes whatever a header asks for: a PNG of 117 kB can take 6 GB in every worker.

    Raises:
        ImageError: the file is missing, damaged, not a regular file, has more than ``MAX_PIXELS`` pixels, or is of a
            kind that can crash OpenCV (JPEG 2000, animated PNG). In training, :class:`MultiDataset` replaces the sample
            and :class:`BadImageHook` counts the file.
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any] | None:
        """Load ``img_path``; an array that is there already as ``img`` is used as it is."""
        if 'img' not in results and '://' not in str(results['img_path']):
            check_for_opencv(Path(results['img_path']))
        return super().transform(results)
