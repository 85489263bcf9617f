"""Names to configs, configs to models."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from vitpose_mm.benchmarks.benchmark_models import build, choose, known_models


def test_every_named_config_is_there(root: Path) -> None:
    candidates = known_models(root / 'configs')
    assert len(candidates) == 2 * 4 * 2 + 3
    assert all(candidate.config.is_file() for candidate in candidates.values())
    assert candidates['ours-large-simple'].baseline == 'mmpose-large-simple'
    assert candidates['mmpose-large-simple'].config.name == 'td-hm_ViTPose-large-simple_8xb64-210e_coco-256x192.py'


def test_patterns_and_paths_choose(root: Path, tiny_config: Path) -> None:
    chosen = choose(['ours-base-*', str(tiny_config), 'hrnet-w48', 'ours-base-simple'], root / 'configs')
    assert [one.name for one in chosen] == ['ours-base-classic', 'ours-base-simple', 'tiny', 'hrnet-w48']


def test_an_unknown_name_is_refused(root: Path) -> None:
    with pytest.raises(ValueError, match="'ours-tiny' is neither a model"):
        choose(['ours-tiny'], root / 'configs')


def test_a_model_is_built_with_random_weights(tiny_config: Path) -> None:
    model, size = build(tiny_config)
    assert size == (48, 64)
    assert not model.training
    assert model(torch.zeros(2, 3, 64, 48)).shape == (2, 3, 16, 12)
