"""A teacher of 24 channels and a student of 16 for crops of 48x64 (w x h), and crops with labels for both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from mmengine.registry import MODELS
from mmengine.structures import InstanceData, PixelData
from mmpose.structures import PoseDataSample

from tests.helpers.tiny_coco import CODEC

COCO_FLIP = [0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15]
META = {'dataset_name': 'coco', 'num_keypoints': 17, 'flip_indices': COCO_FLIP}


def model_cfg(width: int, *, head: str = 'Classic', codec: dict = CODEC, keypoints: int = 17, **backbone: Any) -> dict:
    """Return the config of a pose model with two blocks."""
    arch = {'embed_dims': width, 'num_layers': 2, 'num_heads': 2}
    return {
        'type': 'vitpose_mm.PoseEstimator',
        'data_preprocessor': {'type': 'PoseDataPreprocessor', 'mean': [120.0] * 3, 'std': [60.0] * 3},
        'backbone': {'type': 'vitpose_mm.ViT', 'arch': arch, 'input_size': codec['input_size'], **backbone},
        'head': {
            'type': f'vitpose_mm.{head}Head',
            'in_channels': width,
            'out_channels': keypoints,
            'decoder': codec,
        },
        'test_cfg': {'flip_test': False},
    }


def write_teacher(path: Path, cfg: dict, *, meta: dict | None = META, std: float = 0.2) -> str:
    """Write a checkpoint with large random weights and running statistics that are not their defaults."""
    generator = torch.Generator().manual_seed(1)
    model = MODELS.build(cfg)
    for name, value in model.state_dict().items():
        if value.is_floating_point():
            value.copy_(torch.randn(value.shape, generator=generator) * std)
            if name.endswith('running_var'):
                value.abs_().add_(0.5)
    torch.save({'state_dict': model.state_dict(), 'meta': {'dataset_meta': meta}}, path)
    return str(path)


def batch(number: int = 4, *, codec: dict = CODEC, keypoints: int = 17, seed: int = 5) -> tuple[torch.Tensor, list]:
    """Return (B, 3, h, w) crops and B samples with random heatmaps; every third keypoint has no label."""
    generator = torch.Generator().manual_seed(seed)
    (width, height), (columns, rows) = codec['input_size'], codec['heatmap_size']
    samples = []
    for _ in range(number):
        sample = PoseDataSample(metainfo={'flip_indices': COCO_FLIP, 'dataset_name': 'coco'})
        sample.gt_fields = PixelData(heatmaps=torch.rand(keypoints, rows, columns, generator=generator))
        weights = torch.tensor([[float(i % 3 != 0) for i in range(keypoints)]])
        sample.gt_instance_labels = InstanceData(keypoint_weights=weights)
        samples.append(sample)
    return torch.randn(number, 3, height, width, generator=generator), samples
