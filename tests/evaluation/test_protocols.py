"""Each dataset's protocol on real annotations: perfect predictions, and moved ones against a hand computation."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.evaluator import Evaluator
from scipy.io import savemat

from tests.helpers.real_annotations import (
    ROOT,
    SOURCES,
    average_precision,
    build,
    make_sample,
    oks,
    protocol,
    read_json,
)
from vitpose_mm.datasets import MultiDataset
from vitpose_mm.evaluation import SubsetMetric

BY_OKS = [name for name in SOURCES if name != 'mpii']
NO_AREA = ('aic', 'crowdpose')


def score(name: str, samples: Path, distance: float) -> tuple[dict[str, float], float]:
    """Return metrics of the shipped protocol for keypoints moved by ``distance`` pixels, and AP by hand."""
    cfg, metric_cfg = protocol(name, samples)
    dataset = MultiDataset({name: cfg})
    evaluator = Evaluator([SubsetMetric({name: metric_cfg})])
    evaluator.dataset_meta = dataset.metainfo
    rng = np.random.default_rng(0)
    direction = np.array([0.6, 0.8]) * distance
    annotations = {one['id']: one for one in read_json(name, samples)['annotations']}
    sigmas = dataset.metainfo['subsets'][name]['sigmas']
    found = defaultdict(list)  # by category: animals are scored species by species
    for i in range(len(dataset)):
        info = dataset.get_data_info(i)
        own = np.full(info['keypoints'].shape[1], rng.uniform(0.3, 1.0))
        evaluator.process([make_sample(info, name, moved=direction, scores=own)])
        annotation = annotations[info['id']]
        similarity = oks(annotation, sigmas, distance, use_area=name not in NO_AREA)
        found[annotation['category_id']].append((similarity, own[0]))
    by_hand = [average_precision(*zip(*pairs, strict=True)) for pairs in found.values()]
    return evaluator.evaluate(len(dataset)), float(np.mean(by_hand))


@pytest.mark.parametrize('name', BY_OKS)
def test_perfect_predictions(name: str, shared_data: Path) -> None:
    metrics, by_hand = score(name, shared_data / 'samples', 0.0)
    assert by_hand == 1.0
    for key in ('AP', 'AP .5', 'AP .75', 'AR'):
        assert metrics[f'{name}/{key}'] == pytest.approx(1.0), key


@pytest.mark.parametrize('name', BY_OKS)
def test_moved_predictions(name: str, shared_data: Path) -> None:
    """By a tenth of a percent to some percent of the people's size: from nearly all right to nearly all wrong."""
    for distance in (4.0, 9.0, 16.0):
        metrics, by_hand = score(name, shared_data / 'samples', distance)
        assert metrics[f'{name}/AP'] == pytest.approx(by_hand, abs=1e-9), distance


def nearest(box: np.ndarray, annotations: list[dict]) -> int | None:
    """Return the index of the person that a (4,) detected box x1 y1 x2 y2 is of; None where the overlap is small."""
    ious = []
    for x, y, w, h in (one['bbox'] for one in annotations):
        width = min(box[2], x + w) - max(box[0], x)
        height = min(box[3], y + h) - max(box[1], y)
        both = max(width, 0) * max(height, 0)
        ious.append(both / ((box[2] - box[0]) * (box[3] - box[1]) + w * h - both))
    return int(np.argmax(ious)) if ious and max(ious) > 0.5 else None


