"""Heatmaps of crops: one head of several, number types, the flip test; and keypoints next to MMPose's own inference."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmpose.apis import inference_topdown, init_model
from torch import nn

from vitpose_mm.inference import heatmaps as heatmaps_module
from vitpose_mm.inference.dataset_selection import serve_dataset
from vitpose_mm.inference.heatmaps import TorchForward, makes_heatmaps, with_flip_test
from vitpose_mm.inference.images import read_image
from vitpose_mm.inference.topdown import TopDown

pytestmark = pytest.mark.filterwarnings('ignore:Can not load dataset_meta')

CODEC = {'type': 'UDPHeatmap', 'input_size': (48, 64), 'heatmap_size': (12, 16), 'sigma': 2}
SHARED = {
    'type': 'vitpose_mm.SimpleHead',
    'in_channels': 16,
    'decoder': {**CODEC, 'type': 'vitpose_mm.BatchedUDPHeatmap'},
}
ARCH = {'embed_dims': 16, 'num_layers': 1, 'num_heads': 2}
PIPELINE = [
    {'type': 'LoadImage'},
    {'type': 'GetBBoxCenterScale'},
    {'type': 'TopdownAffine', 'input_size': (48, 64), 'use_udp': True},
    {'type': 'PackPoseInputs'},
]


def build(*, routed: bool = True, pipeline: list[dict] = PIPELINE, **test_cfg: Any) -> nn.Module:
    """A model of three datasets, or MMPose's own classes with the same backbone; loud random weights."""
    torch.manual_seed(0)
    backbone = {'type': 'vitpose_mm.ViT', 'arch': ARCH, 'input_size': (48, 64)}
    if routed:
        backbone['num_experts'] = 2
        heads = {'coco': {'out_channels': 17}, 'aic': {'out_channels': 14}}
        head: dict[str, Any] = {'type': 'vitpose_mm.DatasetRouter', 'shared': SHARED, 'heads': heads}
        model = {'type': 'vitpose_mm.PoseEstimator', 'head': head, 'expert_ids': {'coco': 0, 'aic': 1}}
    else:
        deconv = {'deconv_out_channels': (16, 16), 'deconv_kernel_sizes': (4, 4)}
        head = {'type': 'HeatmapHead', 'in_channels': 16, 'out_channels': 17, 'decoder': CODEC, **deconv}
        model = {'type': 'TopdownPoseEstimator', 'head': head}
    model |= {
        'backbone': backbone,
        'data_preprocessor': {
            'type': 'PoseDataPreprocessor',
            'mean': [120.0] * 3,
            'std': [60.0] * 3,
            'bgr_to_rgb': True,
        },
        'test_cfg': test_cfg,
    }
    cfg = {'default_scope': 'mmpose', 'model': model, 'test_dataloader': {'dataset': {'pipeline': pipeline}}}
    built = init_model(Config(cfg), None, device='cpu')
    for parameter in built.head.parameters():
        nn.init.normal_(parameter, std=0.3)
    return built


def photo(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (90, 120, 3), dtype=np.uint8)


BOXES = np.array([[10, 5, 60, 80, 0.9], [40, 20, 110, 85, 0.5], [-8, 30, 30, 95, 0.4]], np.float32)


