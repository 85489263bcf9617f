"""FasterCocoMetric: MMPose's figures, on made-up and on real labels, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mmpose.evaluation.metrics import CocoMetric

from vitpose_mm.benchmarks.coco_sized import write_part
from vitpose_mm.benchmarks.evaluation import coco_metainfo, moved
from vitpose_mm.evaluation import FasterCocoMetric


def score(kind: type[CocoMetric], ann_file: Path, predictions: list[dict[str, Any]], folder: Path) -> dict[str, float]:
    (folder / 'found.keypoints.json').write_text(json.dumps(predictions))
    metric = kind(str(ann_file))
    metric.dataset_meta = coco_metainfo()
    return dict(metric._do_python_keypoint_eval(str(folder / 'found')))


def test_made_up_people(tmp_path: Path) -> None:
    ann_file = Path(write_part(tmp_path, 'val', 30, 90, 70)['ann_file'])
    predictions = moved(json.loads(ann_file.read_text()))
    expected = score(CocoMetric, ann_file, predictions, tmp_path)
    assert 0.05 < expected['AP'] < 0.95
    found = score(FasterCocoMetric, ann_file, predictions, tmp_path)
    assert list(found) == list(expected)
    np.testing.assert_allclose(list(found.values()), list(expected.values()), rtol=0, atol=1e-6)


def test_real_people_with_crowds(shared_data: Path, tmp_path: Path) -> None:
    ann_file = shared_data / 'coco' / 'annotations' / 'person_keypoints_val2017.json'
    predictions = moved(json.loads(ann_file.read_text()))
    expected = score(CocoMetric, ann_file, predictions, tmp_path)
    found = score(FasterCocoMetric, ann_file, predictions, tmp_path)
    np.testing.assert_allclose(list(found.values()), list(expected.values()), rtol=0, atol=1e-6)


def test_the_best_checkpoint_is_chosen_by_its_values() -> None:
    from vitpose_mm.checks.metrics import Metric, values_of

    faster, plain = (Metric({'type': kind.__name__}, 'val_evaluator', kind) for kind in (FasterCocoMetric, CocoMetric))
    assert values_of(faster) == values_of(plain)


@pytest.mark.parametrize('wrong', [{'iou_type': 'keypoints_crowd'}, {'use_area': False}])
def test_what_the_package_does_not_score(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="use type='CocoMetric'"):
        FasterCocoMetric(**wrong)


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('vitpose_mm.evaluation.faster_coco_metric.find_spec', lambda name: None)
    with pytest.raises(ValueError, match=r'pip install "vitpose_mm\[eval\]"'):
        FasterCocoMetric()
