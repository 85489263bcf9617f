"""Sizes that are read from the bytes of image files."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from vitpose_mm.utils.image_headers import read_webp_size


@pytest.mark.parametrize('options', [{'lossless': True}, {'quality': 80}, {'save_all': True, 'lossless': True}])
def test_all_kinds_of_webp_are_measured_before_pillow_opens_them(tmp_path: Path, options: dict) -> None:
    frames = [Image.new('RGB', (70, 30), color) for color in ('red', 'blue')]
    frames[0].save(tmp_path / 'a.webp', append_images=frames[1:], **options)
    with (tmp_path / 'a.webp').open('rb') as file:
        assert read_webp_size(file) == (70, 30)
