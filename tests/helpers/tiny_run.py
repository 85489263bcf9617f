"""A training run that takes a second: our ViT with drop path and a classic head on random images of 48x64."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.runner import Runner

from tests.helpers.tiny_coco import CODEC, dataset_cfg


def model_cfg() -> dict:
    """Two blocks, 32 wide, with half of the paths dropped."""
    return {
        'type': 'vitpose_mm.PoseEstimator',
        'data_preprocessor': {'type': 'PoseDataPreprocessor', 'mean': [120.0] * 3, 'std': [60.0] * 3},
        'backbone': {
            'type': 'vitpose_mm.ViT',
            'arch': {'embed_dims': 32, 'num_layers': 2, 'num_heads': 2},
            'input_size': CODEC['input_size'],
            'drop_path_rate': 0.5,
        },
        'head': {'type': 'vitpose_mm.ClassicHead', 'in_channels': 32, 'out_channels': 17, 'decoder': CODEC},
    }


def run_cfg(data: Path, work_dir: Path, *, num_workers: int = 0, seed: int | None = 3, **settings: Any) -> Config:
    """Return a config of 3 epochs in batches of 4 on tiny_coco's images that saves every iteration."""
    cfg = {
        'default_scope': 'mmpose',
        'work_dir': str(work_dir),
        'experiment_name': work_dir.name,
        'randomness': {'seed': seed, 'deterministic': True},
        'model': model_cfg(),
        'train_dataloader': {
            'batch_size': 4,
            'num_workers': num_workers,
            'persistent_workers': num_workers > 0,
            'sampler': {'type': 'vitpose_mm.SeededSampler'},
            'dataset': {'type': 'vitpose_mm.MultiDataset', 'datasets': [dataset_cfg(data)]},
        },
        'train_cfg': {'by_epoch': True, 'max_epochs': 3},
        'optim_wrapper': {'optimizer': {'type': 'AdamW', 'lr': 1e-3}, 'clip_grad': {'max_norm': 1.0}},
        'param_scheduler': [
            {'type': 'LinearLR', 'start_factor': 0.1, 'end': 6, 'by_epoch': False},
            {'type': 'MultiStepLR', 'milestones': [1, 2], 'gamma': 0.5, 'by_epoch': True},
        ],
        'default_hooks': {
            'logger': {'type': 'LoggerHook', 'interval': 1},
            'checkpoint': {'type': 'CheckpointHook', 'interval': 1, 'by_epoch': False},
        },
        'custom_hooks': [{'type': 'vitpose_mm.ExactResumeHook'}, {'type': 'vitpose_mm.BadImageHook'}],
        'log_processor': {'type': 'LogProcessor', 'window_size': 3},
        'visualizer': {'type': 'PoseLocalVisualizer', 'vis_backends': [{'type': 'LocalVisBackend'}]},
        'log_level': 'ERROR',
    }
    return Config({**cfg, **settings})


def train(cfg: Config) -> Runner:
    """Train a config and return the runner."""
    runner = Runner.from_cfg(cfg)
    runner.train()
    return runner


def read_log(work_dir: Path) -> list[dict]:
    """Return what was logged at each iteration, times left out."""
    (file,) = work_dir.glob('*/vis_data/scalars.json')
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    return [{key: value for key, value in line.items() if 'time' not in key} for line in lines]
