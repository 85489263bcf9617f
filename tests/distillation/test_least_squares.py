"""The map between token spaces against numpy's least squares."""

from __future__ import annotations

import numpy as np
import torch

from vitpose_mm.distillation.least_squares import LeastSquares


def test_equals_numpy_whatever_the_parts() -> None:
    given, wanted = torch.randn(300, 7), torch.randn(300, 4)
    squares = LeastSquares()
    for start in range(0, 300, 70):
        squares.add(given[start : start + 70], wanted[start : start + 70])
    weights, explained = squares.solve()
    expected, rest, *_ = np.linalg.lstsq(given.double().numpy(), wanted.double().numpy(), rcond=None)
    assert np.abs(weights.T.numpy() - expected).max() < 1e-9
    assert abs(explained - (1 - rest.sum() / float(wanted.double().square().sum()))) < 1e-9


def test_a_linear_relation_is_found() -> None:
    given, true = torch.randn(200, 9), torch.randn(5, 9)
    squares = LeastSquares()
    squares.add(given, given @ true.T)
    weights, explained = squares.solve()
    assert (weights - true).abs().max() < 1e-5
    assert abs(explained - 1) < 1e-9


def test_directions_that_were_never_seen_are_mapped_to_zero() -> None:
    """24 channels that come from 6 (a patch has fewer numbers than a token): minimum norm, and no blow-up."""
    basis = torch.randn(6, 24)
    given, wanted = torch.randn(400, 6) @ basis, torch.randn(400, 3)
    squares = LeastSquares()
    squares.add(given, wanted)
    weights, _ = squares.solve()
    expected = np.linalg.lstsq(given.double().numpy(), wanted.double().numpy(), rcond=1e-5)[0]
    assert np.abs(weights.T.numpy() - expected).max() < 1e-6
    unseen = torch.linalg.svd(basis.double())[2][6:]
    assert (weights @ unseen.T).abs().max() < 1e-6
