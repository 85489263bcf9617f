"""The models that are measured: names to configs, configs to models with random weights."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from mmengine.model import revert_sync_batchnorm
from mmengine.registry import init_default_scope
from torch import Tensor, nn

from vitpose_mm.registry import MODELS
from vitpose_mm.utils.configs import open_config

SIZES = ('small', 'base', 'large', 'huge')
DECODERS = ('classic', 'simple')
MMPOSE_FOLDER = 'body_2d_keypoint/topdown_heatmap/coco'
PEERS = {
    'simplebaseline-r152': 'td-hm_res152_8xb32-210e_coco-256x192.py',
    'hrnet-w48': 'td-hm_hrnet-w48_8xb32-210e_coco-256x192.py',
    'hrformer-b': 'td-hm_hrformer-base_8xb32-210e_coco-256x192.py',
}


@dataclass(frozen=True)
class BenchmarkModel:
    """A model by its config.

    Args:
        name: short, unique.
        config: path of its config.
        baseline: name of mmpose's own model that it is compared with, or None.
    """

    name: str
    config: Path
    baseline: str | None = None


def known_models(configs: Path) -> dict[str, BenchmarkModel]:
    """Return every model by name: ours, mmpose's own ViTPose, and the paper's peers."""
    theirs = mmpose_configs() / MMPOSE_FOLDER
    found = []
    for size in SIZES:
        for decoder in DECODERS:
            baseline = f'mmpose-{size}-{decoder}'
            ours = configs / 'coco' / f'vitpose_{size}_{decoder}_coco-256x192.py'
            suffix = '' if decoder == 'classic' else '-simple'
            found.append(BenchmarkModel(f'ours-{size}-{decoder}', ours, baseline))
            found.append(BenchmarkModel(baseline, theirs / f'td-hm_ViTPose-{size}{suffix}_8xb64-210e_coco-256x192.py'))
    found += [BenchmarkModel(name, theirs / file) for name, file in PEERS.items()]
    return {candidate.name: candidate for candidate in found}


def choose(patterns: Sequence[str], configs: Path) -> list[BenchmarkModel]:
    """Return the models of names, patterns such as 'ours-*', or paths of configs, in the order they are named.

    Raises:
        ValueError: something that is none of these.
    """
    known = known_models(configs)
    chosen: dict[str, BenchmarkModel] = {}
    for pattern in patterns:
        if pattern.endswith('.py') and Path(pattern).is_file():
            chosen[Path(pattern).stem] = BenchmarkModel(Path(pattern).stem, Path(pattern))
            continue
        names = fnmatch.filter(known, pattern)
        if not names:
            raise ValueError(
                f'{pattern!r} is neither a model, nor a pattern of one, nor the path of a config: '
                f'the models are {", ".join(known)}.'
            )
        chosen.update({name: known[name] for name in names})
    return list(chosen.values())


def mmpose_configs() -> Path:
    """Return the folder of configs that comes with mmpose."""
    spec = find_spec('mmpose')
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent / '.mim' / 'configs'


class Heatmaps(nn.Module):
    """Maps (B, 3, h, w) crops to (B, K, H, W) heatmaps by an estimator, without pre- and post-processing."""

    def __init__(self, estimator: nn.Module) -> None:
        super().__init__()
        self.estimator: Any = estimator

    def forward(self, crops: Tensor) -> Tensor:
        """Map (B, 3, h, w) crops to (B, K, H, W) heatmaps."""
        return self.estimator(crops, None, mode='tensor')


def build(config: Path, device: str | torch.device = 'cpu') -> tuple[Heatmaps, tuple[int, int]]:
    """Build the model of a config with random weights in eval mode; return it with the (w, h) of its crops.

    Args:
        config: path, or ``package::path``.
        device: that the weights are drawn on (billions of random numbers take a CPU long); 'meta' for none.
    """
    cfg = open_config(str(config))
    init_default_scope(cfg.get('default_scope', 'mmpose'))
    cfg.model.backbone.init_cfg = None
    with torch.device(device):
        model = Heatmaps(revert_sync_batchnorm(MODELS.build(cfg.model)))
    model.eval()
    width, height = cfg.codec.input_size
    return model, (width, height)
