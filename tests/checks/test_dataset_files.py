from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.helpers.tiny_coco import write_coco
from vitpose_mm.checks import dataset_files
from vitpose_mm.checks.dataset_files import (
    check_dataset_paths,
    check_file_outside_data_root,
    count_keypoints,
    find_moved,
)
from vitpose_mm.datasets import MultiDataset


def test_keypoints_are_counted_from_the_first_person(tmp_path: Path) -> None:
    folder = write_coco(tmp_path, num_images=2, num_keypoints=14)
    assert count_keypoints(str(folder / 'ann.json')) == 14


def test_keypoints_are_counted_from_names_and_past_empty_lists(tmp_path: Path) -> None:
    file = tmp_path / 'a.json'
    file.write_text('{"categories": [{"keypoints": ["nose", "left ear", "right ear"], "skeleton": [[1, 2]]}]}')
    assert count_keypoints(str(file)) == 3
    file.write_text('{"annotations": [{"keypoints": []}, {"keypoints": [ ]}, {"keypoints": [1,2,0, 3.5,4e0,2]}]}')
    assert count_keypoints(str(file)) == 2
    file.write_text('{"annotations": [{"num_keypoints": 3, "bbox": [1, 2, 3, 4]}]}')
    assert count_keypoints(str(file)) is None


def test_a_list_across_two_chunks_is_found_and_the_rest_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset_files, '_CHUNK', 100)
    file = tmp_path / 'a.json'
    for pad in range(100, 200, 7):
        content = {'images': 'x' * pad, 'annotations': [{'keypoints': list(range(51))}]}
        file.write_text(json.dumps(content) + ' no json from here on')
        assert count_keypoints(str(file)) == 17


def test_files_are_looked_for_where_the_host_does(tmp_path: Path) -> None:
    folder = write_coco(tmp_path, num_images=1)
    good = {'data_root': str(folder), 'ann_file': 'ann.json', 'data_prefix': {'img': 'images/'}}
    check_dataset_paths(good, where='here')
    check_dataset_paths(
        {'ann_file': str(folder / 'ann.json'), 'data_prefix': {'img': str(folder / 'images')}}, where='here'
    )
    check_dataset_paths({**good, 'data_root': 's3://bucket/coco'}, where='here')
    check_dataset_paths({}, where='here')
    with pytest.raises(
        ValueError, match=r"here: data_root '/no' is not a folder.*'ann.json' and 'images/'.*here.data_root"
    ):
        check_dataset_paths({**good, 'data_root': '/no'}, where='here')
    with pytest.raises(ValueError, match=r"file of detected boxes 'b\.json' does not exist.*set here\.bbox_file"):
        check_dataset_paths({**good, 'bbox_file': 'b.json'}, where='here')
    with pytest.raises(ValueError, match='file of head boxes'):
        check_dataset_paths({**good, 'headbox_file': 'h.mat'}, where='here')
    with pytest.raises(ValueError, match=r"annotation file 'x\.json' does not exist; put it there or set there"):
        check_file_outside_data_root('x.json', content='annotation file', where='there')


def test_names_at_other_places_are_found_however_they_are_spelt() -> None:
    coco = dict(enumerate(['nose', 'left_eye', 'right_eye', 'left_ear']))
    assert find_moved(['nose', 'L_Eye', 'Right-eye'], coco) is None
    assert find_moved(['nose', 'belly', 'right eye', 'tail'], coco) is None
    assert find_moved(['left_eye', 'right_eye', 'nose'], coco) == 'left_eye'
    assert find_moved([], coco) is None


@pytest.mark.parametrize(
    ('file', 'kind', 'name'),
    [
        ('crowdpose/test_crowdpose.json', 'AicDataset', 'left_shoulder'),
        ('ap10k/test_ap10k.json', 'CocoDataset', 'left_eye'),
    ],
)
def test_another_set_of_as_many_keypoints_is_refused(file: str, kind: str, name: str, shared_data: Path) -> None:
    path = shared_data / 'samples' / file
    cfg = dict(type=kind, data_root=str(path.parent), ann_file=path.name, data_prefix=dict(img=''), pipeline=[])
    with pytest.raises(
        ValueError, match=rf'has {name} at another index than the metainfo of {kind}; set datasets\.0\.type'
    ):
        MultiDataset([cfg])
