"""The people of one image in the forms that others take."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mmengine.structures import InstanceData
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.structures import PoseDataSample
from PIL import Image

from vitpose_mm.inference import PoseResult


@pytest.fixture
def result() -> PoseResult:
    """Two people with COCO's keypoints; keypoint k of person i is at (10 i + k, k / 2) with a score of k / 16."""
    k = np.arange(17)
    points = np.stack([np.stack((10 * i + k, k / 2), axis=1) for i in range(2)])
    people = InstanceData(
        keypoints=points.astype(np.float32),
        keypoint_scores=np.tile(k / 16, (2, 1)).astype(np.float32),
        keypoints_visible=np.ones((2, 17), np.float32),
        bboxes=np.array([[0, 0, 20, 30], [5, 6, 25, 46]], np.float32),
        bbox_scores=np.array([0.5, 1], np.float32),
        track_ids=np.array([7, 3]),
    )
    metainfo = parse_pose_metainfo({'from_file': 'configs/_base_/datasets/coco.py'})
    sample = PoseDataSample(pred_instances=people)
    return PoseResult(index=4, name='a/000012.jpg', path=Path('a/000012.jpg'), sample=sample, metainfo=metainfo)


def test_numbers(result: PoseResult) -> None:
    assert len(result) == 2
    assert result.keypoints.shape == (2, 17, 2) and result.scores.shape == (2, 17)
    assert result.boxes.tolist()[1] == [5, 6, 25, 46]
    assert result.box_scores.tolist() == [0.5, 1]
    assert result.track_ids is not None and result.track_ids.tolist() == [7, 3]
    assert [person['track_id'] for person in result.to_dicts()] == [7, 3]


def test_coco(result: PoseResult) -> None:
    first, second = json.loads(json.dumps(result.to_coco()))
    assert (first['image_id'], first['category_id'], first['track_id']) == (12, 1, 7)
    assert second['bbox'] == [5, 6, 20, 40]
    assert second['keypoints'][3 * 16 :] == [26, 8, 1]
    assert second['score'] == pytest.approx(np.arange(4, 17).mean() / 16)  # keypoints above 0.2
    assert first['score'] == pytest.approx(second['score'] / 2)
    assert result.to_coco('other')[0]['image_id'] == 'other'


def test_openpose(result: PoseResult) -> None:
    content = json.loads(json.dumps(result.to_openpose()))
    first, second = content['people']
    points = np.array(second['pose_keypoints_2d']).reshape(18, 3)
    assert second['person_id'] == [3]
    assert points[0].tolist() == [10, 0, 0]  # nose
    assert points[1].tolist() == [15.5, 2.75, 0.3125]  # neck, between keypoints 5 and 6
    assert points[2].tolist() == [16, 3, 0.375]  # right shoulder
    assert points[17].tolist() == [13, 1.5, 0.1875]  # left ear
    assert first['pose_keypoints_2d'][:3] == [0, 0, 0]


def test_csv(result: PoseResult) -> None:
    lines = list(csv.DictReader(result.to_csv().splitlines()))
    assert [line['person'] for line in lines] == ['0', '1']
    assert (lines[1]['image'], lines[1]['track_id'], lines[1]['y2']) == ('a/000012.jpg', '3', '46.0')
    assert float(lines[1]['nose_x']) == 10 and float(lines[1]['right_ankle_score']) == 1
    assert result.to_csv(header=False).splitlines() == result.to_csv().splitlines()[1:]


def test_picture_is_drawn_on_kept_pixels_or_on_the_file(result: PoseResult, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r'no such file|does not exist|cannot be read'):
        result.plot()
    Image.new('RGB', (60, 50)).save(tmp_path / 'b.png')
    picture = replace(result, path=tmp_path / 'b.png').plot()
    assert picture.shape == (50, 60, 3) and picture.any()
    kept = replace(result, path=None, pixels=np.zeros((50, 60, 3), np.uint8))
    np.testing.assert_array_equal(kept.plot(), picture)
    with pytest.raises(ValueError, match='were not kept'):
        replace(kept, pixels=None).plot()
