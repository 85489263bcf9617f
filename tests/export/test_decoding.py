"""Keypoints read off heatmaps in torch are MMPose's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from mmpose.codecs import MSRAHeatmap, UDPHeatmap

from vitpose_mm.export.decoding import UDPDecoder
from vitpose_mm.models.heads.oks_scorer import OKSScorer


def soft_spots(codec: UDPHeatmap, number: int, keypoints: int) -> np.ndarray:
    """Maps (number, keypoints, h, w) with a Gaussian each, some cut by an edge, and noise."""
    rng = np.random.default_rng(0)
    width, height = codec.heatmap_size
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    centres = rng.uniform(-1, 1, (number, keypoints, 2)) * [width / 2, height / 2] + [width / 2, height / 2]
    apart = (x - centres[..., :1, None]) ** 2 + (y - centres[..., 1:, None]) ** 2
    heat = rng.uniform(0.2, 1, (number, keypoints, 1, 1)) * np.exp(-apart / (2 * codec.sigma**2))
    return (heat + rng.normal(0, 0.01, heat.shape)).astype(np.float32)


@pytest.mark.parametrize(
    ('input_size', 'heatmap_size', 'kernel'),
    [((192, 256), (48, 64), 11), ((96, 128), (24, 32), 11), ((64, 48), (16, 12), 7)],
)
def test_keypoints_equal_mmposes(input_size: tuple, heatmap_size: tuple, kernel: int) -> None:
    codec = UDPHeatmap(input_size, heatmap_size, sigma=2, blur_kernel_size=kernel)
    maps = soft_spots(codec, 6, 17)
    found = UDPDecoder(codec)(torch.from_numpy(maps)).numpy()
    for person, own in zip(found, maps, strict=True):
        keypoints, scores = codec.decode(own)
        np.testing.assert_array_equal(person[:, 2], scores[0])
        np.testing.assert_allclose(person[:, :2], keypoints[0], atol=2e-3)


def test_a_map_without_heat_has_its_first_pixel_and_score_0() -> None:
    codec = UDPHeatmap((192, 256), (48, 64), sigma=2)
    assert UDPDecoder(codec)(torch.zeros(1, 2, 64, 48)).eq(0).all()


def test_scores_are_those_of_a_scorer() -> None:
    codec = UDPHeatmap((96, 128), (24, 32), sigma=2)
    scorer = OKSScorer(3, (96, 128), [0.1] * 3).eval()
    maps = torch.from_numpy(soft_spots(codec, 4, 3))
    plain, scored = UDPDecoder(codec)(maps), UDPDecoder(codec, scorer)(maps)
    assert torch.equal(plain[..., :2], scored[..., :2])
    assert torch.equal(scored[..., 2], scorer(plain[..., :2], plain[..., 2]))
    halved = UDPDecoder(codec, scorer.half())(maps)[..., 2]
    assert torch.allclose(halved, scored[..., 2], atol=1e-2)


def test_another_codec_is_refused() -> None:
    with pytest.raises(ValueError, match='this model has MSRAHeatmap: export heatmaps'):
        UDPDecoder(MSRAHeatmap((192, 256), (48, 64), sigma=2))
