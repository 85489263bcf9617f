"""mmpose's own ViTPose models and ours with converted weights give the same heatmaps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import mmpose
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmpose.apis import inference_topdown, init_model
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.registry import MODELS
from mmpose.utils import register_all_modules
from xtcocotools.coco import COCO

from vitpose_mm.checkpoints import convert
from vitpose_mm.models import PoseEstimator
from vitpose_mm.quickstart.plan import POSE, QuickstartPaths

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = Path(mmpose.__file__).parent / '.mim/configs/body_2d_keypoint/topdown_heatmap/coco'


def read_theirs(kind: str) -> Config:
    """mmpose's own config of ViTPose-B with one of the decoders, two blocks deep."""
    config = Config.fromfile(CONFIGS / f'td-hm_ViTPose-base{kind}_8xb64-210e_coco-256x192.py')
    config.model.backbone.init_cfg = None
    config.model.backbone.arch = dict(embed_dims=768, num_layers=2, num_heads=12, feedforward_channels=3072)
    return config


def build_theirs(kind: str) -> tuple[torch.nn.Module, Any]:
    """That model with seeded weights and statistics."""
    register_all_modules()
    config = read_theirs(kind).model
    model = MODELS.build(config).eval()
    for name, value in model.state_dict().items():
        if value.is_floating_point():
            noise = torch.randn_like(value) / max(value[0].numel() if value.ndim > 1 else 25, 1) ** 0.5
            positive = name.endswith('running_var') or ('ln' in name and name.endswith('weight'))
            value.copy_(1 + 0.2 * noise.abs() if positive else noise)
    return model, config


@pytest.mark.slow
@pytest.mark.parametrize(('kind', 'head'), [('', 'ClassicHead'), ('-simple', 'SimpleHead')])
def test_heatmaps_equal_mmpose_and_the_way_back_is_bit_equal(kind: str, head: str) -> None:
    theirs, config = build_theirs(kind)
    state, report = convert(theirs.state_dict())
    assert report.origin == 'mmpose' and report.complete
    ours = PoseEstimator(
        dict(type='vitpose_mm.ViT', arch=dict(embed_dims=768, num_layers=2, num_heads=12)),
        dict(type=f'vitpose_mm.{head}', in_channels=768, out_channels=17),
        data_preprocessor=dict(config.data_preprocessor),
    ).eval()
    ours.load_state_dict(state)
    x = torch.randn(1, 3, 256, 192)
    with torch.no_grad():
        expected, heatmaps = theirs(x, None, mode='tensor'), ours(x, None, mode='tensor')
    assert expected.std() > 0.1
    torch.testing.assert_close(heatmaps, expected, atol=1e-4, rtol=0)
    back, _ = convert(ours.state_dict(), target='mmpose')
    source = theirs.state_dict()
    assert back.keys() == source.keys()
    assert all(torch.equal(back[name], source[name]) for name in source)
    theirs.load_state_dict(back)


def make_people() -> tuple[np.ndarray, np.ndarray]:
    """Return an image of coloured blots, and three boxes in it (x1 y1 x2 y2)."""
    blots = np.random.default_rng(0).integers(0, 255, (12, 16, 3), dtype=np.uint8)
    boxes = [[30.5, 40, 200, 420], [260, 12.25, 330, 200], [400, 100, 610, 470]]
    return cv2.resize(blots, (640, 480), interpolation=cv2.INTER_CUBIC), np.array(boxes, dtype=np.float32)


