"""Our models with converted weights against heatmaps that Hugging Face's models made (make_hf_reference.py)."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest
import torch
from safetensors import safe_open

from vitpose_mm.checkpoints import convert
from vitpose_mm.checkpoints.key_tables import DATASETS
from vitpose_mm.models import PoseEstimator

HERE = Path(__file__).parent


@pytest.fixture(scope='module')
def maker() -> ModuleType:
    """The script that made the reference; importing it needs numpy alone."""
    spec = importlib.util.spec_from_file_location('make_hf_reference', HERE / 'make_hf_reference.py')
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def hf_state(maker: ModuleType, kind: str) -> dict[str, torch.Tensor]:
    with safe_open(maker.FILE, 'pt') as file:
        shapes = json.loads(file.metadata()['shapes'])[kind]
    return {name: torch.from_numpy(maker.draw(name, tuple(shape))) for name, shape in shapes.items()}


def reference(maker: ModuleType, name: str) -> torch.Tensor:
    with safe_open(maker.FILE, 'pt') as file:
        return file.get_tensor(name)


def make_model(maker: ModuleType, head: str) -> PoseEstimator:
    sizes = maker.SIZES
    arch = dict(
        embed_dims=sizes['hidden_size'],
        num_layers=sizes['num_hidden_layers'],
        num_heads=sizes['num_attention_heads'],
        mlp_ratio=sizes['mlp_ratio'],
    )
    return PoseEstimator(
        dict(type='vitpose_mm.ViT', arch=arch, input_size=maker.IMAGE[::-1]),
        dict(type=f'vitpose_mm.{head}', in_channels=arch['embed_dims'], out_channels=maker.NUM_KEYPOINTS),
    ).eval()


CASES = [('classic', 0, 'ClassicHead'), ('simple', 0, 'SimpleHead'), *(('moe', i, 'SimpleHead') for i in range(6))]


@pytest.mark.parametrize(('kind', 'index', 'head'), CASES)
def test_heatmaps_equal_hugging_face(maker: ModuleType, kind: str, index: int, head: str) -> None:
    dataset = list(DATASETS)[index] if kind == 'moe' else None
    state, report = convert(hf_state(maker, kind), dataset=dataset)
    assert report.origin == 'hf' and report.complete and bool(report.dropped) == (kind == 'moe')
    model = make_model(maker, head)
    result = model.load_state_dict(state, strict=False)
    assert not result.unexpected_keys
    assert all(name.endswith('num_batches_tracked') for name in result.missing_keys)
    with torch.no_grad():
        heatmaps = model(torch.from_numpy(maker.images()), None, mode='tensor')
    expected = reference(maker, f'{kind}.{index}')
    assert expected.std() > 0.2
    torch.testing.assert_close(heatmaps, expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize('kind', ['classic', 'simple', 'moe'])
def test_the_way_there_and_back_is_bit_equal(maker: ModuleType, kind: str) -> None:
    """From Hugging Face to the official format (which can hold experts too) and back."""
    source = hf_state(maker, kind)
    there, _ = convert(source, target='official')
    back, report = convert(there, target='hf')
    assert report.origin == 'official'
    assert back.keys() == source.keys()
    assert all(torch.equal(back[name], source[name]) for name in source)
    if kind != 'moe':
        there, _ = convert(source)
        back, report = convert(there, target='hf')
        assert report.origin == 'vitpose_mm'
        assert back.keys() == source.keys() and all(torch.equal(back[name], source[name]) for name in source)


def test_experts_need_a_dataset(maker: ModuleType) -> None:
    for target in ('vitpose_mm', 'mmpose'):
        with pytest.raises(ValueError, match='several datasets: name the one to keep with --dataset'):
            convert(hf_state(maker, 'moe'), target=target)
