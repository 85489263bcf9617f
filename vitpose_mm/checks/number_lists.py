"""Make arrays of lists of numbers in a parsed JSON file, and find those that are not what they should be."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np

LARGEST = 1e6  # pixels: no image is larger, and squares lose their digits in float32


def is_number(value: Any) -> bool:
    """Whether a parsed value is a number: neither a string nor true or false."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def to_table(rows: Sequence[Any], width: int) -> tuple[np.ndarray, list[int]]:
    """Return N parsed values as (N, width) float64, and the indices of those that are not lists of ``width`` numbers.

    Inside a list null is NaN, true and false are 1 and 0. Indices that are returned hold NaN.
    """
    if all(type(row) is list and len(row) == width for row in rows) and _all_numbers(rows):
        try:
            return np.array(rows, dtype=np.float64).reshape(-1, width), []
        except OverflowError:  # an integer of hundreds of digits
            pass
    table = np.full((len(rows), width), np.nan)
    malformed = []
    for index, row in enumerate(rows):
        if isinstance(row, list) and len(row) == width and all(map(_may_be_number, row)):
            table[index] = [np.nan if value is None else _to_float(value) for value in row]
        else:
            malformed.append(index)
    return table, malformed


def usable(table: np.ndarray) -> np.ndarray:
    """Return for (..., width) whether each value is finite and can be a coordinate in an image."""
    return np.abs(table) <= LARGEST  # NaN is not


def _all_numbers(rows: Sequence[list]) -> bool:
    return set(map(type, chain.from_iterable(rows))) <= {int, float}


def _may_be_number(value: Any) -> bool:
    return value is None or isinstance(value, (int, float))


def _to_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return np.inf
