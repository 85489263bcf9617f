"""A shipped config made so small that it trains on a CPU in seconds: two blocks, 16 wide, crops of 64x48 (h x w)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.hooks import Hook

from tests.helpers.tiny_coco import CODEC, dataset_cfg

ROOT = Path(__file__).resolve().parents[2]
ARCH = {'embed_dims': 16, 'num_layers': 2, 'num_heads': 2, 'mlp_ratio': 4.0, 'layer_decay_rate': 0.75}


class Recorder(Hook):
    """Keeps the loss and the gradient's norm of every iteration."""

    def __init__(self) -> None:
        self.losses: list[float] = []
        self.norms: list[float] = []

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        self.losses.append(float(outputs['loss']))
        self.norms.append(runner.message_hub.get_scalar('train/grad_norm').current())


def shrink(
    leaf: str,
    data: Path,
    work_dir: Path,
    *,
    batch_size: int,
    head: str = 'Simple',
    launcher: str = 'none',
    own_size: bool = False,
) -> Config:
    """Return a leaf as a tiny model without drop path, for one epoch on a folder of tiny_coco's.

    The rest is the leaf's: its model, learning rates by depth, hooks, samplers, runner and strategy. The
    simple head has no BatchNorm, so that two halves of a batch are the same as the batch.
    """
    cfg = Config.fromfile(ROOT / f'configs/{leaf}.py')
    cfg.merge_from_dict({'work_dir': str(work_dir), 'experiment_name': work_dir.name, 'log_level': 'ERROR'})
    cfg.merge_from_dict({'launcher': launcher, 'randomness': {'seed': 1}})
    cfg.model.backbone.update(arch=dict(ARCH), drop_path_rate=0.0)
    cfg.model.head.update(type=f'vitpose_mm.{head}Head', in_channels=ARCH['embed_dims'])
    if not own_size:
        cfg.model.backbone.input_size = CODEC['input_size']
        cfg.model.head.decoder = CODEC
    point_to(cfg, data, own_size=own_size)
    cfg.train_dataloader.batch_size = batch_size
    cfg.train_cfg.update(max_epochs=1, val_interval=1)
    cfg.param_scheduler = None
    cfg.optim_wrapper.type = 'vitpose_mm.FiniteOptimWrapper'  # mixed precision asks for a GPU
    for key in ('dtype', 'loss_scale'):
        cfg.optim_wrapper.pop(key, None)
    return cfg


def point_to(cfg: Config, data: Path, *, own_size: bool) -> None:
    """Let all loaders and evaluators read tiny_coco's images, in this process."""
    own_pipeline = {'pipeline': cfg.train_pipeline} if own_size else {}
    cfg.train_dataloader.dataset.datasets = [dataset_cfg(data, **own_pipeline)]
    for kind in ('train', 'val', 'test'):
        loader = cfg[f'{kind}_dataloader']
        loader.update(num_workers=0, persistent_workers=False)
        if kind == 'train':
            continue
        loader.dataset.update(data_root=str(data), ann_file='ann.json', data_prefix={'img': 'images'}, bbox_file='')
        cfg[f'{kind}_evaluator'].ann_file = str(data / 'ann.json')
        if not own_size:
            loader.dataset.pipeline[-2].input_size = CODEC['input_size']
