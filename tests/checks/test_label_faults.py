"""Every fault of an annotation file is refused in a sentence, or left out or corrected and said: none is silent."""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mmengine.config import Config

from tests.helpers.label_faults import of_people, of_structure
from tests.helpers.label_faults.fault import Fault
from tests.helpers.label_faults.of_structure import BYTES
from tests.helpers.tiny_kites import labels, make_config, samples, save, score_perfect_predictions, write_images
from vitpose_mm.checks.preflight import check_config

CONTENT = [
    *(*of_structure.parts(), *of_structure.ids(), *of_structure.images()),
    *(*of_people.boxes(), *of_people.keypoints(), *of_people.counts(), *of_people.categories()),
]
BOUND = 20  # seconds a fault may take
PART = {'train': 'train_dataloader', 'val': 'val_dataloader'}


@pytest.fixture(scope='module')
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Image files of both parts; not to be changed."""
    return write_images(tmp_path_factory.mktemp('kites') / 'images')


@pytest.fixture
def cfg(tmp_path: Path, images: Path) -> Config:
    """A config on a good set in ``tmp_path``."""
    return make_config(tmp_path, images)


def check(cfg: Config) -> tuple[str, str]:
    """Return 'error' and the sentence, or 'note' and the notes, or 'harmless' where there are none."""
    start = time.perf_counter()
    try:
        notes = check_config(cfg)
    except ValueError as error:
        outcome, said = 'error', str(error)
    else:
        outcome, said = ('note', '\n'.join(notes)) if notes else ('harmless', '')
    assert time.perf_counter() - start < BOUND
    assert len(said) < 2000 and (outcome != 'error' or '\n' not in said)
    return outcome, said


def run(cfg: Config) -> tuple[int, int, dict[str, float]]:
    """Return the people trained on and validated with, and the values of perfect predictions."""
    found = samples(cfg.val_dataloader.dataset)
    values = score_perfect_predictions(cfg.val_evaluator, cfg.val_dataloader.dataset, found)
    return len(samples(cfg.train_dataloader.dataset)), len(found), values


def expect(cfg: Config, fault: Fault, part: str, path: Path) -> None:
    outcome, said = check(cfg)
    assert (outcome, bool(re.search(fault.said, said))) == (fault.outcome, True), said
    if outcome == 'error':
        assert path.name in said and PART[part] in said
        return
    if outcome == 'note':
        assert path.name in said
    trained, validated, values = run(cfg)
    assert (trained, validated) == ((fault.left, 6) if part == 'train' else (6, fault.left))
    assert values['coco/AP'] == pytest.approx(1) and values['coco/AR'] == pytest.approx(1)


@pytest.mark.parametrize('part', ['train', 'val'])
@pytest.mark.parametrize('fault', CONTENT, ids=lambda fault: fault.name)
def test_faults_of_the_content(fault: Fault, part: str, cfg: Config, tmp_path: Path) -> None:
    content = labels(part)
    changed = fault.change(content)
    path = tmp_path / f'{part}.json'
    save(content if changed is None else changed, path)
    expect(cfg, fault, part, path)


@pytest.mark.parametrize('fault', of_people.areas(), ids=lambda fault: fault.name)
def test_faults_of_areas_that_are_scored(fault: Fault, cfg: Config, tmp_path: Path) -> None:
    content = labels('val')
    fault.change(content)
    save(content, tmp_path / 'val.json')
    expect(cfg, fault, 'val', tmp_path / 'val.json')


@pytest.mark.parametrize('part', ['train', 'val'])
@pytest.mark.parametrize(('name', 'data', 'said'), BYTES, ids=[name for name, _, _ in BYTES])
def test_faults_of_the_bytes(name: str, data: bytes, said: str, part: str, cfg: Config, tmp_path: Path) -> None:
    path = tmp_path / f'{part}.json'
    path.write_bytes(data)
    expect(cfg, Fault(name, dict, 'error', said), part, path)


@pytest.mark.parametrize('share', np.linspace(0.02, 0.98, 9))
def test_truncated_files(share: float, cfg: Config, tmp_path: Path) -> None:
    path = tmp_path / 'train.json'
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    expect(cfg, Fault('truncated', dict, 'error', 'not a whole JSON file .*copy it again'), 'train', path)


@pytest.mark.parametrize('encoding', ['utf-8-sig', 'utf-16'])
def test_other_encodings_are_read(encoding: str, cfg: Config, tmp_path: Path) -> None:
    path = tmp_path / 'val.json'
    path.write_text(json.dumps(labels('val')), encoding=encoding)
    expect(cfg, Fault(encoding, dict, 'note', 'not plain UTF-8'), 'val', path)


def _link_loop(path: Path) -> None:
    path.symlink_to(path)


SPECIAL: list[tuple[str, Any]] = [
    ('missing', lambda path: None), ('folder', Path.mkdir), ('pipe', os.mkfifo), ('loop of links', _link_loop),
    ('broken link', lambda path: path.symlink_to('gone')), ('device', lambda path: path.symlink_to('/dev/zero')),
]  # fmt: skip


@pytest.mark.parametrize('what', ['train', 'val', 'image'])
@pytest.mark.parametrize(('name', 'make'), SPECIAL, ids=[name for name, _ in SPECIAL])
def test_what_is_not_a_regular_file(name: str, make: Any, what: str, cfg: Config, tmp_path: Path, images: Path) -> None:
    if what == 'image':
        folder = tmp_path / 'images'
        folder.mkdir()
        for file in images.iterdir():
            (folder / file.name).symlink_to(file)
        for loader in (cfg.train_dataloader.dataset.datasets[0], cfg.val_dataloader.dataset):
            loader.data_prefix.img = str(folder)
    path = tmp_path / (f'{what}.json' if what != 'image' else 'images/val_3.png')
    path.unlink()
    make(path)
    outcome, said = check(cfg)
    assert outcome == 'error' and path.name in said, said


@pytest.mark.parametrize('suffix', ['.pkl', '.txt', '.JSON', '.json.gz', ''])
def test_only_json_is_read(suffix: str, cfg: Config, tmp_path: Path) -> None:
    path = tmp_path / f'labels{suffix}'
    save(labels('train'), path)
    cfg.train_dataloader.dataset.datasets[0].ann_file = str(path)
    outcome, said = check(cfg)
    assert outcome == 'error' and 'only files that end in .json are' in said


def test_there_are_as_many_faults_as_promised() -> None:
    assert len({fault.name for fault in CONTENT}) == len(CONTENT) >= 250


def test_a_good_set_needs_no_copy(cfg: Config, tmp_path: Path) -> None:
    before = cfg.to_dict()
    assert check(cfg) == ('harmless', '')
    assert cfg.to_dict() == before and not (tmp_path / 'out').exists()
    trained, validated, values = run(cfg)
    assert (trained, validated, values['coco/AP']) == (6, 6, pytest.approx(1))