@pytest.mark.parametrize(
    ('name', 'boxes'),
    [
        ('coco', 'test_coco_det_AP_H_56.json'),
        ('crowdpose', 'test_crowdpose_det_AP_40.json'),
        ('human_art', 'test_humanart_det_AP_H_56.json'),
    ],
)
def test_true_and_detected_boxes_side_by_side(name: str, boxes: str, shared_data: Path) -> None:
    """In a detected box the right answer is its person's keypoints; a box of nobody costs precision, a miss recall."""
    samples = shared_data / 'samples'
    cfg, metric_cfg = protocol(name, samples)
    detected = {**cfg, 'bbox_file': str(samples / SOURCES[name][0] / boxes)}
    dataset = MultiDataset({'true': cfg, 'detected': detected})
    evaluator = Evaluator([SubsetMetric({'true': metric_cfg, 'detected': metric_cfg})])
    evaluator.dataset_meta = dataset.metainfo
    by_image = defaultdict(list)
    for one in read_json(name, samples)['annotations']:
        if one['num_keypoints'] and not one['iscrowd']:
            by_image[one['image_id']].append(one)
    best: dict[tuple[int, int], float] = {}  # the most confident box of each person; the others are suppressed
    nobody = []
    for i in range(len(dataset)):
        info, subset = dataset.get_data_info(i), dataset.names[dataset._get_ori_dataset_idx(i)[0]]
        if subset == 'detected':
            own = nearest(info['bbox'][0], by_image[info['img_id']])
            sure = float(info['bbox_score'][0])
            if own is None:
                nobody.append(sure)
                info['keypoints'] = info['keypoints'] - 1e4 * (1 + len(nobody))
            else:
                person = np.array(by_image[info['img_id']][own]['keypoints'], dtype=np.float32).reshape(1, -1, 3)
                info['keypoints'] = person[..., :2]
                best[info['img_id'], own] = max(sure, best.get((info['img_id'], own), 0.0))
        evaluator.process([make_sample(info, subset, moved=np.zeros(2), scores=np.ones(info['keypoints'].shape[1]))])
    metrics = evaluator.evaluate(len(dataset))
    similarities = [1.0] * len(best) + [0.0] * len(nobody)
    people = sum(map(len, by_image.values()))
    by_hand = average_precision(similarities, [*best.values(), *nobody], people)
    ap = {key.split('/')[0]: value for key, value in metrics.items() if key.endswith('/AP')}
    assert ap['true'] == pytest.approx(1.0)
    assert ap['detected'] == pytest.approx(by_hand, abs=1e-6) and 0.2 < by_hand <= 1


def test_detected_boxes_as_documented(shared_data: Path, tmp_path: Path) -> None:
    """The leaf of docs/evaluation.md, with a detector that misses one person."""
    text = (ROOT / 'docs/evaluation.md').read_text()
    (tmp_path / 'leaf.py').write_text(text.split('`ochuman_detected.py`:\n\n```python\n')[1].split('```')[0])
    samples = shared_data / 'samples'
    people = read_json('ochuman', samples)['annotations']
    boxes = [{'image_id': one['image_id'], 'category_id': 1, 'bbox': one['bbox'], 'score': 0.9} for one in people[:-1]]
    (tmp_path / 'boxes.json').write_text(json.dumps(boxes))
    cfg = Config.fromfile(tmp_path / 'leaf.py')
    folder, file, *_ = SOURCES['ochuman']
    for subset in cfg.test_dataloader.dataset.datasets.values():
        subset.update(data_root=str(samples / folder), ann_file=file, data_prefix={'img': ''}, pipeline=[])
        if 'bbox_file' in subset:
            subset.bbox_file = str(tmp_path / subset.bbox_file)
    for metric in cfg.test_evaluator.subsets.values():
        metric.ann_file = str(samples / folder / file)
    dataset = MultiDataset(cfg.test_dataloader.dataset.datasets)
    evaluator = Evaluator([SubsetMetric(cfg.test_evaluator.subsets)])
    evaluator.dataset_meta = dataset.metainfo
    found = defaultdict(int)
    for i in range(len(dataset)):
        info, subset = dataset.get_data_info(i), dataset.names[dataset._get_ori_dataset_idx(i)[0]]
        if subset == 'ochuman_test_detected':
            own = people[found[subset]]
            info['keypoints'] = np.array(own['keypoints'], dtype=np.float32).reshape(1, -1, 3)[..., :2]
        found[subset] += 1
        evaluator.process([make_sample(info, subset, moved=np.zeros(2), scores=np.ones(17))])
    metrics = evaluator.evaluate(len(dataset))
    assert found == {name: len(people) - (name == 'ochuman_test_detected') for name in dataset.names}
    assert metrics['ochuman_val/AP'] == metrics['ochuman_test/AP'] == pytest.approx(1.0)
    share = (len(people) - 1) / len(people)
    assert metrics['ochuman_test_detected/AR'] == pytest.approx(share)


