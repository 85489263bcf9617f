"""The linear map between the token spaces of two models: least squares over tokens of the same patches."""

from __future__ import annotations

import torch
from torch import Tensor

RELATIVE_CUTOFF = 1e-10  # of eigenvalues of the Gram matrix; tokens are float32, so below it is rounding


class LeastSquares:
    """Fits a (D, C) map to pairs of vectors (N, C) and (N, D), given in any number of parts.

    No intercept: the map is linear, and a direction that none of the first vectors has is mapped to zero
    (minimum norm).
    """

    def __init__(self) -> None:
        self._gram: Tensor | float = 0.0
        self._cross: Tensor | float = 0.0
        self._squares = 0.0

    def add(self, given: Tensor, wanted: Tensor) -> None:
        """Add (N, C), (N, D) more pairs."""
        given, wanted = given.double(), wanted.double()
        self._gram = self._gram + given.T @ given
        self._cross = self._cross + given.T @ wanted
        self._squares += float(wanted.square().sum())

    def solve(self) -> tuple[Tensor, float]:
        """Return the (D, C) map in float64, and the share of the wanted vectors' squares that it explains (0 to 1)."""
        assert isinstance(self._gram, Tensor) and isinstance(self._cross, Tensor), 'no pairs were added'
        inverse = torch.linalg.pinv(self._gram, hermitian=True, rtol=RELATIVE_CUTOFF)
        weights = inverse @ self._cross  # (C, D)
        explained = float((weights * self._cross).sum())
        return weights.T, explained / self._squares
