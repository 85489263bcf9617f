"""Keypoint sets by name and by file; labels of others are refused or noted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vitpose_mm.analysis import Labels, read_labels
from vitpose_mm.analysis.read_labels import read_keypoint_set


def test_sets_of_mmpose_by_name() -> None:
    assert read_keypoint_set('coco')['num_keypoints'] == 17
    assert read_keypoint_set('crowdpose')['num_keypoints'] == 14


@pytest.mark.parametrize(
    ('name', 'told'),
    [('klingon', 'cannot be read'), ('gone.py', 'does not exist'), ('empty.py', 'cannot be read')],
)
def test_unknown_sets(name: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'empty.py').write_text('a = 1\n')
    with pytest.raises(ValueError, match=f'--keypoints {name} .*{told}'):
        read_keypoint_set(name)


def test_labels_of_other_keypoints(lynx_folder: Path) -> None:
    with pytest.raises(ValueError, match='5 keypoints per person and the keypoint set'):
        read_labels(str(lynx_folder / 'labels.json'))


def test_areas_and_names(lynxes: Labels, lynx_folder: Path, tmp_path: Path) -> None:
    content = json.loads((lynx_folder / 'labels.json').read_text())
    content['categories'][0]['keypoints'][0] = 'snout'
    for one in content['annotations']:
        del one['area']
    (tmp_path / 'a.json').write_text(json.dumps(content))
    boxes = read_labels(str(tmp_path / 'a.json'), str(lynx_folder / 'lynx.py'), area_of_box=True)
    assert boxes.people.areas == pytest.approx(0.53 * lynxes.people.areas)
    (note,) = boxes.notes
    assert 'snout' in note
    replaced = read_labels(str(tmp_path / 'a.json'), str(lynx_folder / 'lynx.py'))
    assert replaced.people.areas == pytest.approx(boxes.people.areas) and 'area' in replaced.notes[0]