def mpii_with_heads(samples: Path, folder: Path) -> tuple[dict, dict, np.ndarray]:
    """Return configs of dataset and metric on the sample people with head boxes that we make up, and head sizes."""
    cfg, metric = protocol('mpii', samples)
    corners = np.zeros((2, 2, 5))
    sides = np.array([(1.5, 2), (6, 8), (30, 40), (60, 80), (90, 120)])  # diagonals 2.5 to 150
    corners[1] = sides.T
    savemat(folder / 'heads.mat', {'headboxes_src': corners})
    return {**cfg, 'headbox_file': str(folder / 'heads.mat')}, metric, 0.6 * np.array([2.5, 10, 50, 100, 150.0])


def pckh(distance: float, heads: np.ndarray, visible: np.ndarray, threshold: float) -> float:
    """Percent of labelled joints, pelvis and thorax apart, that are nearer than ``threshold`` head sizes."""
    kept = visible.astype(bool) & ~np.isin(np.arange(16), (6, 7))
    right = kept & (distance < threshold * heads)[:, None]
    return 100 * right.sum() / kept.sum()


@pytest.mark.parametrize('distance', [0.0, 2.6, 16.0])
def test_mpii_counts_from_one(distance: float, shared_data: Path, tmp_path: Path) -> None:
    """Right predictions count from 0 and score 100; what MMPose's dataset gives as the truth is off by (1, 1).

    Our decision: evaluate as MMPose does, train on keypoints that ShiftKeypoints made count from 0.
    """
    cfg, metric_cfg, heads = mpii_with_heads(shared_data / 'samples', tmp_path)
    dataset = MultiDataset({'mpii': cfg})
    people = [dataset.get_data_info(i) for i in range(5)]
    visible = np.concatenate([info['keypoints_visible'] for info in people])
    for offset, error in ((-1.0, distance), (0.0, np.hypot(1 + 0.6 * distance, 1 + 0.8 * distance))):
        evaluator = Evaluator([SubsetMetric({'mpii': metric_cfg})])
        evaluator.dataset_meta = dataset.metainfo
        moved = offset + np.array([0.6, 0.8]) * distance
        evaluator.process([make_sample(info, 'mpii', moved=moved, scores=np.ones(16)) for info in people])
        metrics = evaluator.evaluate(5)
        assert metrics['mpii/PCK'] == pytest.approx(pckh(error, heads, visible, 0.5))
        assert metrics['mpii/PCK@0.1'] == pytest.approx(pckh(error, heads, visible, 0.1))
        if not distance and offset:
            assert metrics['mpii/PCK'] == metrics['mpii/PCK@0.1'] == pytest.approx(100)
        elif not distance:
            assert metrics['mpii/PCK@0.1'] < 75 < metrics['mpii/PCK'] < 100


def test_training_on_mpii_aims_at_the_joints(shared_data: Path) -> None:
    """With the shipped transform the targets count from 0, as boxes and image do."""
    shift = Config.fromfile(ROOT / 'configs/_base_/data/mpii.py').mpii_from_zero
    cfg, _ = protocol('mpii', shared_data / 'samples')
    host, ours = build(cfg), build({**cfg, 'pipeline': [shift]})
    np.testing.assert_array_equal(ours[0]['keypoints'], host[0]['keypoints'] - 1)
    np.testing.assert_array_equal(ours[0]['bbox'], host[0]['bbox'])