def run_topdown(
    model: torch.nn.Module, config: Config, image: np.ndarray, boxes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return keypoints (N, K, 2) in pixels and their scores (N, K), with the config's flip test."""
    model.cfg, model.dataset_meta = config, parse_pose_metainfo(dict(from_file='configs/_base_/datasets/coco.py'))
    people = [sample.pred_instances for sample in inference_topdown(model, image, boxes)]
    return np.concatenate([one.keypoints for one in people]), np.concatenate([one.keypoint_scores for one in people])


@pytest.mark.slow
def test_inference_topdown_gives_the_keypoints_of_mmpose() -> None:
    theirs, _ = build_theirs('')
    image, boxes = make_people()
    _, scores = run_topdown(theirs, read_theirs(''), image, boxes)
    for parameter in theirs.head.final_layer.parameters():
        parameter.data /= float(np.median(scores))  # peaks of about 1, as a trained model has
    our_config = Config.fromfile(ROOT / 'configs/coco/vitpose_base_classic_coco-256x192.py')
    our_config.model.backbone.arch = dict(embed_dims=768, num_layers=2, num_heads=12)
    ours = MODELS.build(our_config.model).eval()
    ours.load_state_dict(theirs.state_dict())  # renamed where it is loaded
    expected, scores = run_topdown(theirs, read_theirs(''), image, boxes)
    keypoints, our_scores = run_topdown(ours, our_config, image, boxes)
    sure = scores > 0.3
    assert sure.mean() > 0.5 and scores.max() < 3
    assert np.abs(keypoints - expected)[sure].max() < 0.05
    assert np.abs(our_scores - scores).max() < 1e-4


def shape_as(theirs: Config, ours: Config) -> Config:
    """Give mmpose's config of ViTPose-B another ViT, classic decoder, codec and margin around boxes."""
    vit, head, codec = ours.model.backbone, ours.model.head, ours.codec
    width = vit.arch.embed_dims
    theirs.model.backbone.arch = dict(vit.arch, feedforward_channels=4 * width)
    theirs.model.backbone.img_size = codec.input_size[::-1]
    theirs.model.head.update(in_channels=width, deconv_out_channels=[head.num_channels] * 2, decoder=codec)
    next(step for step in theirs.val_pipeline if step.type == 'TopdownAffine').input_size = codec.input_size
    own = {step.type: step for step in ours.val_pipeline}
    next(step for step in theirs.val_pipeline if step.type == 'GetBBoxCenterScale').update(own['GetBBoxCenterScale'])
    theirs.test_dataloader.dataset.pipeline = theirs.val_pipeline
    return theirs


@pytest.mark.slow
def test_a_trained_model_gives_the_same_keypoints_in_the_classes_of_mmpose(root: Path) -> None:
    paths = QuickstartPaths(root / 'quickstart', root / 'configs/quickstart')
    found = sorted(paths.work_dir(POSE).glob('epoch_*.pth'))
    if not found:
        pytest.skip(f'no trained model is at hand: make demo leaves one in {paths.work_dir(POSE)}')
    our_config = Config.fromfile(paths.configs / POSE)
    ours = init_model(our_config, str(found[-1]), device='cpu')
    config = shape_as(read_theirs(''), our_config)
    register_all_modules()
    theirs = MODELS.build(config.model).eval()
    theirs.load_state_dict(convert(ours.state_dict(), target='mmpose')[0])
    truth = COCO(str(paths.data / 'annotations/person_keypoints_val.json'))
    scores, moved = [], []
    for image in truth.loadImgs(truth.getImgIds()[:25]):
        boxes = np.array([note['bbox'] for note in truth.imgToAnns[image['id']]], dtype=np.float32).reshape(-1, 4)
        if not len(boxes):
            continue
        boxes[:, 2:] += boxes[:, :2]
        pixels = cv2.imread(str(paths.data / 'val' / image['file_name']))
        expected, theirs_scores = run_topdown(theirs, config, pixels, boxes)
        keypoints, _ = run_topdown(ours, our_config, pixels, boxes)
        scores.append(theirs_scores.ravel())
        moved.append(np.abs(keypoints - expected).max(axis=-1).ravel())
    sure = np.concatenate(scores) > 0.3
    assert sure.sum() > 100
    assert np.concatenate(moved)[sure].max() < 0.05
