"""The ensemble's keypoints against the mean of the members' heatmaps by hand."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from mmpose.testing import get_packed_inputs
from torch import nn

from vitpose_mm.models import PoseEnsemble
from vitpose_mm.registry import MODELS

CODEC = {'type': 'UDPHeatmap', 'input_size': (48, 64), 'heatmap_size': (12, 16), 'sigma': 2}


def config(width: int = 16, **head: object) -> dict:
    return {
        'type': 'vitpose_mm.PoseEstimator',
        'backbone': {
            'type': 'vitpose_mm.ViT',
            'arch': {'embed_dims': width, 'num_layers': 1, 'num_heads': 2},
            'input_size': (48, 64),
        },
        'head': {'type': 'vitpose_mm.SimpleHead', 'in_channels': width, 'out_channels': 17, 'decoder': CODEC, **head},
        'data_preprocessor': {'type': 'PoseDataPreprocessor', 'mean': [9.0] * 3, 'std': [50.0] * 3},
        'test_cfg': {'flip_test': True, 'output_heatmaps': True},
    }


def routed() -> dict:
    model = config()
    heads = {'coco': {}, 'aic': {'out_channels': 14}}
    return {**model, 'head': {'type': 'vitpose_mm.DatasetRouter', 'shared': model['head'], 'heads': heads}}


def save(configs: list[dict], folder: Path) -> tuple[list[nn.Module], list[str]]:
    """Models with random weights, and their files."""
    models, files = [], []
    for place, one in enumerate(configs):
        model = MODELS.build(copy.deepcopy(one)).eval()
        for parameter in model.parameters():
            nn.init.normal_(parameter, std=0.2)
        files.append(str(folder / f'{place}.pth'))
        torch.save({'state_dict': model.state_dict()}, files[-1])
        models.append(model)
    return models, files


@pytest.mark.parametrize('configs', [[config(), config(), config()], [config(), config(24)], [routed(), routed()]])
def test_equals_the_mean_by_hand(configs: list[dict], tmp_path: Path) -> None:
    models, files = save(configs, tmp_path)
    ensemble = MODELS.build({'type': 'vitpose_mm.PoseEnsemble', 'members': configs, 'checkpoints': files}).eval()
    packed = get_packed_inputs(2, num_keypoints=17, img_shape=(64, 48), input_size=(48, 64))
    packed['data_samples'][0].set_metainfo({'dataset_name': 'coco'})
    if 'heads' in configs[0]['head']:
        packed['data_samples'][1].set_metainfo({'dataset_name': 'aic', 'flip_indices': list(range(14))})
    with torch.no_grad():
        alone = [model.test_step(copy.deepcopy(packed)) for model in models]
        together = ensemble.test_step(copy.deepcopy(packed))
    for place, result in enumerate(together):
        mean = sum(results[place].pred_fields.heatmaps for results in alone) / len(models)
        torch.testing.assert_close(result.pred_fields.heatmaps, mean, atol=1e-6, rtol=1e-6)
        decoded = models[0].head.decode_each([mean], packed['data_samples'][place : place + 1])[0]
        meta = result.metainfo
        scale, center = meta['input_scale'], meta['input_center']
        expected = decoded.keypoints / meta['input_size'] * scale + center - 0.5 * scale
        assert np.allclose(result.pred_instances.keypoints, expected, atol=1e-3)
        assert np.allclose(result.pred_instances.keypoint_scores, decoded.keypoint_scores, atol=1e-6)
        assert not np.allclose(result.pred_instances.keypoints, alone[0][place].pred_instances.keypoints, atol=0.1)


def test_tensor_mode_gives_mean_heatmaps(tmp_path: Path) -> None:
    models, files = save([config(), config()], tmp_path)
    ensemble = PoseEnsemble([config(), config()], files).eval()
    crops = torch.randn(1, 3, 64, 48)
    expected = (models[0](crops, None, mode='tensor') + models[1](crops, None, mode='tensor')) / 2
    torch.testing.assert_close(ensemble(crops), expected)


def test_mistakes_are_named(tmp_path: Path) -> None:
    _, files = save([config(), config(24)], tmp_path)
    with pytest.raises(ValueError, match='2 members and 1 checkpoints'):
        PoseEnsemble([config(), config()], files[:1])
    with pytest.raises(ValueError, match=r'1\.pth does not fit model 2 of the ensemble'):
        PoseEnsemble([config(), config()], files)
    other = config() | {'data_preprocessor': {'type': 'PoseDataPreprocessor', 'mean': [8.0] * 3, 'std': [50.0] * 3}}
    with pytest.raises(ValueError, match='The data_preprocessor of model 2 of the ensemble has another mean'):
        PoseEnsemble([config(), other], [files[0]] * 2)
    fine = {**CODEC, 'heatmap_size': (24, 32)}
    with pytest.raises(ValueError, match='Model 2 of the ensemble predicts 14 keypoints and the first one 17'):
        PoseEnsemble([config(), config(out_channels=14)], files)
    with pytest.raises(ValueError, match=r"Model 2 .* predicts \{'aic': 14, 'coco': 17\} keypoints"):
        PoseEnsemble([config(), routed()], files)
    sizes = [config(), config(decoder=fine, num_upsamples=3)]
    _, files = save(sizes, tmp_path)
    with pytest.raises(
        ValueError, match=r'differ in size, \(h, w\) \(16, 12\) and \(32, 24\): average models with the same'
    ):
        PoseEnsemble(sizes, files).eval()(torch.zeros(1, 3, 64, 48))
    with pytest.raises(ValueError, match="mode='loss': an ensemble is for testing"):
        PoseEnsemble([config()], files[:1])(torch.zeros(1, 3, 64, 48), [], mode='loss')
