from __future__ import annotations

import numpy as np
import pytest

from vitpose_mm.datasets import SquareCrop
from vitpose_mm.datasets.transforms.square_crop import square_around

IMAGE = np.arange(60 * 80 * 3, dtype=np.uint8).reshape(60, 80, 3)


def around(*box: float, context: float = 1.0) -> tuple[int, int, int, int]:
    return square_around(np.array(box, np.float32), context, size=(60, 80))


def test_the_square_has_the_longer_side_times_context_and_the_same_centre() -> None:
    assert around(30, 20, 40, 40) == (25, 20, 45, 40)
    assert around(30, 20, 40, 40, context=1.5) == (20, 15, 50, 45)
    assert around(20, 25, 60, 35) == (20, 10, 60, 50)


def test_it_is_moved_into_the_image() -> None:
    assert around(0, 20, 10, 40) == (0, 20, 20, 40)
    assert around(75, 50, 85, 70) == (60, 40, 80, 60)
    assert around(-500, 20, -490, 40) == (0, 20, 20, 40)


def test_one_larger_than_the_image_is_cut_to_it() -> None:
    assert around(30, 0, 50, 60, context=1.25) == (2, 0, 77, 60)
    assert around(0, 0, 80, 60, context=2) == (0, 0, 80, 60)


def test_any_box_gives_pixels_inside_the_image() -> None:
    rng = np.random.default_rng(0)
    for (left, right), (top, bottom) in np.sort(rng.uniform(-40, 120, (300, 2, 2))):
        left, top, right, bottom = around(left, top, right, bottom)
        assert 0 <= left < right <= 80
        assert 0 <= top < bottom <= 60


def test_pixels_are_the_images_own_and_the_box_is_used_up() -> None:
    results = SquareCrop(context=1.0).transform({'img': IMAGE, 'bbox': np.array([30, 20, 40, 40], np.float32)})
    assert np.array_equal(results['img'], IMAGE[20:40, 25:45])
    assert results.keys() == {'img', 'img_shape'}
    assert results['img_shape'] == (20, 20)


def test_an_image_without_a_box_stays_whole() -> None:
    assert SquareCrop().transform({'img': IMAGE})['img'] is IMAGE


def test_no_context_is_refused() -> None:
    with pytest.raises(ValueError, match='context=0'):
        SquareCrop(context=0)
