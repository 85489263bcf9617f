"""Our guess of ViTPose-G: how large it is and what its document estimates."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS, init_default_scope
from torch import nn

from vitpose_mm.models import ViT
from vitpose_mm.models.backbones.arch import find_arch

# ViT-g: 40 blocks of width 1408 and an MLP of 6144, here on 36x27 patches
C, MLP, BLOCKS = 1408, 6144, 40
BLOCK = (C * 3 * C + 3 * C) + (C * C + C) + (C * MLP + MLP) + (MLP * C + C) + 4 * C
EMBEDDINGS = 16 * 16 * 3 * C + C + (1 + 36 * 27) * C
BACKBONE = BLOCKS * BLOCK + EMBEDDINGS + 2 * C
HEAD = C * 256 * 16 + 256 * 256 * 16 + 4 * 256 + 256 * 17 + 17
# 3x3 kernels in groups of 4 channels, to 16 and back; BatchNorm between them
CELL = 4 * C * 4 * 9 + 2 * 4 * C + C * 16 * 9 + C


def build(root: Path, name: str) -> nn.Module:
    init_default_scope('mmpose')
    cfg = Config.fromfile(root / f'configs/vitpose_g/{name}_classic_coco-576x432.py')
    with torch.device('meta'):
        return MODELS.build(cfg.model)


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize(('name', 'cell'), [('vitpose_g', 0), ('vitpose_g-vitae', CELL)])
def test_a_billion_parameters(name: str, cell: int, root: Path) -> None:
    model = build(root, name)
    assert count(model.backbone) == BACKBONE + BLOCKS * cell
    assert count(model.head) == HEAD
    assert abs(count(model) - 1e9) < 0.04e9


def test_trains_as_the_paper_says_and_fits_by_the_page(root: Path) -> None:
    cfg = Config.fromfile(root / 'configs/vitpose_g/vitpose_g-vitae_classic_coco-576x432.py')
    assert (find_arch(cfg.model.backbone.arch).layer_decay_rate, cfg.model.backbone.drop_path_rate) == (0.85, 0.55)
    assert cfg.codec.input_size == cfg.model.backbone.input_size == (432, 576)
    assert cfg.model.backbone.with_cp and cfg.model.backbone.parallel_conv
    assert (cfg.optim_wrapper.type, cfg.optim_wrapper.dtype) == ('vitpose_mm.FiniteAmpOptimWrapper', 'bfloat16')
    assert cfg.runner_type == 'FlexibleRunner'


# ---------------------------------------------------------------------- the estimate in docs/vitpose_g.md


@pytest.fixture
def page(root: Path) -> str:
    return (root / 'docs/vitpose_g.md').read_text()


@pytest.fixture
def training_memory(page: str) -> Callable[..., float]:
    """The function on the page."""
    (code,) = re.findall(r'```python\n(.*?)```', page, flags=re.S)
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 our own page
    return names['training_memory']


LINES = {
    'plain, one GPU, `with_cp`': {},
    'plain, one GPU, without': {'with_cp': False},
    'plain, FSDP over 8 GPUs, `with_cp`': {'gpus': 8},
    'with convolutions, one GPU, `with_cp`': {'conv': True},
}


@pytest.mark.parametrize('line', LINES)
def test_the_page_says_what_its_function_gives(line: str, page: str, training_memory: Callable[..., float]) -> None:
    total = BACKBONE + HEAD + (BLOCKS * CELL if 'conv' in line else 0)
    assert f'{total / 1e9:.3f}B' in page
    sizes = {'tokens': 36 * 27, 'dim': C, 'ffn': MLP, 'blocks': BLOCKS, **LINES[line]}
    used = training_memory(total, batch=64, **sizes)
    most = next(batch for batch in range(999, 0, -1) if training_memory(total, batch=batch, **sizes) <= 72)
    assert f'| {line} | {used:.1f} | {most} |' in page


def kept_bytes(vit: ViT, x: torch.Tensor) -> int:
    """Bytes that autograd keeps of a forward pass in bf16, apart from the weights and their casts."""
    storages = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storages[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor), torch.autocast('cpu', torch.bfloat16):
        vit(x)
    own = {parameter.shape for parameter in vit.parameters()} | {p.T.shape for p in vit.parameters() if p.ndim == 2}
    return sum(t.untyped_storage().nbytes() for t in storages.values() if t.shape not in own)


@pytest.mark.parametrize('conv', [False, True])
@pytest.mark.parametrize('with_cp', [False, True])
def test_a_block_keeps_what_the_estimate_says(with_cp: bool, conv: bool, training_memory: Callable[..., float]) -> None:
    """The difference of two depths is one block; LayerNorm's and attention's statistics are left out there."""
    batch, dim, ffn = 3, 64, 280
    sizes = {'embed_dims': dim, 'num_heads': 1, 'mlp_ratio': ffn / dim}
    x = torch.randn(batch, 3, 256, 192)
    kept = [kept_bytes(ViT({**sizes, 'num_layers': n}, with_cp=with_cp, parallel_conv=conv).train(), x) for n in (1, 2)]
    counts = {'tokens': 192, 'dim': dim, 'ffn': ffn, 'batch': batch, 'with_cp': with_cp, 'conv': conv}
    told = 1e9 * (training_memory(0, blocks=2, **counts) - training_memory(0, blocks=1, **counts))
    assert kept[1] - kept[0] == pytest.approx(told, rel=0.01)
