"""The json file: mmpose's keys, plain numbers, valid for any reader."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from mmengine.structures import InstanceData
from mmpose.structures import PoseDataSample

from vitpose_mm.inference.results import people_of, to_plain, write_results


def fail_on_constant(name: str) -> None:
    raise AssertionError(f'{name} is not json')


def test_to_plain() -> None:
    value = {
        1: np.float32(0.5),
        'a': np.arange(3),
        'b': ({np.int64(4)}, [np.bool_(True)]),
        'c': float('nan'),
        'd': 'x',
    }
    assert to_plain(value) == {'1': 0.5, 'a': [0, 1, 2], 'b': [[4], [True]], 'c': None, 'd': 'x'}
    assert to_plain(np.array([[1.0, np.inf]])) == [[1.0, None]]


def test_people_have_mmposes_keys() -> None:
    sample = PoseDataSample()
    assert people_of(sample) == []
    sample.pred_instances = InstanceData(
        keypoints=np.arange(12.0).reshape(2, 3, 2),
        keypoint_scores=np.full((2, 3), 0.25, np.float32),
        bboxes=np.array([[0, 1, 2, 3], [4, 5, 6, 7]], np.float32),
        bbox_scores=np.array([0.75, 0.5], np.float32),
    )
    first, second = people_of(sample)
    assert first == {
        'keypoints': [[0, 1], [2, 3], [4, 5]],
        'keypoint_scores': [0.25] * 3,
        'bbox': [[0, 1, 2, 3]],
        'bbox_score': 0.75,
    }
    assert second['keypoints'][0] == [6, 7]
    assert second['bbox_score'] == 0.5


def test_written_file_is_strict_json(tmp_path: Path) -> None:
    path = tmp_path / 'results_a.json'
    metainfo = {'dataset_name': 'coco', 'sigmas': np.array([0.5, 0.25]), 'keypoint_id2name': {0: 'nose'}}
    write_results(path, metainfo, [{'keypoints': to_plain(np.array([[np.nan, 1.0]]))}])
    content = json.loads(path.read_text(), parse_constant=fail_on_constant)
    assert content['meta_info'] == {
        'dataset_name': 'coco',
        'sigmas': [0.5, 0.25],
        'keypoint_id2name': {'0': 'nose'},
    }
    assert content['instance_info'] == [{'keypoints': [[None, 1.0]]}]
    with pytest.raises(ValueError, match='JSON compliant'):
        write_results(tmp_path / 'b.json', metainfo, [{'bbox_score': float('nan')}])
    assert [file.name for file in tmp_path.iterdir()] == ['results_a.json']
