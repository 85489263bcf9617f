"""Sizes of the crop and of the heatmaps: one checkpoint serves every input size, the codec follows the head."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.hooks import Hook
from mmpose.registry import KEYPOINT_CODECS
from torch import Tensor

from tests.helpers.tiny_coco import write_coco
from tests.helpers.tiny_leaf import shrink
from vitpose_mm.checkpoints import load_file
from vitpose_mm.engine.train import build_runner

SOURCE = 'coco/vitpose_base_classic_coco-256x192'
SIZES = [(224, 224), (256, 256), (384, 288), (384, 384), (576, 432)]
EIGHTH = {'full': (64, 48), 'fine': (128, 96)}
pytestmark = pytest.mark.filterwarnings('ignore:The metainfo config file')


@pytest.fixture(scope='module')
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_coco(tmp_path_factory.mktemp('coco'), num_images=4)


@pytest.fixture(scope='module')
def checkpoint(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two iterations at 256x192, saved by the runner."""
    cfg = shrink(SOURCE, data, tmp_path_factory.mktemp('source'), batch_size=2, own_size=True)
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.default_hooks.checkpoint = {'type': 'CheckpointHook', 'interval': 1}
    build_runner(cfg).train()
    return Path(cfg.work_dir) / 'epoch_1.pth'


class Shapes(Hook):
    """Keeps (h, w) of the crops and of the heatmaps, and the keypoints."""

    def after_test_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        self.crops = {tuple(crop.shape[1:]) for crop in data_batch['inputs']}
        self.heatmaps = {tuple(sample.pred_fields.heatmaps.shape[1:]) for sample in outputs}
        self.keypoints = np.concatenate([sample.pred_instances.keypoints for sample in outputs])


def evaluate(cfg: Config, checkpoint: Path) -> tuple[dict[str, float], Shapes, Tensor]:
    """Return metrics, shapes and the position embedding with which the checkpoint was evaluated."""
    cfg.load_from = str(checkpoint)
    cfg.model.test_cfg.output_heatmaps = True
    runner, shapes = build_runner(cfg), Shapes()
    runner.register_hook(shapes)
    return runner.test(), shapes, runner.model.backbone.pos_embed.detach()


def rectangle(table: Tensor, source: tuple[int, int], target: tuple[int, int]) -> Tensor:
    """Resize (1, 1 + h * w, C) to (1, 1 + h' * w', C): the first token stays, the rest is an image of C channels."""
    image = table[0, 1:].T.reshape(1, -1, *source)
    image = F.interpolate(image, target, mode='bicubic', align_corners=False, antialias=False)
    return torch.cat([table[:, :1], image.flatten(2).transpose(1, 2)], 1)


@pytest.mark.parametrize('size', SIZES, ids=lambda size: f'{size[0]}x{size[1]}')
def test_one_checkpoint_serves_every_size(size: tuple[int, int], checkpoint: Path, data: Path, tmp_path: Path) -> None:
    height, width = size
    leaf = f'resolution/vitpose_base_classic_coco-{height}x{width}'
    metrics, shapes, table = evaluate(shrink(leaf, data, tmp_path, batch_size=2, own_size=True), checkpoint)
    trained = load_file(checkpoint)['state_dict']
    assert trained['backbone.pos_grid'].tolist() == [16, 12]
    expected = rectangle(trained['backbone.pos_embed'], (16, 12), (height // 16, width // 16))
    torch.testing.assert_close(table, expected, rtol=0, atol=1e-6)
    assert shapes.crops == {size}
    assert shapes.heatmaps == {(height // 4, width // 4)}
    assert np.isfinite(shapes.keypoints).all() and shapes.keypoints.shape[1:] == (17, 2)
    assert 0 <= metrics['coco/AP'] <= 1


@pytest.mark.parametrize('kind', EIGHTH)
def test_eighth_features_train_and_evaluate(kind: str, data: Path, tmp_path: Path) -> None:
    """32x24 tokens: one doubling gives the heatmaps of 1/16 features, two give those of half the crop."""
    leaf = f'attention/vitpose_base_stride8-{kind}_coco-256x192'
    cfg = shrink(leaf, data, tmp_path, batch_size=2, own_size=True)
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.default_hooks.checkpoint = {'type': 'CheckpointHook', 'interval': 1}
    build_runner(cfg).train()
    _, shapes, table = evaluate(cfg, tmp_path / 'epoch_1.pth')
    assert table.shape[1] == 1 + 32 * 24
    assert shapes.crops == {(256, 192)}
    assert shapes.heatmaps == {EIGHTH[kind]}


@pytest.mark.parametrize('kind', EIGHTH)
def test_the_codec_of_eighth_features_reads_what_it_writes(kind: str, root: Path) -> None:
    cfg = Config.fromfile(root / f'configs/attention/vitpose_base_stride8-{kind}_coco-256x192.py')
    assert cfg.codec.heatmap_size == EIGHTH[kind][::-1]
    assert cfg.model.head.decoder == cfg.codec
    codec = KEYPOINT_CODECS.build(cfg.codec)
    points = np.random.default_rng(0).uniform((20, 20), (170, 230), (1, 17, 2)).astype(np.float32)
    decoded, _ = codec.decode(codec.encode(points, np.ones((1, 17), np.float32))['heatmaps'])
    size = np.array(cfg.codec.input_size)
    decoded = decoded * (size - 1) / size  # decoded for the estimator, which divides by the size
    assert np.abs(decoded - points).max() < 0.05  # pixels of the crop


def test_a_head_that_does_not_fit_the_codec_is_named(data: Path, tmp_path: Path) -> None:
    leaf = 'attention/vitpose_base_stride8-full_coco-256x192'
    cfg = shrink(leaf, data, tmp_path, batch_size=2, own_size=True)
    cfg.model.head.num_upsamples = 2
    with pytest.raises(ValueError, match=r'heatmaps of 48x64 .* and the head of 96x128.*heatmap_size to \(96, 128\)'):
        build_runner(cfg).train()
