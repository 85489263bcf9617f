"""Faults of files of detected boxes: each is refused in a sentence, or left out and said."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mmengine.config import Config

from tests.helpers.label_faults.fault import HUGE, INF, MISSING, NAN, show
from tests.helpers.tiny_kites import boxes, labels, make_config, samples, save, write_images
from vitpose_mm.checks.preflight import check_config


@pytest.fixture(scope='module')
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Image files; not to be changed."""
    return write_images(tmp_path_factory.mktemp('kites'))


@pytest.fixture
def cfg(tmp_path: Path, images: Path) -> Config:
    """A config that validates on detected boxes, and does not train."""
    cfg = make_config(tmp_path, images)
    cfg.train_dataloader = None
    cfg.val_dataloader.dataset.bbox_file = str(tmp_path / 'boxes.json')
    return cfg


def put(key: str, value: Any, *, index: int | None = 1) -> Callable[[list], None]:
    """Return what sets a key of one box, or of all."""

    def change(found: list) -> None:
        for one in found if index is None else [found[index]]:
            if value is MISSING:
                del one[key]
            else:
                one[key] = value

    return change


def whole(value: Any) -> Callable[[list], Any]:
    """Return what takes the place of the whole list."""
    return lambda found: value


Case = tuple[str, Callable[[list], Any], str]  # name, what makes the fault, what is said


def each(key: str, values: tuple, said: str) -> list[Case]:
    """Return a case for each value of a key."""
    return [(f'{key} {show(value)}', put(key, value), said) for value in values]


REFUSED: list[Case] = [
    *(
        (f'whole {show(value)}', whole(value), 'detected boxes are a list of objects')
        for value in ({}, 'x', 5, [1], [None], [[]])
    ),
    ('a COCO object', whole({'images': [], 'annotations': []}), 'it is an object'),
    ('nothing', whole([]), 'it has no box'),
    *each('image_id', (MISSING, None, '1', 1.5, NAN, True, [], -1), "'image_id'"),
    *each('category_id', (MISSING, None, '1', 1.5, NAN, True), "'category_id'"),
    *each('bbox', ([1, 2, 3], [1] * 6, 'x', {'x': 1}, 5, ['1'] * 4), 'box number 1 is'),
    *each('score', (MISSING, None, '0.9', [], True), 'box number 1 has the score'),
    ('all of other images', put('image_id', 999, index=None), 'all its boxes are of images that .* such as image 999'),
    ('all of another category', put('category_id', 3, index=None), 'all its boxes are of other categories, such as 3'),
    ('all NaN', put('bbox', [NAN] * 4, index=None), 'it has no box of category 1 with an extent'),
]
NOT_FINITE = (MISSING, None, [], [NAN, 1, 2, 3], [1, 2, INF, 3], [1, 2, 3, None], [1e300, 1, 2, 3], [HUGE, 1, 2, 3])
NOTED: list[Case] = [
    *each('bbox', NOT_FINITE, '1 with numbers that are not finite'),
    *each('score', (NAN, INF), '1 with numbers that are not finite'),
    *each('bbox', ([5, 5, 0, 9], [5, 5, 9, 0], [50, 50, -9, 9]), '1 without positive width and height'),
    ('one of another image', put('image_id', 999), '1 of an image that the annotation file does not list'),
    ('one of another category', put('category_id', 18), '1 of 6 boxes is of another category than 1'),
]


def write(change: Callable[[list], Any], path: Path) -> None:
    found: Any = boxes(labels('val'))
    changed = change(found)
    save(found if changed is None else changed, path)


@pytest.mark.parametrize(('name', 'change', 'said'), REFUSED, ids=[name for name, _, _ in REFUSED])
def test_faults_that_end_the_run(name: str, change: Any, said: str, cfg: Config, tmp_path: Path) -> None:
    write(change, tmp_path / 'boxes.json')
    with pytest.raises(ValueError, match=said) as caught:
        check_config(cfg)
    assert 'boxes.json' in str(caught.value) and '\n' not in str(caught.value)


@pytest.mark.parametrize(('name', 'change', 'said'), NOTED, ids=[name for name, _, _ in NOTED])
def test_boxes_that_are_left_out(name: str, change: Any, said: str, cfg: Config, tmp_path: Path) -> None:
    write(change, tmp_path / 'boxes.json')
    (note,) = check_config(cfg)
    assert 'boxes.json' in note and re.search(said, note)
    assert len(samples(cfg.val_dataloader.dataset)) == 5


@pytest.mark.parametrize('extra', [{}, {'segmentation': None}, {'area': 3}])
def test_good_boxes_need_no_copy(extra: dict, cfg: Config, tmp_path: Path) -> None:
    save([{**one, **extra} for one in boxes(labels('val'))], tmp_path / 'boxes.json')
    before = cfg.to_dict()
    assert check_config(cfg) == [] and cfg.to_dict() == before
    assert len(samples(cfg.val_dataloader.dataset)) == 6


def test_a_score_behind_the_box_is_left_to_mmpose(cfg: Config, tmp_path: Path) -> None:
    save([{**one, 'bbox': [*one['bbox'], 0.9]} for one in boxes(labels('val'))], tmp_path / 'boxes.json')
    assert check_config(cfg) == []


def test_a_threshold_that_leaves_nothing_is_named(cfg: Config, tmp_path: Path) -> None:
    save(boxes(labels('val')), tmp_path / 'boxes.json')
    cfg.val_dataloader.dataset.filter_cfg = {'bbox_score_thr': 0.95}
    with pytest.raises(ValueError, match=r'with an extent and a score of at least 0\.95'):
        check_config(cfg)


def test_boxes_are_for_tests_alone(cfg: Config, tmp_path: Path) -> None:
    save(boxes(labels('val')), tmp_path / 'boxes.json')
    cfg.val_dataloader.dataset.test_mode = False
    with pytest.raises(ValueError, match='has a bbox_file without test_mode=True'):
        check_config(cfg)


@pytest.mark.parametrize('name', ['boxes.pkl', 'boxes.yaml', 'boxes'])
def test_only_json_is_read(name: str, cfg: Config, tmp_path: Path) -> None:
    save(boxes(labels('val')), tmp_path / name)
    cfg.val_dataloader.dataset.bbox_file = str(tmp_path / name)
    with pytest.raises(ValueError, match=r'only files that end in \.json are'):
        check_config(cfg)


def test_labels_of_another_category_are_not_what_is_predicted(cfg: Config, tmp_path: Path) -> None:
    content = labels('val')
    content['categories'][0]['id'] = 4
    for one in content['annotations']:
        one['category_id'] = 4
    save(content, tmp_path / 'val.json')
    save(boxes(content), tmp_path / 'boxes.json')
    with pytest.raises(ValueError, match=r'has people of category 4, and those of .* are predicted as'):
        check_config(cfg)
