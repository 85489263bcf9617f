"""A small rendered data set that the tests of this folder read."""

from __future__ import annotations

from pathlib import Path

import pytest

from vitpose_mm.synthetic import generate


@pytest.fixture(scope='session')
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """12 training, 6 validation and 3 heavy-overlap images of 320 x 240; not to be changed."""
    out = tmp_path_factory.mktemp('synthetic')
    generate(out, 12, seed=5, val=6, ochuman=3, size=(320, 240), workers=0, progress=False)
    return out
