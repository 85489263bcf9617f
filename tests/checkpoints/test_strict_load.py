"""Weights that surely are in the model, or a sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from vitpose_mm.checkpoints.strict_load import load_strictly


class Renamed(nn.Linear):
    """A layer that reads files of before version 2 under another name, as some of MMPose's do."""

    _version = 2

    def _load_from_state_dict(self, state: dict[str, Tensor], prefix: str, metadata: dict, *args: Any) -> None:
        if metadata.get('version') != 2:
            state[f'{prefix}weight'] = state.pop(f'{prefix}old')
        super()._load_from_state_dict(state, prefix, metadata, *args)


@pytest.mark.parametrize('prefix', ['', 'module.'])
def test_the_versions_of_modules_are_read(prefix: str, tmp_path: Path) -> None:
    saved, model = Renamed(2, 3), Renamed(2, 3)
    versions = saved.state_dict()._metadata  # type: ignore[attr-defined]
    state: Any = (nn.ModuleDict({'module': saved}) if prefix else saved).state_dict()
    if prefix:
        state._metadata = versions  # as mmengine saves a wrapped model
    torch.save({'state_dict': state, 'meta': {'epoch': 3}}, tmp_path / 'a.pth')
    assert load_strictly(model, str(tmp_path / 'a.pth'), 'a.py') == {'epoch': 3}
    assert torch.equal(model.weight, saved.weight)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    torch.save({'state_dict': {'weight': torch.ones(3, 2)}}, tmp_path / 'a.pth')
    with pytest.raises(ValueError, match=r'does not fit a\.py: 1 of 2 weights is missing, bias is one'):
        load_strictly(nn.Linear(2, 3), str(tmp_path / 'a.pth'), 'a.py')
