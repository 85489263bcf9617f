"""Every config parses, builds, runs and trains."""

from __future__ import annotations

import copy
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DATASETS, MODELS, init_default_scope

from tests.helpers.shipped_configs import LEAVES, ident, read, shallow

POSE = 'vitpose_mm.PoseEstimator'


def pose_leaves() -> list[Path]:
    """Leaves whose model is our estimator (the quick start has a detector too)."""
    return [path for path in LEAVES if read(path).model.type == POSE]


pytestmark = pytest.mark.filterwarnings('ignore:The metainfo config file')
every_leaf = pytest.mark.parametrize('path', LEAVES, ids=ident)
every_pose_leaf = pytest.mark.parametrize('path', pose_leaves(), ids=ident)


def small(model: dict) -> dict:
    """Return a model's config with two blocks, or ResNet-18, so that it runs quickly."""
    if model['backbone']['type'] == 'vitpose_mm.ViT':
        return shallow(model, 2)
    model = copy.deepcopy(model)
    if model['backbone']['type'] == 'vitpose_mm.TimmViT':
        model['backbone']['model_args'] = {**model['backbone'].get('model_args', {}), 'depth': 2}
        return model
    model['backbone']['depth'] = 18
    model['backbone'].pop('init_cfg', None)
    model['head']['in_channels'] = 512
    return model


def build(model: dict, device: str) -> torch.nn.Module:
    """Build the model of a config."""
    init_default_scope('mmpose')
    with torch.device(device):
        return MODELS.build(copy.deepcopy(model))


def person(dataset: dict) -> dict:
    """Return what a dataset hands to its pipeline: one person with all keypoints, in a grey image."""
    init_default_scope('mmpose')
    meta = DATASETS.build({'type': dataset['type'], 'metainfo': dataset.get('metainfo'), 'lazy_init': True}).metainfo
    num = meta['num_keypoints']
    spread = np.linspace(60, 180, num, dtype=np.float32)
    return {
        **{key: meta[key] for key in ('dataset_name', 'upper_body_ids', 'lower_body_ids', 'flip_indices')},
        'dataset_keypoint_weights': meta['dataset_keypoint_weights'],
        'img': np.full((240, 320, 3), 127, np.uint8),
        'img_path': 'grey.jpg',
        'img_id': 1,
        'id': 1,
        'category_id': 1,
        'bbox': np.array([[50, 40, 200, 220]], np.float32),
        'bbox_score': np.ones(1, np.float32),
        'keypoints': np.stack([spread, spread], axis=-1)[None],
        'keypoints_visible': np.ones((1, num), np.float32),
        'area': np.float32(2e4),
        'iscrowd': 0,
    }


def run_pipeline(dataset: dict) -> dict:
    """Return one sample of a dataset's pipeline."""
    one = person(dataset)
    return Compose(copy.deepcopy(dataset['pipeline']))(one)


def parts(dataset: dict) -> list[dict]:
    """Return the datasets in a dataset's config, each with its pipeline; a plain dataset is its only part."""
    if 'datasets' not in dataset:
        return [dataset]
    inner = dataset['datasets']
    listed = inner.values() if isinstance(inner, dict) else inner
    return [{'pipeline': dataset.get('pipeline'), **one} for one in listed]


def train_sets(cfg: Config) -> list[dict]:
    return parts(cfg.train_dataloader.dataset)


def heads(model: dict) -> dict[str, Any]:
    """Return the heads of a model's config by dataset name, those of a router or the only one."""
    return model['head'].get('heads') or {'': model['head']}


def loss_names(model: dict) -> list[str]:
    """Return the keys of what a model's head logs as losses."""
    return [f'{name}.loss_kpt'.lstrip('.') for name in sorted(heads(model))]


@every_leaf
def test_parses_and_names_its_scope(path: Path) -> None:
    assert read(path).default_scope in ('mmpose', 'mmdet')


@every_pose_leaf
def test_inferencer_finds_what_it_needs(path: Path) -> None:
    cfg = read(path)
    assert cfg.data_mode == 'topdown'
    assert cfg.visualizer.type == 'PoseLocalVisualizer'
    assert isinstance(cfg.model.test_cfg, dict)
    assert cfg.test_dataloader.dataset.pipeline[-1].type == 'PackPoseInputs'
    assert cfg.dataset_type == parts(cfg.test_dataloader.dataset)[0]['type']


