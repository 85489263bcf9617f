"""Targets against the Gaussian worked out over the whole heatmap, and against MMPose's."""

from __future__ import annotations

import numpy as np
import pytest
from mmengine.config import Config
from mmpose.codecs import UDPHeatmap
from mmpose.registry import KEYPOINT_CODECS

from tests.helpers.shipped_configs import CONFIGS
from vitpose_mm.codecs import ExactUDPHeatmap

SIZES = {'input_size': (48, 64), 'heatmap_size': (24, 32)}


def truncated_gaussian(centre: np.ndarray, size: tuple[int, int], sigma: float) -> np.ndarray:
    """Return (h, w) of the Gaussian within 3 sigma of the pixel nearest to (x, y), heatmap pixels, else zero."""
    x, y = np.arange(size[0])[None], np.arange(size[1])[:, None]
    nearest = np.floor(centre + 0.5)
    inside = (abs(x - nearest[0]) <= 3 * sigma) & (abs(y - nearest[1]) <= 3 * sigma)
    return inside * np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / (2 * sigma**2))


def some_keypoints(codec: UDPHeatmap, *, number: int = 200) -> np.ndarray:
    """(1, K, 2) in input space, a heatmap's size around it included; half of them near the left and upper edge."""
    rng = np.random.default_rng(0)
    w, h = codec.input_size
    wide = rng.uniform((-w, -h), (2 * w, 2 * h), (number // 2, 2))
    near = rng.uniform(-0.1, 0.4, (number // 2, 2)) * (w, h)
    return np.concatenate([wide, near])[None].astype(np.float32)


@pytest.mark.parametrize('sigma', [0.3, 0.8, 1.1, 1.5, 2.25, 2.5, 4.5])
def test_targets_are_the_truncated_gaussian_wherever_the_keypoint_is(sigma: float) -> None:
    codec = ExactUDPHeatmap(**SIZES, sigma=sigma)
    keypoints = some_keypoints(codec)
    made = codec.encode(keypoints)
    centres = keypoints[0] / codec.scale_factor
    for k, centre in enumerate(centres):
        expected = truncated_gaussian(centre, codec.heatmap_size, sigma)
        np.testing.assert_allclose(made['heatmaps'][k], expected, atol=1e-6)
        assert made['keypoint_weights'][0, k] == bool(expected.any())
    assert 20 < made['keypoint_weights'].sum() < 200


@pytest.mark.parametrize('sigma', [1, 2, 2.0, 7 / 3, 3, 4])
def test_targets_of_whole_radii_are_mmposes_bit_for_bit(sigma: float) -> None:
    ours, theirs = ExactUDPHeatmap(**SIZES, sigma=sigma), UDPHeatmap(**SIZES, sigma=sigma)
    keypoints = some_keypoints(ours)
    visible = np.random.default_rng(1).integers(0, 2, (1, 200)).astype(np.float32)
    made, expected = ours.encode(keypoints, visible), theirs.encode(keypoints, visible)
    assert made.keys() == expected.keys()
    for key in expected:
        assert np.array_equal(made[key], expected[key]) and made[key].dtype == expected[key].dtype


def test_mmposes_targets_of_other_radii_are_a_pixel_off() -> None:
    """When this fails, MMPose has fixed it and our codec can go."""
    codec = UDPHeatmap(input_size=(432, 576), heatmap_size=(108, 144), sigma=4.5)
    keypoints = np.array([[[40.0, 300.0], [216.0, 300.0]]], np.float32)
    near_the_edge, inside = codec.encode(keypoints)['heatmaps']
    centres = keypoints[0] / codec.scale_factor
    assert np.abs(inside - truncated_gaussian(centres[1], (108, 144), 4.5)).max() < 0.02  # it ends a pixel later
    assert np.abs(near_the_edge - truncated_gaussian(centres[0], (108, 144), 4.5)).max() > 0.1


def test_unlabelled_and_senseless_keypoints_have_no_target() -> None:
    codec = ExactUDPHeatmap(**SIZES, sigma=1.5)
    keypoints = np.array([[[10, 10], [np.nan, 10], [10, np.inf], [1e9, 10], [10, 10]]], np.float32)
    visible = np.array([[0, 1, 1, 1, 1]], np.float32)
    made = codec.encode(keypoints, visible)
    assert made['keypoint_weights'].tolist() == [[0, 0, 0, 0, 1]]
    assert made['heatmaps'].any((1, 2)).tolist() == [False, False, False, False, True]
    assert visible.tolist() == [[0, 1, 1, 1, 1]]


def test_keypoints_come_back() -> None:
    codec = KEYPOINT_CODECS.build({'type': 'vitpose_mm.ExactUDPHeatmap', **SIZES, 'sigma': 1.5})
    keypoints = np.random.default_rng(0).uniform((4, 4), (44, 60), (1, 50, 2))
    decoded, _ = codec.decode(codec.encode(keypoints)['heatmaps'])
    # MMPose decodes with (w - 1) / w of a pixel's difference to how it encodes
    np.testing.assert_allclose(decoded * (47 / 48, 63 / 64), keypoints, atol=0.5)


def test_every_shipped_codec_is_right_at_its_sigma() -> None:
    files = sorted((CONFIGS / '_base_/data').glob('crop_*.py'))
    assert len(files) > 6
    for file in files:
        settings = Config.fromfile(file).codec
        codec = KEYPOINT_CODECS.build(settings)
        keypoints = some_keypoints(codec)
        made = codec.encode(keypoints)['heatmaps']
        for k, centre in enumerate(keypoints[0] / codec.scale_factor):
            y, x = np.nonzero(made[k])
            expected = np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / (2 * codec.sigma**2))
            np.testing.assert_allclose(made[k][y, x], expected, atol=1e-4, err_msg=file.name)
