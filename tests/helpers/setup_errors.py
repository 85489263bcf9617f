"""How the set-up ends when something is wrong, and what lies in its cache."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import mmcv_wheel
import pytest
from environment import SetupError


def sentence_of(call: Callable[[], Any]) -> str:
    """The one sentence that a call fails with."""
    with pytest.raises(SetupError) as info:
        call()
    text = str(info.value)
    assert '\n' not in text and text.endswith('.')
    return text


def put_wheel(kind: str, text: str = 'wheel') -> Path:
    """A wheel on its shelf."""
    mmcv_wheel.shelf(kind).mkdir(parents=True, exist_ok=True)
    wheel = mmcv_wheel.shelf(kind) / 'mmcv-2.1.0-cp311-cp311-linux_x86_64.whl'
    wheel.write_text(text)
    return wheel
