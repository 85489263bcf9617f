"""The estimator against mmpose's, and its two seams."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from mmpose.models.pose_estimators import TopdownPoseEstimator
from mmpose.testing import get_packed_inputs

from vitpose_mm.registry import MODELS

BACKBONE = {
    'type': 'vitpose_mm.ViT',
    'arch': {'embed_dims': 32, 'num_layers': 2, 'num_heads': 4},
    'input_size': (192, 256),
}
CODEC = {'type': 'UDPHeatmap', 'input_size': (192, 256), 'heatmap_size': (48, 64), 'sigma': 2}
HEAD = {'type': 'vitpose_mm.ClassicHead', 'in_channels': 32, 'out_channels': 17, 'decoder': CODEC}


def build(kind: str, **kwargs: object) -> torch.nn.Module:
    config = {
        'type': kind,
        'backbone': dict(BACKBONE),
        'head': dict(HEAD),
        'data_preprocessor': {'type': 'PoseDataPreprocessor'},
        'test_cfg': {'flip_test': True, 'flip_mode': 'heatmap', 'shift_heatmap': False},
        **kwargs,
    }
    return MODELS.build(config)


def packed(count: int = 2) -> dict:
    return get_packed_inputs(count, num_keypoints=17, img_shape=(256, 192), input_size=(192, 256))


def test_predictions_equal_the_hosts_which_runs_two_batches() -> None:
    ours = build('vitpose_mm.PoseEstimator').eval()
    theirs = build('TopdownPoseEstimator').eval()
    assert isinstance(theirs, TopdownPoseEstimator)
    for parameter in ours.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    theirs.load_state_dict(ours.state_dict())
    data = packed()
    results = []
    for model in (ours, theirs):
        batch = model.data_preprocessor({key: list(value) for key, value in data.items()}, training=False)
        with torch.no_grad():
            results.append(model(**batch, mode='predict'))
    for a, b in zip(*results, strict=True):
        assert np.allclose(a.pred_instances.keypoints, b.pred_instances.keypoints, atol=1e-2)
        assert np.allclose(a.pred_instances.keypoint_scores, b.pred_instances.keypoint_scores, atol=1e-4)


def test_the_flip_test_is_one_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    model = build('vitpose_mm.PoseEstimator').eval()
    sizes = []
    model.backbone.register_forward_pre_hook(lambda _, args: sizes.append(len(args[0])))
    batch = model.data_preprocessor(packed(3), training=False)
    model(**batch, mode='predict')
    assert sizes == [6]


def test_dataset_names_reach_the_backbone_as_expert_ids() -> None:
    model = build('vitpose_mm.PoseEstimator', expert_ids={'coco': 0, 'aic': 1}).eval()
    seen = []
    model.backbone.register_forward_pre_hook(lambda _, args: seen.append(args[1].tolist()))
    batch = model.data_preprocessor(packed(2), training=False)
    for sample, name in zip(batch['data_samples'], ('aic', 'coco'), strict=True):
        sample.set_metainfo({'dataset_name': name})
    model(**batch, mode='predict')
    model(batch['inputs'], None, mode='tensor')
    assert seen == [[1, 0, 1, 0], [0, 0]]
    batch['data_samples'][1].set_metainfo({'dataset_name': 'dogs'})
    with pytest.raises(ValueError, match=r"dataset 'dogs', which has no expert: known are \['aic', 'coco'\]"):
        model(**batch, mode='predict')


def test_tensor_mode_gives_heatmaps() -> None:
    model = build('vitpose_mm.PoseEstimator')
    assert model(torch.zeros(1, 3, 256, 192), None, mode='tensor').shape == (1, 17, 64, 48)
