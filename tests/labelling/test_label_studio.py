"""Tasks for Label Studio: what its importer asks of a file, and the same boxes and keypoints as the COCO file."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from tests.helpers.labelling_jobs import label
from vitpose_mm.labelling.label_studio import LOCAL_FILES, to_tasks, write_label_studio
from vitpose_mm.labelling.merge import merge


def test_tasks_hold_what_the_coco_file_has(photos: Path, tmp_path: Path) -> None:
    label(photos, tmp_path / 'out')
    content = json.loads(merge(tmp_path / 'out', tmp_path / 'labels.json').file.read_text())
    folder = write_label_studio(tmp_path / 'out')
    files = sorted(folder.glob('tasks-*.json'))
    tasks = [task for file in files for task in json.loads(file.read_text())]
    assert len(files) == 4
    names = [LOCAL_FILES + image['file_name'].lstrip('/') for image in content['images']]
    assert [task['data']['image'] for task in tasks] == names
    regions = [region for task in tasks for region in task['predictions'][0]['result']]
    boxes = [region for region in regions if region['type'] == 'rectanglelabels']
    points = [region for region in regions if region['type'] == 'keypointlabels']
    assert len(boxes) == len(content['annotations'])
    assert len(points) == sum(one['num_keypoints'] for one in content['annotations'])
    for box, point, one in zip(boxes, points, content['annotations'], strict=True):
        percent = [box['value'][key] for key in ('x', 'y', 'width', 'height')]
        pixels = (np.array(percent) * (30, 40, 30, 40) / 100).tolist()
        assert pixels == pytest.approx(one['bbox'])
        assert (point['value']['x'] * 0.3, point['value']['y'] * 0.4) == pytest.approx(
            (min(one['keypoints'][0], 30), 2.5)
        )
        assert (point['value']['keypointlabels'], point['score']) == (['bright'], 0.9)
        assert point['parentID'] == box['id'] and (box['original_width'], box['original_height']) == (30, 40)


def test_the_configuration_has_the_names_that_the_tasks_use(photos: Path, tmp_path: Path) -> None:
    label(photos, tmp_path)
    root = ElementTree.parse(write_label_studio(tmp_path) / 'labelling_config.xml').getroot()
    tags = {tag.get('name'): [one.get('value') for one in tag] for tag in root}
    assert tags == {'box': ['person'], 'keypoint': ['bright', 'dark'], 'image': []}
    assert all(tag.get('toName') == 'image' for tag in root if tag.tag.endswith('Labels'))


def test_everything_is_inside_the_image() -> None:
    """Label Studio refuses a prediction with anything below 0 or above 100 percent."""
    one = {'image_id': 7, 'bbox': [-5.0, 10.0, 50.0, 50.0], 'score': 0.5, 'keypoint_scores': [0.9, 0.8, 0.1]}
    one['keypoints'] = [41.0, -1.0, 2, 20.0, 10.0, 2, 0, 0, 0]
    content = {
        'images': [{'id': 7, 'file_name': 'a b/ü.jpg', 'width': 40, 'height': 40}],
        'annotations': [one],
        'categories': [{'name': 'person', 'keypoints': ['k0', 'k1', 'k2']}],
    }
    (task,) = to_tasks(content, version='vitpose_base', image_root='http://photos/')
    assert task['data'] == {'image': 'http://photos/a%20b/%C3%BC.jpg'}
    assert task['predictions'][0]['model_version'] == 'vitpose_base'
    box, *points = [region['value'] for region in task['predictions'][0]['result']]
    assert [box[key] for key in ('x', 'y', 'width', 'height')] == [0, 25, 100, 75]
    assert [(point['x'], point['y'], point['keypointlabels']) for point in points] == [
        (100, 0, ['k0']),
        (50, 25, ['k1']),
    ]
