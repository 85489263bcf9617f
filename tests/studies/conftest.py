from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.helpers.study_tools import TOOL


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout whose tools note their calls, and the folder to work in."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'tools').mkdir()
    (tmp_path / 'configs').mkdir()
    for name in 'abc':
        (tmp_path / 'configs' / f'{name}.py').write_text('x = 0\n')
    torch.save({'state_dict': {}, 'optimizer': {}, 'meta': {'iter': 3}}, tmp_path / 'calls.pth')
    for name in ('train', 'test', 'make'):
        (tmp_path / 'tools' / f'{name}.py').write_text(TOOL.format(calls=str(tmp_path / 'calls')))
    return tmp_path
