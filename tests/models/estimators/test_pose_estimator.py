"""The estimator against mmpose's, and its two seams."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from mmpose.models.pose_estimators import TopdownPoseEstimator
from mmpose.testing import get_packed_inputs

from vitpose_mm.registry import MODELS

ROUTER = {'type': 'vitpose_mm.DatasetRouter', 'aliases': {'ochuman': 'coco'}, 'default': 'coco'}
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
    model.backbone.register_forward_pre_hook(lambda _, args: seen.append(args[1]))
    batch = model.data_preprocessor(packed(2), training=False)
    for sample, name in zip(batch['data_samples'], ('aic', 'coco'), strict=True):
        sample.set_metainfo({'dataset_name': name})
    model(**batch, mode='predict')
    model(batch['inputs'], None, mode='tensor')
    assert seen[0].tolist() == [1, 0, 1, 0]  # the flipped crops too
    assert seen[1:] == [0]
    batch['data_samples'][1].set_metainfo({'dataset_name': 'dogs'})
    with pytest.raises(ValueError, match=r"does not know the dataset 'dogs': known are \['aic', 'coco'\]"):
        model(**batch, mode='predict')


def test_tensor_mode_gives_heatmaps() -> None:
    model = build('vitpose_mm.PoseEstimator')
    assert model(torch.zeros(1, 3, 256, 192), None, mode='tensor').shape == (1, 17, 64, 48)


def routed(**kwargs: object) -> torch.nn.Module:
    """Two heads over a backbone with two experts, every parameter random."""
    heads = {'aic': {'out_channels': 14}, 'coco': {}}
    model = build(
        'vitpose_mm.PoseEstimator',
        **{
            'backbone': {**BACKBONE, 'num_experts': 2},
            'head': {**ROUTER, 'shared': HEAD, 'heads': heads},
            'expert_ids': {'coco': 1, 'aic': 0},
            **kwargs,
        },
    ).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    return model


def mixed(model: torch.nn.Module) -> dict:
    """Four people of three names; AIC's have its own 14 keypoints and flip order."""
    batch = model.data_preprocessor(packed(4), training=False)
    for sample, name in zip(batch['data_samples'], ('ochuman', 'aic', 'coco', 'aic'), strict=True):
        sample.set_metainfo({'dataset_name': name})
        if name == 'aic':
            sample.set_metainfo({'flip_indices': [3, 4, 5, 0, 1, 2, 9, 10, 11, 6, 7, 8, 12, 13]})
    return batch


def test_a_routed_batch_is_each_sample_on_its_own() -> None:
    """Head, expert and flip order are of the same dataset, aliases included, in the batch's order."""
    model = routed()
    model.test_cfg['output_heatmaps'] = True
    with torch.no_grad():
        batch = mixed(model)
        together = model(batch['inputs'], copy.deepcopy(batch['data_samples']), mode='predict')
        for place, result in enumerate(together):
            alone = model(batch['inputs'][place : place + 1], [batch['data_samples'][place]], mode='predict')[0]
            assert torch.allclose(result.pred_fields.heatmaps, alone.pred_fields.heatmaps, atol=1e-5)
            assert np.allclose(result.pred_instances.keypoints, alone.pred_instances.keypoints, atol=1e-2)
    assert [len(result.pred_fields.heatmaps) for result in together] == [17, 14, 17, 14]


def test_in_tensor_mode_head_and_expert_are_the_routers_default_whatever_the_samples() -> None:
    model = routed()
    crops = torch.randn(4, 3, 256, 192)
    expected = model.head.heads['coco'](model.backbone(crops, torch.tensor([1] * 4)))
    for samples in (None, mixed(model)['data_samples']):
        assert torch.equal(model(crops, samples, mode='tensor'), expected)


def test_a_routed_model_exports_as_its_default_dataset() -> None:
    model, crops = routed(), torch.randn(1, 3, 256, 192)
    program = torch.export.export(model, (crops, None), {'mode': 'tensor'})
    assert torch.allclose(program.module()(crops, None, mode='tensor'), model(crops, None, mode='tensor'), atol=1e-5)


def test_experts_and_heads_that_do_not_fit_are_named() -> None:
    with pytest.raises(ValueError, match='The backbone has 2 experts: give expert_ids'):
        routed(expert_ids=None)
    with pytest.raises(ValueError, match="The head has the dataset 'aic' and expert_ids has no expert for it"):
        routed(expert_ids={'coco': 0})
    with pytest.raises(ValueError, match=r"expert_ids\['aic'\] is 2 and the backbone has 2 experts"):
        routed(expert_ids={'coco': 0, 'aic': 2})
