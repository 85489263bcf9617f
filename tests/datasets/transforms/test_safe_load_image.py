"""Images are loaded as MMPose loads them; those that would fill the memory are not decoded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mmpose.datasets.transforms import LoadImage
from PIL import Image

from vitpose_mm.datasets import SafeLoadImage
from vitpose_mm.utils.image_size import ImageError


def test_equals_mmpose(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (30, 40, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / 'a.jpg')
    ours = SafeLoadImage().transform({'img_path': str(tmp_path / 'a.jpg')})
    theirs = LoadImage().transform({'img_path': str(tmp_path / 'a.jpg')})
    assert ours is not None
    assert ours.keys() == theirs.keys()
    np.testing.assert_array_equal(ours['img'], theirs['img'])


def test_an_array_is_used_as_it_is() -> None:
    pixels = np.zeros((30, 40, 3), np.uint8)
    results = SafeLoadImage().transform({'img': pixels})
    assert results is not None
    assert results['img'] is pixels


def test_a_large_image_is_not_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new('L', (20_000, 6_000)).save(tmp_path / 'large.png')

    def decode(*args: object) -> None:
        raise AssertionError('decoded')

    monkeypatch.setattr(LoadImage, 'transform', decode)
    with pytest.raises(ImageError, match='20000 x 6000 pixels'):
        SafeLoadImage().transform({'img_path': str(tmp_path / 'large.png')})
