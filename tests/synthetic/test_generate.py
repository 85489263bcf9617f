from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest

from vitpose_mm.synthetic import generate

SIZE = (160, 120)


def _files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob('*')) if p.is_file()}


def test_same_seed_gives_same_bytes_for_any_number_of_workers(tmp_path: Path) -> None:
    for name, workers in (('a', 0), ('b', 2)):
        generate(tmp_path / name, 6, seed=5, val=2, ochuman=1, size=SIZE, workers=workers, progress=False)
    first, second = (_files(tmp_path / name) for name in 'ab')
    assert list(first) == list(second)
    assert [name for name in first if first[name] != second[name]] == []


def test_other_seed_gives_other_pictures(tmp_path: Path) -> None:
    for seed in (1, 2):
        generate(tmp_path / str(seed), 2, seed=seed, size=SIZE, workers=0, progress=False)
    first, second = (_files(tmp_path / str(seed) / 'train') for seed in (1, 2))
    assert all(first[name] != second[name] for name in first)


def test_asking_for_more_keeps_the_first(tmp_path: Path) -> None:
    for count in (2, 4):
        generate(tmp_path / str(count), count, seed=1, size=SIZE, workers=0, progress=False)
    few, many = (_files(tmp_path / str(count) / 'train') for count in (2, 4))
    assert len(few) == 2 and len(many) == 4
    assert all(many[name] == data for name, data in few.items())


def test_layout_counts_and_sizes(rendered: Path) -> None:
    kinds = ('person_keypoints', 'aic', 'crowdpose', 'mpii')
    names = {f'{kind}_{split}.json' for kind in kinds for split in ('train', 'val')}
    names |= {'mpii_gt_train.mat', 'mpii_gt_val.mat', 'ochuman_val.json'}
    assert {p.name for p in (rendered / 'annotations').iterdir()} == names
    splits = (('train', 'person_keypoints_train', 12), ('val', 'aic_val', 6), ('ochuman', 'ochuman_val', 3))
    for folder, name, count in splits:
        data = json.loads((rendered / 'annotations' / f'{name}.json').read_text())
        files = {image['file_name'] for image in data['images']}
        assert len(data['images']) == count
        assert files == {p.name for p in (rendered / folder).iterdir()}
        assert all((image['width'], image['height']) == (320, 240) for image in data['images'])
        picture = cv2.imread(str(rendered / folder / sorted(files)[0]))
        assert picture.shape == (240, 320, 3) and picture.std() > 5
        ids = [record['id'] for record in data['annotations']]
        assert len(set(ids)) == len(ids) and {r['image_id'] for r in data['annotations']} <= {
            i['id'] for i in data['images']
        }


def test_splits_share_no_image_id(rendered: Path) -> None:
    names = ('person_keypoints_train', 'person_keypoints_val', 'ochuman_val')
    ids = [i['id'] for n in names for i in json.loads((rendered / 'annotations' / f'{n}.json').read_text())['images']]
    assert len(set(ids)) == len(ids) == 21


def test_nonsense_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='images=-1'):
        generate(tmp_path, -1)
    with pytest.raises(ValueError, match='32 x 32 is too small'):
        generate(tmp_path, 1, size=(32, 32))
