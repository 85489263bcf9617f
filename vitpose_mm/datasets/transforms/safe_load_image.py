"""MMPose's LoadImage with a limit on the number of pixels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import mmcv
import numpy as np
from mmpose.datasets.transforms import LoadImage

from ...registry import TRANSFORMS
from ...utils.files import printable
from ...utils.image_size import ImageError, read_for_opencv


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
        if 'img' not in results and '://' not in str(path := results['img_path']):
            content = read_for_opencv(Path(path))
            if self.backend_args is None and self.file_client_args is None:  # the file need not be read again
                results['img'] = self._decode(content, path)
        return super().transform(results)

    def _decode(self, content: bytes, path: str) -> np.ndarray:
        try:
            image: np.ndarray | None = mmcv.imfrombytes(content, flag=self.color_type, backend=self.imdecode_backend)
        except cv2.error as error:
            raise ImageError(f'{printable(path)} cannot be decoded: {printable(error)}.') from error
        if image is None:
            raise ImageError(f'{printable(path)} cannot be decoded: it is damaged, or of another format.')
        return image
