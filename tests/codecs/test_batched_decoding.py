"""Batched decoding against MMPose's, heatmap by heatmap: sharp and flat ones, at edges, clipped, without a value."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from mmpose.codecs import UDPHeatmap
from mmpose.registry import KEYPOINT_CODECS

from vitpose_mm.codecs import BatchedUDPHeatmap, ExactUDPHeatmap

CODECS = [
    {'input_size': (192, 256), 'heatmap_size': (48, 64), 'sigma': 2},
    {'input_size': (288, 384), 'heatmap_size': (72, 96), 'sigma': 3, 'blur_kernel_size': 17},
    {'input_size': (192, 256), 'heatmap_size': (96, 128), 'sigma': 4, 'blur_kernel_size': 23},
    {'input_size': (96, 128), 'heatmap_size': (24, 32), 'sigma': 1, 'blur_kernel_size': 5},
    {'input_size': (48, 64), 'heatmap_size': (6, 8), 'sigma': 2},  # smaller than the kernel
]


def some_heatmaps(
    codec: UDPHeatmap, *, seed: int, low: float = 0, noise: float = 0.003, people: int = 12
) -> np.ndarray:
    """(B, 17, h, w): keypoints in and around the crop, peaks from ``low`` to 1, and noise."""
    rng = np.random.default_rng(seed)
    size = np.array(codec.input_size)
    keypoints = rng.uniform(-0.03 * size, 1.03 * size, (people, 17, 2)).astype(np.float32)
    heatmaps = np.stack([codec.encode(one[None])['heatmaps'] for one in keypoints])
    heatmaps *= rng.uniform(low, 1, (people, 17, 1, 1))
    return (heatmaps + rng.normal(0, noise, heatmaps.shape)).astype(np.float32)


def assert_as_mmpose(settings: dict, heatmaps: np.ndarray) -> None:
    theirs = [UDPHeatmap(**settings).decode(one) for one in heatmaps]
    keypoints, scores = BatchedUDPHeatmap(**settings).batch_decode(torch.from_numpy(heatmaps))
    for found, expected in zip(keypoints, theirs, strict=True):
        assert found.shape == expected[0].shape and found.dtype == expected[0].dtype
        finite = np.isfinite(expected[0])
        np.testing.assert_allclose(found[finite], expected[0][finite], rtol=0, atol=1e-3)
        assert np.isfinite(found).all()
    for found, expected in zip(scores, theirs, strict=True):
        assert np.array_equal(found, expected[1]) and found.dtype == expected[1].dtype


@pytest.mark.parametrize('settings', CODECS)
@pytest.mark.parametrize(('low', 'noise'), [(0.3, 0.003), (0, 0.003), (0, 0.05), (0, 0)])
def test_keypoints_are_mmposes(settings: dict, low: float, noise: float) -> None:
    assert_as_mmpose(settings, some_heatmaps(UDPHeatmap(**settings), seed=0, low=low, noise=noise))


def test_at_every_edge_and_corner() -> None:
    settings = CODECS[0]
    heatmaps = np.zeros((1, 8, 64, 48), np.float32)
    y, x = np.mgrid[:64, :48]
    centres = [(0, 0), (47, 0), (0, 63), (47, 63), (24, 0), (24, 63), (0, 30), (47, 30)]
    for heatmap, (cx, cy) in zip(heatmaps[0], centres, strict=True):
        heatmap[:] = 0.8 * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / 8)
    assert_as_mmpose(settings, heatmaps)


@pytest.mark.parametrize('factor', [100, 1e-3, -1])
def test_values_that_mmpose_clips(factor: float) -> None:
    assert_as_mmpose(CODECS[0], some_heatmaps(UDPHeatmap(**CODECS[0]), seed=1) * np.float32(factor))


def test_maps_without_a_positive_value() -> None:
    heatmaps = torch.zeros(1, 3, 64, 48)
    heatmaps[0, 0, 10, 20] = 0.5
    heatmaps[0, 1] = -0.1
    with np.errstate(invalid='ignore'):
        theirs, _ = UDPHeatmap(**CODECS[0]).decode(heatmaps[0].numpy())
    (keypoints,), (scores,) = BatchedUDPHeatmap(**CODECS[0]).batch_decode(heatmaps)
    assert np.isnan(theirs[0, 2]).all()
    assert keypoints[0, 2].tolist() == [0, 0]
    np.testing.assert_allclose(keypoints[0, :2], theirs[0, :2], atol=1e-3)
    assert scores[0].tolist() == [0.5, pytest.approx(-0.1), 0]


def test_one_person_and_other_number_types() -> None:
    codec = BatchedUDPHeatmap(**CODECS[0])
    heatmaps = some_heatmaps(codec, seed=2, low=0.3)
    together, _ = codec.batch_decode(torch.from_numpy(heatmaps))
    before = heatmaps[3].copy()
    np.testing.assert_allclose(codec.decode(heatmaps[3])[0], together[3], atol=1e-4)
    assert np.array_equal(heatmaps[3], before)
    half = torch.from_numpy(heatmaps).bfloat16()
    np.testing.assert_array_equal(codec.batch_decode(half)[0], codec.batch_decode(half.float())[0])
    gradient = torch.from_numpy(heatmaps).requires_grad_()
    assert len(codec.batch_decode(gradient)[0]) == len(heatmaps)


def test_names_and_offsets() -> None:
    for name in ('BatchedUDPHeatmap', 'ExactUDPHeatmap'):
        assert type(KEYPOINT_CODECS.build({'type': f'vitpose_mm.{name}', **CODECS[0]})) is BatchedUDPHeatmap
    assert ExactUDPHeatmap is BatchedUDPHeatmap
    assert BatchedUDPHeatmap(**CODECS[0]).support_batch_decoding
    combined = {**CODECS[0], 'heatmap_type': 'combined'}
    codec = BatchedUDPHeatmap(**combined)
    assert not codec.support_batch_decoding
    heatmaps = np.random.default_rng(0).random((51, 64, 48), dtype=np.float32)
    np.testing.assert_array_equal(codec.decode(heatmaps)[0], UDPHeatmap(**combined).decode(heatmaps)[0])
