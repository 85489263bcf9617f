"""inference_topdown with one dataset of a model of three, by choice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmpose.apis import inference_topdown, init_model

from vitpose_mm.inference.dataset_selection import find_metainfo, serve_dataset
from vitpose_mm.inference.loading import build_pose_model

POSE = """
default_scope = 'mmpose'
codec = dict(type='UDPHeatmap', input_size=(48, 64), heatmap_size=(12, 16), sigma=2)
model = dict(
    type='vitpose_mm.PoseEstimator',
    data_preprocessor=dict(type='PoseDataPreprocessor'),
    backbone=dict(
        type='vitpose_mm.ViT', arch=dict(embed_dims=16, num_layers=1, num_heads=2), input_size=(48, 64), num_experts=2),
    head=dict(
        type='vitpose_mm.DatasetRouter',
        shared=dict(type='vitpose_mm.SimpleHead', in_channels=16, decoder=codec),
        heads=dict(coco=dict(out_channels=17), aic=dict(out_channels=14), mine=dict(out_channels=2)),
        aliases={'Human-Art': 'coco'}),
    expert_ids=dict(coco=0, aic=1, mine=0),
    test_cfg=dict(flip_test=True, flip_mode='heatmap'))
mine = dict(
    dataset_name='mine', joint_weights=[1.0, 1.0], sigmas=[0.05, 0.05], skeleton_info={},
    keypoint_info={
        0: dict(name='left', id=0, color=[255, 0, 0], type='upper', swap='right'),
        1: dict(name='right', id=1, color=[255, 0, 0], type='upper', swap='left')})
train_dataloader = dict(dataset=dict(type='vitpose_mm.MultiDataset', datasets=[
    dict(type='CocoDataset'), dict(type='CocoDataset', metainfo=mine)]))
test_dataloader = dict(dataset=dict(type='CocoDataset', pipeline=[
    dict(type='LoadImage'), dict(type='GetBBoxCenterScale'),
    dict(type='TopdownAffine', input_size=(48, 64), use_udp=True), dict(type='PackPoseInputs')]))
"""

pytestmark = pytest.mark.filterwarnings('ignore:Can not load dataset_meta')


@pytest.fixture(scope='module')
def config(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp('routed') / 'routed.py'
    file.write_text(POSE)
    return str(file)


@pytest.fixture(scope='module')
def checkpoint(config: str) -> str:
    torch.manual_seed(0)
    file = Path(config).with_suffix('.pth')
    torch.save({'state_dict': init_model(config, None, device='cpu').state_dict()}, file)
    return str(file)


@pytest.mark.parametrize(('name', 'keypoints'), [('coco', 17), ('aic', 14), ('mine', 2), ('Human-Art', 17)])
def test_any_one_dataset_is_served(config: str, checkpoint: str, name: str, keypoints: int) -> None:
    """mmpose's way and the demo's; keypoints and skeleton are the dataset's."""
    model = init_model(config, checkpoint, device='cpu')
    serve_dataset(model, name)
    same = build_pose_model(config, checkpoint, dataset=name)
    image = np.random.default_rng(0).integers(0, 255, (90, 60, 3), dtype=np.uint8)
    results = [inference_topdown(one, image)[0] for one in (model, same)]
    for result in results:
        assert result.dataset_name == name and result.pred_instances.keypoints.shape == (1, keypoints, 2)
    assert np.array_equal(results[0].pred_instances.keypoints, results[1].pred_instances.keypoints)
    assert same.dataset_meta['num_keypoints'] == keypoints


def test_without_a_choice_it_is_the_test_sets(config: str, checkpoint: str) -> None:
    assert build_pose_model(config, checkpoint).dataset_meta['dataset_name'] == 'coco'


def test_unknown_datasets_are_named(config: str, checkpoint: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"dataset 'mpii': known are \['aic', 'coco', 'mine'\]"):
        build_pose_model(config, checkpoint, dataset='mpii')
    with pytest.raises(ValueError, match="dataset 'dogs': its keypoints are not known; choose a dataset of the config"):
        build_pose_model(config, checkpoint, dataset='dogs')
    (tmp_path / 'single.py').write_text(
        POSE + "\nmodel['head'] = dict(type='vitpose_mm.SimpleHead', in_channels=16, out_channels=17, decoder=codec)"
        "\nmodel['backbone'].pop('num_experts')\nmodel.pop('expert_ids')\n"
    )
    model = init_model(str(tmp_path / 'single.py'), None, device='cpu')
    serve_dataset(model, 'coco')
    with pytest.raises(ValueError, match="dataset 'aic': the model has one head, of 'coco'"):
        serve_dataset(model, 'aic')


@pytest.mark.parametrize('name', ['ap10k', 'apt36k', 'coco_wholebody', 'crowdpose', 'mpii', 'ochuman'])
def test_keypoints_that_are_not_in_the_config(config: str, name: str) -> None:
    counts = {'coco_wholebody': 133, 'crowdpose': 14, 'mpii': 16}
    metainfo = find_metainfo(Config.fromfile(config), name)
    assert metainfo['dataset_name'] == name and metainfo['num_keypoints'] == counts.get(name, 17)
