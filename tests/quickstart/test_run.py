"""The whole path at a size that learns nothing."""

from __future__ import annotations

import json
import multiprocessing.connection
import shutil
from pathlib import Path
from types import SimpleNamespace

import cv2
import pytest

from tests.helpers.warm_python import warm_context
from vitpose_mm.quickstart import parallel_training, run_quickstart
from vitpose_mm.quickstart import run as quickstart
from vitpose_mm.quickstart.plan import DETECTOR, FAST, POSE, WHOLE, Plan, QuickstartPaths

TINY = Plan(
    images=16, val_images=6, demo_images=2, detector_epochs=1, pose_epochs=1, minutes=FAST.minutes,
    size=(160, 120), demo_size=(160, 120), least_score=0.0,
)  # fmt: skip


@pytest.fixture
def configs(root: Path) -> Path:
    return root / 'configs' / 'quickstart'


def test_a_changed_base_of_a_config_is_another_quick_start(configs: Path, tmp_path: Path) -> None:
    copy = tmp_path / 'configs'
    shutil.copytree(configs.parent, copy)
    paths = QuickstartPaths(tmp_path / 'out', copy / 'quickstart')
    before = quickstart._settings(FAST, paths)
    assert before == quickstart._settings(FAST, paths)
    base = copy / '_base_/models/vitpose_micro.py'
    base.write_text(base.read_text().replace('num_layers=4', 'num_layers=3'))
    assert quickstart._settings(FAST, paths) != before


def test_both_plans_walk_the_same_path_within_their_time(configs: Path) -> None:
    names = []
    for plan, limit in ((WHOLE, 20), (FAST, 5)):
        steps = quickstart.make_steps(plan, QuickstartPaths(Path('out'), configs))
        assert sum(step.minutes or 0.0 for step in steps.values()) <= limit
        assert plan.minutes.keys() == steps.keys()
        names.append(list(steps))
    assert names[0] == names[1] == ['render', 'train', 'boxes', 'truth', 'detected', 'pictures']


@pytest.mark.parametrize('scores', [{}, {'coco/bbox_mAP': 0.2, 'coco/bbox_mAP_50': 0.5, 'coco/bbox_mAP_75': 0.1}])
def test_a_detector_that_finds_nobody_scores_nought(
    tmp_path: Path, configs: Path, monkeypatch: pytest.MonkeyPatch, scores: dict[str, float]
) -> None:
    monkeypatch.setattr(quickstart, 'test', lambda cfg, checkpoint: scores)
    found = quickstart.find_boxes(TINY, QuickstartPaths(tmp_path, configs))
    assert found == (scores or {'coco/bbox_mAP': 0.0, 'coco/bbox_mAP_50': 0.0, 'coco/bbox_mAP_75': 0.0})


@pytest.mark.slow
def test_everything_is_there_at_the_end_and_kept(
    tmp_path: Path, configs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quickstart, 'FAST', TINY)
    warm = SimpleNamespace(get_context=lambda kind: warm_context(), connection=multiprocessing.connection)
    monkeypatch.setattr(parallel_training, 'multiprocessing', warm)
    said: list[str] = []
    run_quickstart(tmp_path, configs, fast=True, say=said.append)
    paths = QuickstartPaths(tmp_path / 'fast', configs)
    assert len(json.loads((paths.data / 'annotations/person_keypoints_train.json').read_text())['images']) == 16
    for config in (DETECTOR, POSE):
        assert (paths.work_dir(config) / 'epoch_1.pth').is_file()
    pictures = sorted(paths.pictures.glob('*.jpg'))
    assert [cv2.imread(str(path)).shape for path in pictures] == [(120, 160, 3)] * 2
    assert cv2.imread(str(paths.curves)) is not None
    text = '\n'.join(said)
    for word in (
        '[6/6]',
        'pose, ground-truth boxes',
        'pose, detected boxes',
        'person detector',
        'together',
        'FAST=1 trains',
    ):
        assert word in text
    stamps = {path: path.stat().st_mtime_ns for path in tmp_path.rglob('*') if path.suffix in ('.pth', '.jpg')}
    again: list[str] = []
    run_quickstart(tmp_path, configs, fast=True, say=again.append)
    assert sum('done before' in line for line in again[1:7]) == 6
    assert stamps == {path: path.stat().st_mtime_ns for path in stamps}
    # the table is the first run's but for the notes
    assert [line for line in said if 'AP50' in line] == [line for line in again if 'AP50' in line]
