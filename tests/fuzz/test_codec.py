"""Keypoints to heatmaps and back, at any size, sigma and place."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vitpose_mm.codecs import ExactUDPHeatmap

SIDES = st.integers(4, 24).map(lambda unit: 4 * unit)
SIGMAS = st.floats(0.8, 4.5)
NUMBERS = st.floats(width=32)  # NaN and infinity too


@given(w=SIDES, h=SIDES, sigma=SIGMAS, where=st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=5))
def test_any_keypoint_gives_a_target_or_a_weight_of_0(w: int, h: int, sigma: float, where: list) -> None:
    codec = ExactUDPHeatmap(input_size=(4 * w, 4 * h), heatmap_size=(w, h), sigma=sigma)
    with np.errstate(all='ignore'):
        encoded = codec.encode(np.array([where], np.float32))
    heatmaps, weights = encoded['heatmaps'], encoded['keypoint_weights']
    assert heatmaps.shape == (len(where), h, w) and weights.shape == (1, len(where))
    assert np.isfinite(heatmaps).all() and heatmaps.min() >= 0 and heatmaps.max() <= 1
    assert (weights[0].astype(bool) == heatmaps.any((1, 2))).all()


@given(w=SIDES, h=SIDES, sigma=SIGMAS, x=st.floats(0, 1), y=st.floats(0, 1))
def test_a_keypoint_inside_comes_back(w: int, h: int, sigma: float, x: float, y: float) -> None:
    codec = ExactUDPHeatmap(input_size=(4 * w, 4 * h), heatmap_size=(w, h), sigma=sigma, blur_kernel_size=3)
    margin = 0.15  # the Gaussian is cut off at the edge, which moves what is decoded
    keypoint = np.array([margin + (1 - 2 * margin) * x, margin + (1 - 2 * margin) * y]) * (4 * w - 1, 4 * h - 1)
    encoded = codec.encode(keypoint[None, None].astype(np.float32))
    decoded, scores = codec.decode(encoded['heatmaps'])
    assert np.abs(decoded[0, 0] - keypoint).max() < 4  # a heatmap pixel
    assert 0.5 < scores[0, 0] <= 1
