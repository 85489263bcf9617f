"""Images to label."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """23 images in two folders, the sixth of which is damaged."""
    folder = tmp_path / 'photos'
    for i in range(23):
        path = folder / f'{i % 2}' / f'{i:03d}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new('RGB', (30, 40), (i % 4, i * 7, 0)).save(path)
    (folder / '1' / '005.png').write_bytes(b'damaged')
    return folder
