"""Write predictions as records of images, and records as COCO images and annotations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..inference.pose_result import PoseResult
from ..utils.counted import counted

MAX_PEOPLE = 1000  # per image; the annotation ids of an image begin at its id times this
DECIMALS = 3
VISIBLE = 2  # COCO: labelled and visible


def to_record(result: PoseResult, entry: Mapping[str, Any], *, kpt_thr: float, score_thr: float) -> dict[str, Any]:
    """Return ``image`` and ``annotations`` of one image's prediction as COCO has them, or ``failed``.

    Args:
        result: prediction, with pixels.
        entry: COCO image without its size: ``id``, ``file_name``, and those of the frame of a video.
        kpt_thr: keypoints with a lower score are v 0, x 0, y 0.
        score_thr: people with a lower score are left out.
    """
    if result.error is not None:
        return {'failed': {**entry, 'error': result.error}}
    if len(result) > MAX_PEOPLE:
        error = f'{entry["file_name"]}: {counted(len(result), "person", "people")}, and {MAX_PEOPLE} are the limit.'
        return {'failed': {**entry, 'error': error}}
    height, width = result.image.shape[:2]
    people = result.to_coco(entry['id'])
    kept = [to_annotation(person, i, kpt_thr) for i, person in enumerate(people) if person['score'] >= score_thr]
    return {'image': {**entry, 'width': width, 'height': height}, 'annotations': kept}


def to_annotation(entry: Mapping[str, Any], person: int, kpt_thr: float) -> dict[str, Any]:
    """Return an entry of a COCO results file as annotation, ``score`` and ``keypoint_scores`` included."""
    points = np.array(entry['keypoints'], float).reshape(-1, 3)
    labelled = points[:, 2] >= kpt_thr
    flat = np.where(labelled[:, None], np.c_[points[:, :2].round(DECIMALS), np.full(len(points), VISIBLE)], 0)
    box = [round(float(value), DECIMALS) for value in entry['bbox']]
    annotation = {
        'id': entry['image_id'] * MAX_PEOPLE + person,
        'image_id': entry['image_id'],
        'category_id': 1,
        'bbox': box,
        'area': round(box[2] * box[3], DECIMALS),
        'segmentation': [],  # CVAT refuses annotations without it
        'iscrowd': 0,
        'num_keypoints': int(labelled.sum()),
        'keypoints': [int(value) if value == int(value) else value for value in flat.ravel().tolist()],
        'keypoint_scores': points[:, 2].round(DECIMALS + 1).tolist(),
        'score': round(float(entry['score']), DECIMALS + 1),
    }
    if 'track_id' in entry:
        cvat = {'track_id': entry['track_id'], 'keyframe': True}  # CVAT makes a track of these
        annotation |= {'track_id': entry['track_id'], 'attributes': cvat}
    return annotation


def to_category(metainfo: Mapping[str, Any]) -> dict[str, Any]:
    """Return the COCO category of a keypoint set; links are pairs of keypoints counted from 1."""
    names = [metainfo['keypoint_id2name'][k] for k in range(metainfo['num_keypoints'])]
    links = [[int(a) + 1, int(b) + 1] for a, b in metainfo['skeleton_links']]
    return {'id': 1, 'name': 'person', 'supercategory': 'person', 'keypoints': names, 'skeleton': links}


def to_coco(records: Sequence[Mapping[str, Any]], category: Mapping[str, Any]) -> dict[str, Any]:
    """Return the COCO content of records of images; ``failed`` has those that could not be read."""
    return {
        'images': [record['image'] for record in records if 'image' in record],
        'annotations': [person for record in records for person in record.get('annotations', [])],
        'categories': [category],
        'failed': [record['failed'] for record in records if 'failed' in record],
    }
