"""The shipped MAE of the quick start made tiny: crops of 64, 16 patches of which 4 are seen, two blocks of 32."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmengine.config import Config

ROOT = Path(__file__).resolve().parents[2]
SIZE, WIDTH = 64, 32


def mae_cfg(data: Path, work_dir: Path, **settings: Any) -> Config:
    """Return a config of 3 epochs in batches of 4 on tiny_coco's 16 images that saves every iteration."""
    cfg = Config.fromfile(ROOT / 'configs/pretraining/mae_mini_synthetic-crops-128.py')
    arch = dict(embed_dims=WIDTH, num_layers=2, num_heads=2, feedforward_channels=4 * WIDTH)
    cfg.model.backbone.update(img_size=SIZE, arch=arch)
    cfg.model.neck.update(
        num_patches=(SIZE // 16) ** 2, embed_dim=WIDTH, decoder_embed_dim=16, decoder_depth=1, decoder_num_heads=2
    )
    (crops,) = cfg.train_dataloader.dataset.datasets
    crops.update(data_root=str(data), ann_file='ann.json', data_prefix=dict(img='images'))
    crops.pipeline[2].scale = SIZE
    cfg.train_dataloader.update(batch_size=4, num_workers=0, persistent_workers=False)
    cfg.train_cfg.max_epochs = 3
    cfg.param_scheduler[0].end = cfg.param_scheduler[1].begin = 1
    cfg.param_scheduler[1].update(end=3, T_max=2)
    cfg.default_hooks.logger.interval = 1
    cfg.default_hooks.checkpoint.update(interval=1, by_epoch=False, max_keep_ckpts=-1)
    cfg.visualizer.name = str(work_dir)  # mmengine gives the same one for the same name
    cfg.custom_hooks[-1].update(interval=1, num_images=3)
    cfg.merge_from_dict(
        {
            'work_dir': str(work_dir),
            'experiment_name': work_dir.name,
            'log_level': 'ERROR',
            'randomness': {'seed': 3, 'deterministic': True},
            **settings,
        }
    )
    return cfg