@every_pose_leaf
def test_crops_targets_and_heatmaps_fit_each_other(path: Path) -> None:
    """The training sample of the config's own pipeline goes through the config's own model.

    The head refuses targets of another size or number than its heatmaps.
    """
    cfg = read(path)
    shrunk = small(cfg.model)
    shrunk['head'].pop('oks_scorer', None)  # it reads keypoints off heatmaps, which have no values here
    model = build(shrunk, 'meta')
    width, height = cfg.codec.input_size
    for dataset in train_sets(cfg):
        sample = run_pipeline(dataset)
        assert sample['inputs'].shape == (3, height, width)
        inputs = torch.zeros(2, 3, height, width, device='meta')
        samples = [sample['data_samples'].to('meta') for _ in range(2)]
        assert sample['data_samples'].gt_fields.heatmaps.shape[1:] == cfg.codec.heatmap_size[::-1]
        assert [name for name, loss in model.loss(inputs, samples).items() if loss.ndim == 0] == loss_names(cfg.model)


def test_mpii_and_nothing_else_is_made_to_count_from_zero() -> None:
    seen = 0
    for path in pose_leaves():
        for dataset in train_sets(read(path)):
            shifts = [step.type == 'vitpose_mm.ShiftKeypoints' for step in dataset['pipeline']]
            assert any(shifts) == shifts[0] == (dataset['type'] == 'MpiiDataset'), path.name
            seen += shifts[0]
    assert seen >= 4


@every_pose_leaf
def test_evaluation_crops_have_the_models_size(path: Path) -> None:
    cfg = read(path)
    for loader in (cfg.val_dataloader, cfg.test_dataloader):
        for dataset in parts(loader.dataset):
            assert run_pipeline(dataset)['inputs'].shape[:0:-1] == cfg.codec.input_size


# ViTPose sec. 4.1 and the released configs; what is trained from random weights has no decay. ResNets have one rate.
LAYER_DECAY = {'small': 0.8, 'base': 0.75, 'large': 0.8, 'huge': 0.85, 'g': 0.85, 'mini': 1, 'micro': 1, 'midi': 1}


def learning_rates(model: torch.nn.Module, optim_wrapper: dict) -> dict[str, float]:
    """Return the learning rate of every trained parameter."""
    mixed_precision = ('type', 'dtype', 'loss_scale')  # which asks for a GPU
    plain = {key: value for key, value in optim_wrapper.items() if key not in mixed_precision}
    groups = build_optim_wrapper(model, copy.deepcopy(plain)).optimizer.param_groups
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    return {names[id(parameter)]: group['lr'] for group in groups for parameter in group['params']}


@every_pose_leaf
def test_every_trained_parameter_has_the_learning_rate_of_its_depth(path: Path) -> None:
    """In its full size, by the table above: an 'auto' of the config is the rate of its size."""
    cfg = read(path)
    model = build(cfg.model, 'meta')
    vit = getattr(model.backbone, 'vit', model.backbone)  # of timm
    size = re.match(r'(?:vitpose(?:-plus)?_)?([a-z]+)', path.stem)[1]
    rate, lr = LAYER_DECAY.get(size, 1), cfg.optim_wrapper.optimizer.lr
    expected = {}
    for name in (name for name, parameter in model.named_parameters() if parameter.requires_grad):
        blocks = len(getattr(vit, 'blocks', ()))
        block = re.match(r'backbone\.(?:vit\.)?blocks\.(\d+)\.', name)
        embedding = re.match(r'backbone\.(?:vit\.)?(patch_embed\.|pos_embed|cls_token|reg_token)', name)
        steps = blocks - int(block[1]) if block else blocks + 1 if embedding else 0
        custom = cfg.optim_wrapper.get('paramwise_cfg', {}).get('custom_keys', {})
        factors = [options.get('lr_mult', 1) for key, options in custom.items() if key in name]
        expected[name] = lr * rate**steps * math.prod(factors)
    assert learning_rates(model, cfg.optim_wrapper) == pytest.approx(expected, rel=1e-12)


def one_for_each_way_to_predict() -> list[Path]:
    """Leaves without those that, at two blocks, are like another one."""
    ways = {}
    for path in pose_leaves():
        model = read(path).model
        backbone = model.backbone
        kind = (backbone.type, str(backbone.get('attention')), str(backbone.get('window_size')))
        keypoints = str([head.out_channels for head in heads(model).values()])
        way = (model.head.type, keypoints, read(path).codec.input_size, *kind, backbone.get('num_experts'))
        ways.setdefault(way, path)
    return list(ways.values())


@pytest.mark.parametrize('path', one_for_each_way_to_predict(), ids=ident)
def test_predicts_keypoints(path: Path) -> None:
    cfg = read(path)
    samples = [run_pipeline(dataset) for dataset in parts(cfg.test_dataloader.dataset)]
    model = build(small(cfg.model), 'cpu').eval()
    batch = {key: [sample[key] for sample in samples] for key in ('inputs', 'data_samples')}
    with torch.no_grad():
        preds = model(**model.data_preprocessor(batch), mode='predict')
    for pred, sample in zip(preds, batch['data_samples'], strict=True):
        num = len(sample.flip_indices)
        assert pred.pred_instances.keypoints.shape == (1, num, 2)
        assert np.isfinite(pred.pred_instances.keypoint_scores).all()
