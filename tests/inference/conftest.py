"""A small detector with random weights, and a pose model right by construction: the brightest spot."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.config import Config
from PIL import Image
from torch import Tensor, nn

from vitpose_mm.inference import PosePredictor
from vitpose_mm.registry import MODELS

DETECTOR = """
_base_ = 'mmdet::rtmdet/rtmdet_tiny_8xb32-300e_coco.py'
model = dict(
    backbone=dict(deepen_factor=0.167, widen_factor=0.125, init_cfg=None),
    neck=dict(in_channels=[32, 64, 128], out_channels=32, num_csp_blocks=1),
    bbox_head=dict(in_channels=32, feat_channels=32, num_classes=1),
    test_cfg=dict(
        nms_pre=100, min_bbox_size=0, score_thr=0.0, nms=dict(type='nms', iou_threshold=0.6), max_per_img=3))
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(64, 64), keep_ratio=True),
    dict(type='Pad', size=(64, 64), pad_val=dict(img=(114, 114, 114))),
    dict(type='PackDetInputs', meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'))]
test_dataloader = dict(dataset=dict(pipeline=test_pipeline, metainfo=dict(classes=('person', ))))
"""

POSE = """
default_scope = 'mmpose'
codec = dict(type='UDPHeatmap', input_size=(48, 64), heatmap_size=(48, 64), sigma=2)
model = dict(
    type='TopdownPoseEstimator',
    data_preprocessor=dict(type='PoseDataPreprocessor', mean=[0, 0, 0], std=[255, 255, 255]),
    backbone=dict(type='vitpose_mm.Brightness'),
    head=dict(type='HeatmapHead', in_channels=1, out_channels=1, deconv_out_channels=None, decoder=codec),
    test_cfg=dict(flip_test=False))
one_point = dict(
    dataset_name='one_point', joint_weights=[1.0], sigmas=[0.05], skeleton_info={},
    keypoint_info={0: dict(name='spot', id=0, color=[255, 0, 0], type='upper', swap='')})
test_dataloader = dict(dataset=dict(type='CocoDataset', metainfo=one_point, pipeline=[
    dict(type='LoadImage'), dict(type='GetBBoxCenterScale'),
    dict(type='TopdownAffine', input_size=(48, 64), use_udp=True), dict(type='PackPoseInputs')]))
"""


if 'Brightness' not in MODELS.module_dict:

    @MODELS.register_module()
    class Brightness(nn.Module):
        """Map a (B, 3, H, W) crop to one (B, 1, H, W) map of its brightness."""

        def forward(self, images: Tensor) -> tuple[Tensor]:
            return (images.mean(1, keepdim=True),)


@pytest.fixture(scope='session')
def detector_files(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """A tiny RTMDet of one class, with random weights: up to three boxes an image, scores near 0.5."""
    from mmdet.apis import init_detector

    folder = tmp_path_factory.mktemp('detector')
    (folder / 'tiny_rtmdet.py').write_text(DETECTOR)
    torch.manual_seed(0)
    model = init_detector(Config.fromfile(folder / 'tiny_rtmdet.py'), None, device='cpu')
    for conv in model.bbox_head.rtm_reg:
        torch.nn.init.constant_(conv.bias, 2)  # boxes of about 4 strides
    torch.save({'state_dict': model.state_dict(), 'meta': {}}, folder / 'tiny_rtmdet.pth')
    return SimpleNamespace(config=str(folder / 'tiny_rtmdet.py'), checkpoint=str(folder / 'tiny_rtmdet.pth'))


@pytest.fixture(scope='session')
def pose_files(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """The brightest spot of the crop; it answers so with the weights of its checkpoint only."""
    folder = tmp_path_factory.mktemp('pose')
    (folder / 'brightest.py').write_text(POSE)
    state = {'head.final_layer.weight': torch.ones(1, 1, 1, 1), 'head.final_layer.bias': torch.zeros(1)}
    torch.save({'state_dict': state, 'meta': {}}, folder / 'brightest.pth')
    return SimpleNamespace(config=str(folder / 'brightest.py'), checkpoint=str(folder / 'brightest.pth'))


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A dark image of 96 x 80 pixels with one bright spot, at x = 70, y = 40."""
    pixels = np.zeros((80, 96, 3), np.uint8)
    pixels[39:42, 69:72] = 255
    Image.fromarray(pixels).save(tmp_path / 'photo.png')
    return tmp_path / 'photo.png'


@pytest.fixture
def models(pose_files: SimpleNamespace, detector_files: SimpleNamespace) -> dict[str, tuple[str, str]]:
    return {
        'pose': (pose_files.config, pose_files.checkpoint),
        'detector': (detector_files.config, detector_files.checkpoint),
    }


@pytest.fixture
def predict(models: dict[str, tuple[str, str]]) -> PosePredictor:
    """The brightest spot of the whole image."""
    return PosePredictor(models['pose'], None, device='cpu')
