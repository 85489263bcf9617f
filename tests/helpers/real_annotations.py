"""Real annotations as evaluation samples, predictions moved from them by known amounts, and scores by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mmengine.config import Config
from mmengine.registry import DATASETS
from mmengine.structures import InstanceData
from mmpose.structures import PoseDataSample

ROOT = Path(__file__).resolve().parents[2]
# sample folder, annotation file, base config, names of its dataset and metric
SOURCES = {
    'coco': ('coco', 'test_coco.json', 'coco', 'coco_val'),
    'aic': ('aic', 'test_aic.json', 'aic', 'aic_val'),
    'crowdpose': ('crowdpose', 'test_crowdpose.json', 'crowdpose', 'crowdpose_test'),
    'ochuman': ('ochuman', 'test_ochuman.json', 'ochuman', 'ochuman_val'),
    'ap10k': ('ap10k', 'test_ap10k.json', 'ap10k', 'ap10k_val'),
    'apt36k': ('ap10k', 'test_ap10k.json', 'apt36k', 'apt36k_val'),
    'human_art': ('humanart', 'test_humanart.json', 'human_art', 'human_art_val'),
    'wholebody': ('coco', 'test_coco_wholebody.json', 'wholebody', 'wholebody_val'),
    'mpii': ('mpii', 'test_mpii.json', 'mpii', 'mpii_val'),
}


def protocol(name: str, samples: Path) -> tuple[dict, dict]:
    """Return configs of a dataset and its metric as shipped, on the sample annotations and true boxes."""
    folder, file, base, stem = SOURCES[name]
    cfg = Config.fromfile(ROOT / f'configs/_base_/data/{base}.py')
    dataset, metric = cfg[stem].to_dict(), cfg[f'{stem}_metric'].to_dict()
    dataset.update(data_root=str(samples / folder), ann_file=file, data_prefix={'img': ''}, pipeline=[])
    dataset.pop('bbox_file', None)
    dataset.pop('headbox_file', None)
    if 'ann_file' in metric:
        metric['ann_file'] = str(samples / folder / file)
    return dataset, metric


def build(cfg: dict) -> object:
    return DATASETS.build(cfg)


def read_json(name: str, samples: Path) -> dict:
    folder, file, *_ = SOURCES[name]
    return json.loads((samples / folder / file).read_text())


def make_sample(info: dict, subset: str, *, moved: np.ndarray, scores: np.ndarray) -> PoseDataSample:
    """Return a sample as the model gives it back.

    Args:
        info: of one person.
        subset: name of it.
        moved: (K, 2) pixels from the annotated keypoints to the predicted ones.
        scores: (K,) of the keypoints.
    """
    keys = ('id', 'img_id', 'category_id', 'crowd_index', 'raw_ann_info', 'dataset_name')
    sample = PoseDataSample(metainfo={**{key: info[key] for key in keys if key in info}, 'subset': subset})
    true = {'bboxes': info['bbox'], 'bbox_scores': info['bbox_score'], 'keypoints': info['keypoints']}
    true['keypoints_visible'] = info['keypoints_visible']
    true['bbox_scales'] = info['bbox'][:, 2:] - info['bbox'][:, :2]
    if 'head_size' in info:
        true['head_size'] = info['head_size']
    sample.gt_instances = InstanceData(**true)
    predicted = (info['keypoints'] + moved).astype(np.float32)
    sample.pred_instances = InstanceData(keypoints=predicted, keypoint_scores=scores[None], bboxes=info['bbox'])
    return sample


def oks(annotation: dict, sigmas: Sequence[float], distance: float, *, use_area: bool) -> float:
    """COCO's object keypoint similarity of a person all of whose keypoints are off by ``distance`` pixels.

    mean over labelled keypoints of exp(-d^2 / (2 s^2 k^2)), s^2 the area, k twice the deviation.
    """
    parts = ('keypoints', 'foot_kpts', 'face_kpts', 'lefthand_kpts', 'righthand_kpts')
    visible = np.concatenate([np.array(annotation.get(part, []))[2::3] for part in parts]) > 0
    area = annotation['area'] if use_area else annotation['bbox'][2] * annotation['bbox'][3] * 0.53
    k = 2 * np.asarray(sigmas)[visible]
    return float(np.exp(-(distance**2) / (2 * area * k**2)).mean())


def average_precision(similarities: Sequence[float], scores: Sequence[float], people: int | None = None) -> float:
    """Return AP over .5:.95, 101 recalls, from the OKS of each prediction with its own person, and its score.

    It holds where no prediction fits another person better than its own. ``people`` is the number of them, where it
    is not that of the predictions.
    """
    order = np.argsort(-np.asarray(scores), kind='stable')
    values = np.asarray(similarities)[order]
    precisions = []
    for threshold in np.arange(0.5, 0.96, 0.05):
        hits = np.cumsum(values >= threshold)
        recall, precision = hits / (people or len(values)), hits / np.arange(1, len(values) + 1)
        best = [precision[recall >= wanted - 1e-9].max(initial=0.0) for wanted in np.linspace(0, 1, 101)]
        precisions.append(np.mean(best))
    return float(np.mean(precisions))
