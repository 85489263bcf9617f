"""A whole distillation that takes seconds: two epochs of stage 1 and three of stage 2 on 16 random images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmengine.config import Config

from tests.helpers.tiny_coco import dataset_cfg
from tests.helpers.tiny_models import model_cfg
from tests.helpers.tiny_run import run_cfg


def distillation_cfg(data: Path, work_dir: Path, teacher: str, **model: Any) -> Config:
    """Return the config of a distillation on tiny_coco's images; ``model`` changes the distiller."""
    cfg = run_cfg(data, work_dir)
    cfg.model = {
        'type': 'vitpose_mm.KnowledgeTokenDistiller',
        'student': model_cfg(16, drop_path_rate=0.5),
        'teacher': model_cfg(24),
        'teacher_checkpoint': teacher,
        **model,
    }
    cfg.token_tuning = {
        'train_cfg': {'by_epoch': True, 'max_epochs': 2},
        'optim_wrapper': {'optimizer': {'type': 'AdamW', 'lr': 0.1, 'weight_decay': 0.0}},
        'param_scheduler': [{'type': 'CosineAnnealingLR', 'T_max': 2, 'convert_to_iter_based': True}],
    }
    cfg.codec = cfg.model.student.head.decoder
    *steps, _, _ = [step for step in dataset_cfg(data)['pipeline'] if not step['type'].startswith('Random')]
    dataset = dataset_cfg(data, pipeline=[*steps, {'type': 'PackPoseInputs'}], test_mode=True)
    for kind in ('val', 'test'):
        cfg[f'{kind}_dataloader'] = {'batch_size': 4, 'num_workers': 0, 'dataset': dataset, 'sampler': SAMPLER}
        cfg[f'{kind}_evaluator'] = {'type': 'CocoMetric', 'ann_file': str(data / 'ann.json')}
    cfg.val_cfg, cfg.test_cfg = {}, {}
    cfg.train_cfg.val_interval = 3
    cfg.data_mode, cfg.dataset_type = 'topdown', 'CocoDataset'
    return cfg


SAMPLER = {'type': 'DefaultSampler', 'shuffle': False}
