"""Merged labels are a COCO file, and nothing in them is lost or doubled."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from xtcocotools.coco import COCO

from tests.helpers.labelling_jobs import label
from vitpose_mm.labelling.items import list_items
from vitpose_mm.labelling.merge import merge
from vitpose_mm.labelling.parts import part_file


def test_the_merged_file_is_coco(photos: Path, tmp_path: Path) -> None:
    label(photos, tmp_path)
    merged = merge(tmp_path, tmp_path / 'labels.json')
    content = json.loads(merged.file.read_text())
    items = list_items([str(photos)]).paths
    assert (merged.images, merged.failed) == (22, 1)
    assert merged.people == len(content['annotations']) == sum(i % 4 for i in range(23) if i != 5)
    assert [image['file_name'] for image in content['images']] == [item for item in items if '005' not in item]
    assert content['images'][0] == {'id': 1, 'file_name': items[0], 'width': 30, 'height': 40}
    assert content['failed'][0]['file_name'].endswith('1/005.png') and 'not an image' in content['failed'][0]['error']
    person = content['annotations'][0]
    assert person['bbox'] == [1, 2, 10, 20] and person['area'] == 200 and person['num_keypoints'] == 1
    assert person['keypoints'][1:] == [2.5, 2, 0, 0, 0] and person['keypoint_scores'] == [0.9, 0.25]
    assert person['id'] // 1000 == person['image_id']
    assert content['categories'] == [
        {'id': 1, 'name': 'person', 'supercategory': 'person', 'keypoints': ['bright', 'dark'], 'skeleton': [[1, 2]]}
    ]
    coco = COCO(str(merged.file))
    assert len(coco.getAnnIds()) == merged.people and len(coco.getImgIds()) == 22


def test_people_with_low_scores_are_left_out(photos: Path, tmp_path: Path) -> None:
    label(photos, tmp_path)
    everybody = merge(tmp_path, tmp_path / 'labels.json').people
    label(photos, tmp_path / 'few', score_thr=0.4)
    few = json.loads(merge(tmp_path / 'few', tmp_path / 'labels.json').file.read_text())['annotations']
    assert 0 < len(few) < everybody and min(person['score'] for person in few) >= 0.4


@pytest.mark.parametrize(
    ('change', 'sentence'),
    [
        (lambda part: part['images'].pop(), 'does not have the images 7 to 12 once each'),
        (lambda part: part['images'].append(part['images'][0]), 'does not have the images 7 to 12 once each'),
        (lambda part: part['annotations'].append(part['annotations'][0]), 'has an annotation id twice'),
        (lambda part: part['annotations'][0].update(image_id=1), 'has an annotation of an image that is not in it'),
        (lambda part: part['annotations'][0].pop('id'), "has an entry without 'id'"),
        (lambda part: part.pop('failed'), 'is not a part file'),
        (lambda part: part['annotations'][0].update(id='7'), 'without a whole number as id'),
        (lambda part: part['annotations'][0].update(id=[7]), 'without a whole number as id'),
        (lambda part: part['annotations'][0].update(image_id=None), 'without a whole number as id'),
        (lambda part: part['images'][0].update(id=7.0), 'without a whole number as id'),
        (lambda part: part.update(videos=[1]), 'does not have the images'),
    ],
)
def test_merging_finds_what_is_lost_or_doubled(photos: Path, tmp_path: Path, change: Any, sentence: str) -> None:
    label(photos, tmp_path)
    content = json.loads(part_file(tmp_path, 1).read_text())
    change(content)
    part_file(tmp_path, 1).write_text(json.dumps(content))
    with pytest.raises(ValueError, match=sentence):
        merge(tmp_path, tmp_path / 'labels.json')
    assert not (tmp_path / 'labels.json').exists()


def test_merging_finds_missing_parts_and_another_list(photos: Path, tmp_path: Path) -> None:
    label(photos, tmp_path, rank=0, size=2)
    with pytest.raises(ValueError, match=r'2 of 4 parts are missing, the first .*part-000001\.json'):
        merge(tmp_path, tmp_path / 'labels.json')
    label(photos, tmp_path, rank=1, size=2)
    (tmp_path / 'items.txt').write_text('a\n')
    with pytest.raises(ValueError, match='has been changed since labelling began'):
        merge(tmp_path, tmp_path / 'labels.json')
