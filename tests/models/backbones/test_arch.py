"""Patterns of attention."""

from __future__ import annotations

import pytest

from vitpose_mm.models.backbones.arch import attention_of_blocks


def test_patterns_of_attention() -> None:
    assert attention_of_blocks('full', 3) == ('full',) * 3
    assert attention_of_blocks(('window', 'window', 'full'), 12)[2::3] == ('full',) * 4
    with pytest.raises(ValueError, match='pattern of 5 kinds'):
        attention_of_blocks(('full',) * 5, 12)
    with pytest.raises(ValueError, match="'globl' is not known"):
        attention_of_blocks('globl', 12)