@pytest.mark.parametrize(
    'test_cfg', [{'flip_test': False}, {'flip_test': True}, {'flip_test': True, 'shift_heatmap': True}]
)
@pytest.mark.parametrize('kind', ['coco', 'aic', 'mmpose', 'other pipeline', 'chosen keypoints'])
def test_people_are_those_of_mmposes_inference(kind: str, test_cfg: dict) -> None:
    """By batched crops, one flipped batch and batched decoding; or by the model's own predict where it has another."""
    if kind == 'other pipeline':
        model = build(pipeline=[{**PIPELINE[0], 'color_type': 'color'}, *PIPELINE[1:]], **test_cfg)
    elif kind == 'chosen keypoints':
        model = build(routed=False, output_keypoint_indices=list(range(17))[::-1], **test_cfg)
    else:
        model = build(routed=kind != 'mmpose', **test_cfg)
    if kind == 'aic':
        serve_dataset(model, 'aic')
    assert makes_heatmaps(model) is (kind != 'chosen keypoints')
    assert (TopDown(lambda _: BOXES, model)._crop is None) is (kind in ('other pipeline', 'chosen keypoints'))
    images = [photo(0), photo(1)]
    samples = TopDown(lambda _: BOXES, model).estimate_all(images, [BOXES, BOXES[1:]])
    for image, boxes, sample in zip(images, (BOXES, BOXES[1:]), samples, strict=True):
        theirs = inference_topdown(model, image, boxes[:, :4])
        people = sample.pred_instances
        keypoints = np.concatenate([one.pred_instances.keypoints for one in theirs])
        scores = np.concatenate([one.pred_instances.keypoint_scores for one in theirs])
        sure = scores > 0.3
        assert sure.mean() > 0.3
        assert np.abs(people.keypoints - keypoints)[sure].max() < 0.1
        np.testing.assert_allclose(people.keypoint_scores, scores, atol=1e-4)
        np.testing.assert_array_equal(people.bboxes, boxes[:, :4])
        assert people.bbox_scores.tolist() == boxes[:, 4].tolist()


def test_on_photos(shared_data: Path) -> None:
    annotations = json.loads((shared_data / 'coco/annotations/person_keypoints_val2017.json').read_text())
    names = {image['id']: image['file_name'] for image in annotations['images']}
    model = build(routed=False, flip_test=True)
    images, boxes = [], []
    for image_id in list(names)[:6]:
        found = [one['bbox'] for one in annotations['annotations'] if one['image_id'] == image_id][:4]
        left = np.array(found, np.float32).reshape(-1, 4)
        boxes.append(np.concatenate((left[:, :2], left[:, :2] + left[:, 2:], np.ones((len(left), 1))), 1))
        images.append(read_image(shared_data / 'coco/val2017' / names[image_id]))
    samples = TopDown(lambda _: BOXES, model).estimate_all(images, boxes)
    distances: list[float] = []
    for image, given, sample in zip(images, boxes, samples, strict=True):
        for i, one in enumerate(inference_topdown(model, image, given[:, :4]) if len(given) else []):
            sure = one.pred_instances.keypoint_scores[0] > 0.3
            moved = sample.pred_instances.keypoints[i] - one.pred_instances.keypoints[0]
            distances += np.linalg.norm(moved, axis=1)[sure].tolist()
    assert len(distances) > 50
    # random weights give some maxima so flat that rounding moves them
    assert np.percentile(distances, 95) < 0.1 and max(distances) < 2


def test_flip_test_mirrors_what_the_mirrored_crop_gives() -> None:
    crops = torch.arange(24.0).reshape(1, 2, 3, 4)
    heatmaps = with_flip_test(lambda both: both, crops, [1, 0], shift=False)
    np.testing.assert_allclose(heatmaps, (crops + crops[:, [1, 0]]) / 2)


def test_number_types(monkeypatch: pytest.MonkeyPatch) -> None:
    model = build(flip_test=False)
    crops = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (2, 3, 64, 48), dtype=np.uint8))
    for supported in (True, False):
        monkeypatch.setattr(heatmaps_module, 'cpu_has_bfloat16', lambda supported=supported: supported)
        assert TorchForward(build(), 'auto').bf16 is supported
        assert not TorchForward(build(), 'fp32').bf16
    with pytest.raises(ValueError, match="precision='bf16': this cpu does not compute in bfloat16"):
        TorchForward(model, 'bf16')
    with pytest.raises(ValueError, match="precision='fp16' is not known: choose from auto, fp32, bf16"):
        TorchForward(model, 'fp16')
    exact = TorchForward(model, 'fp32')(crops)
    monkeypatch.setattr(heatmaps_module, 'cpu_has_bfloat16', lambda: True)
    rounded = TorchForward(model, 'bf16')(crops)
    assert rounded.dtype == exact.dtype == torch.float32
    assert 0 < (rounded - exact).abs().max() < 0.05 * exact.abs().max()
