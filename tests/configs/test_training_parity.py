"""Training equals MMPose's: ten iterations of mmpose's own ViTPose-S-simple and of ours give the same loss.

Both start from the same weights (the real pre-trained ViT-S where it is at hand), see the same batches and use
their own layer decay, schedule, head and estimator.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from mmengine.utils import get_installed_path
from torch import Tensor

from tests.helpers.tiny_coco import dataset_cfg, write_coco
from vitpose_mm.checkpoints.writing import convert_file
from vitpose_mm.registry import MODELS

HOST = 'body_2d_keypoint/topdown_heatmap/coco/td-hm_ViTPose-small-simple_8xb64-210e_coco-256x192.py'
ITERATIONS = 10
ARCH = {'embed_dims': 384, 'num_layers': 12, 'num_heads': 6}  # the heads of the pre-trained file


class Record(Hook):
    """Keeps the loss of every iteration."""

    def __init__(self) -> None:
        self.losses: list[float] = []

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        self.losses.append(float(outputs['loss']))


def train(config: Config, weights: dict[str, Tensor], data: dict, work_dir: Path) -> list[float]:
    """Train a config on a dataset from given weights; return the losses of the iterations."""
    work_dir.mkdir()
    torch.save({'state_dict': weights}, work_dir / 'start.pth')
    for key in [key for key in config if key.startswith(('val_', 'test_'))]:
        config[key] = None
    config.train_cfg = {'type': 'IterBasedTrainLoop', 'max_iters': ITERATIONS}
    config.train_dataloader = {
        'batch_size': 2,
        'num_workers': 0,
        'sampler': {'type': 'vitpose_mm.SeededSampler', 'seed': 3},
        'dataset': {'type': 'vitpose_mm.MultiDataset', 'datasets': [data]},
    }
    config.randomness = {'seed': 3, 'deterministic': True}
    config.default_hooks = {'logger': None, 'checkpoint': None, 'timer': None}
    config.update(work_dir=str(work_dir), load_from=str(work_dir / 'start.pth'), log_level='ERROR')
    config.model.backbone.init_cfg = None
    config.param_scheduler[0].type = 'LinearLR'  # WarmupLR ends within a tenth of a training, MMPose's does not
    config.experiment_name = work_dir.name
    runner = Runner.from_cfg(config)
    record = Record()
    runner.register_hook(record)
    runner.train()
    return record.losses


def to_host_names(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Rename our names to mmpose's by hand: this test does not lean on the converter."""
    pairs = [
        ('patch_embed.proj.', 'patch_embed.projection.'),
        ('blocks.', 'layers.'),
        ('mlp.fc1.', 'ffn.layers.0.0.'),
        ('mlp.fc2.', 'ffn.layers.1.'),
        ('last_norm.', 'ln1.'),
        ('norm1.', 'ln1.'),
        ('norm2.', 'ln2.'),
    ]
    renamed = {}
    for name, value in state.items():
        if name.endswith('pos_grid'):
            continue
        if name.endswith('pos_embed'):
            value = value[:, 1:] + value[:, :1]
        for ours, theirs in pairs:
            name = name.replace(ours, theirs)
        renamed[name] = value
    return renamed


@pytest.fixture
def training_data(shared_data_or_none: Path | None, tmp_path: Path) -> tuple[dict, Path | None]:
    """A dataset's config and the converted pre-trained weights; random images and weights where there are none."""
    if shared_data_or_none is None:
        return dataset_cfg(write_coco(tmp_path / 'coco', num_images=2 * ITERATIONS)), None
    coco = shared_data_or_none / 'coco'
    data = {'type': 'CocoDataset', 'data_root': str(coco), 'data_mode': 'topdown'}
    data |= {'ann_file': 'annotations/person_keypoints_train2017.json', 'data_prefix': {'img': 'train2017/'}}
    weights = tmp_path / 'vit_small.pth'
    source = shared_data_or_none / 'weights/vit_small_patch14_dinov2like_fp16.pth'
    convert_file(source, weights, origin='timm')
    return data, weights


@pytest.mark.slow
def test_ten_iterations_give_the_same_loss(root: Path, tmp_path: Path, training_data: tuple[dict, Path | None]) -> None:
    data, pretrained = training_data
    ours = Config.fromfile(root / 'configs/coco/vitpose_small_simple_coco-256x192.py')
    ours.model.backbone.update(arch=ARCH, drop_path_rate=0.0)
    if pretrained is not None:
        ours.model.backbone.init_cfg = {'type': 'Pretrained', 'checkpoint': str(pretrained)}
    host = Config.fromfile(Path(get_installed_path('mmpose')) / '.mim/configs' / HOST)
    host.model.backbone.update(drop_path_rate=0.0, init_cfg=None)
    host.model.backbone.arch.num_heads = ARCH['num_heads']
    data['pipeline'] = ours.train_pipeline
    with DefaultScope.overwrite_default_scope('mmpose'):
        model = MODELS.build(ours.model)
    model.init_weights()
    weights = model.state_dict()

    our_losses = train(ours, weights, data, tmp_path / 'ours')
    host_losses = train(host, to_host_names(weights), data, tmp_path / 'host')
    assert len(our_losses) == len(host_losses) == ITERATIONS
    assert len(set(our_losses)) == ITERATIONS
    worst = max(abs(a - b) / b for a, b in zip(our_losses, host_losses, strict=True))
    print(f'largest relative difference of the loss in {ITERATIONS} iterations: {worst:.1e}')
    assert worst < 1e-4, json.dumps({'ours': our_losses, 'host': host_losses})
