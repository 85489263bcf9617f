"""The annotation files as mmpose's own classes read them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from mmengine.structures import InstanceData
from mmpose.datasets import datasets as hosts
from mmpose.evaluation import CocoMetric, MpiiPCKAccuracy

from vitpose_mm.synthetic.label_sets import AIC, COCO, CROWDPOSE, MPII


def _load(kind: str, root: Path, name: str, *, split: str = 'val', **kwargs: object) -> list[dict]:
    dataset = getattr(hosts, kind)(
        ann_file=f'annotations/{name}', data_root=str(root), data_prefix={'img': f'{split}/'}, test_mode=True, **kwargs
    )
    return [dataset[i] for i in range(len(dataset))]


def test_all_label_sets_hold_the_same_points(rendered: Path) -> None:
    coco = _load('CocoDataset', rendered, 'person_keypoints_val.json')
    others = {
        AIC: (_load('AicDataset', rendered, 'aic_val.json'), 0),
        CROWDPOSE: (_load('CrowdPoseDataset', rendered, 'crowdpose_val.json'), 0),
        MPII: (_load('MpiiDataset', rendered, 'mpii_val.json'), 1),
    }
    assert len(coco) >= 6
    for names, (samples, first_pixel) in others.items():
        assert [s['img_path'] for s in samples] == [s['img_path'] for s in coco]
        common = [name for name in names if name in COCO]
        assert len(common) == 12
        for ours, theirs in zip(samples, coco, strict=True):
            mine, other = ([n.index(name) for name in common] for n in (names, COCO))
            labelled = theirs['keypoints_visible'][0, other] > 0
            np.testing.assert_array_equal(ours['keypoints_visible'][0, mine] > 0, labelled)
            gap = ours['keypoints'][0, mine] - theirs['keypoints'][0, other]
            np.testing.assert_allclose(gap[labelled], first_pixel, atol=0.011)


def test_mpii_boxes_surround_the_person(rendered: Path) -> None:
    coco = _load('CocoDataset', rendered, 'person_keypoints_val.json')
    mpii = _load('MpiiDataset', rendered, 'mpii_val.json')
    for a, b in zip(coco, mpii, strict=True):
        (x1, y1, x2, y2), box = b['bbox'][0], a['bbox'][0]
        assert x1 - 2 <= box[0] and y1 - 2 <= box[1] and x2 + 2 >= box[2] and y2 + 2 >= box[3]


def test_crowd_index_reaches_the_samples(rendered: Path) -> None:
    samples = _load('CrowdPoseDataset', rendered, 'crowdpose_train.json', split='train')
    values = [sample['crowd_index'] for sample in samples]
    assert all(0 <= value <= 1 for value in values) and max(values) > 0


def test_perfect_predictions_score_one(rendered: Path) -> None:
    for folder, name in (('val', 'person_keypoints_val.json'), ('ochuman', 'ochuman_val.json')):
        samples = _load('CocoDataset', rendered, name, split=folder)
        metric = CocoMetric(ann_file=str(rendered / 'annotations' / name), nms_mode='none')
        metric.dataset_meta = hosts.CocoDataset(
            ann_file=f'annotations/{name}', data_root=str(rendered), lazy_init=True
        ).metainfo
        metric.process({}, [_prediction(sample) for sample in samples])
        scores = metric.evaluate(len(samples))
        assert scores['coco/AP'] == pytest.approx(1.0) and scores['coco/AR'] == pytest.approx(1.0)


def _prediction(sample: dict) -> dict:
    fields = {'keypoints': sample['keypoints'], 'keypoint_scores': np.ones((1, len(COCO))), 'bbox_scores': np.ones(1)}
    gt = {'bboxes': sample['bbox'], 'bbox_scales': np.ones((1, 2)), 'bbox_scores': np.ones(1)}
    return {
        'id': sample['id'], 'img_id': sample['img_id'], 'category_id': 1, 'pred_instances': fields,
        'gt_instances': gt, 'raw_ann_info': sample['raw_ann_info'],
    }  # fmt: skip


def test_mpii_head_boxes_scale_the_error(rendered: Path) -> None:
    head_file = str(rendered / 'annotations' / 'mpii_gt_val.mat')
    samples = _load('MpiiDataset', rendered, 'mpii_val.json', headbox_file=head_file)
    sizes = np.array([sample['head_size'].item() for sample in samples])
    heights = np.array([np.diff(sample['bbox'][0, 1::2]).item() for sample in samples])
    assert (sizes > 4).all() and np.median(sizes / heights) < 0.6
    scores = {}
    for shift in (0.0, 0.45, 0.55):  # errors in heads, around the threshold of one half
        metric = MpiiPCKAccuracy(thr=0.5, norm_item='head')
        for sample in samples:
            # MPII counts from 1 and the metric adds 1 to what it is given
            points = sample['keypoints'] - 1 + [shift * sample['head_size'].item(), 0]
            gt = InstanceData(
                keypoints=sample['keypoints'], keypoints_visible=sample['keypoints_visible'],
                bboxes=sample['bbox'], head_size=sample['head_size'],
            )  # fmt: skip
            gt = {key: gt[key] for key in gt.keys()}  # noqa: SIM118
            metric.process({}, [{'pred_instances': {'keypoints': points}, 'gt_instances': gt}])
        scores[shift] = metric.evaluate(len(samples))['PCK']
    assert scores[0.0] == scores[0.45] == 100.0 and scores[0.55] == 0.0


def test_visibility_has_all_three_values(rendered: Path) -> None:
    data = json.loads((rendered / 'annotations' / 'person_keypoints_train.json').read_text())
    values = np.array([record['keypoints'][2::3] for record in data['annotations']])
    shares = [(values == v).mean() for v in (0, 1, 2)]
    assert min(shares) > 0.03 and shares[2] > 0.3
    for record, row in zip(data['annotations'], values, strict=True):
        assert record['num_keypoints'] == (row > 0).sum()
        if record['num_keypoints'] == 0:
            assert record['keypoints'] == [0] * 51
