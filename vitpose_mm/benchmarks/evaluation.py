"""Scoring as many people as COCO's val2017: MMPose's CocoMetric next to FasterCocoMetric, values and seconds."""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.evaluation.metrics import CocoMetric

from ..evaluation import FasterCocoMetric
from .coco_sized import PARTS, write_part
from .machine_description import describe_machine
from .report import Report
from .timing import Call, Spread, Stand, ratios

THEIRS, OURS = 'CocoMetric', 'FasterCocoMetric'
NOISE = (0.02, 0.05, 0.1)  # of the longer side of the box, one for each prediction of a person


def benchmark_evaluation(stand: Stand, *, share: float = 1) -> Report:
    """Time the scoring of predictions that are labels moved by noise; return a report.

    Args:
        stand: where and how calls are timed.
        share: of COCO's number of validation labels.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dataset = write_part(folder, 'val', *(int(share * number) for number in PARTS['val']))
        labels = json.loads(Path(dataset['ann_file']).read_text())
        predictions = moved(labels)
        (folder / 'predicted.keypoints.json').write_text(json.dumps(predictions))
        metrics = {THEIRS: CocoMetric(dataset['ann_file']), OURS: FasterCocoMetric(dataset['ann_file'])}
        values: dict[str, dict[str, float]] = {}

        def score(name: str) -> Call:
            def call() -> None:
                with contextlib.redirect_stdout(io.StringIO()):
                    values[name] = dict(metrics[name]._do_python_keypoint_eval(str(folder / 'predicted')))

            return call

        for metric in metrics.values():
            metric.dataset_meta = coco_metainfo()
        seconds = stand.time({name: score(name) for name in metrics})
    apart = max(abs(values[OURS][key] - values[THEIRS][key]) for key in values[THEIRS])
    note = (
        f'{len(labels["images"]):,} images, {len(labels["annotations"]):,} people, {len(predictions):,} predictions; '
        f'the ten values differ by at most {apart:.1e}, AP is {values[THEIRS]["AP"]:.4f}. {stand.describe()}'
    )
    report = Report('Scoring', describe_machine(stand.device), [note])
    report.tables['Scoring'] = [row(name, seconds) for name in metrics]
    report.raw = {**seconds, 'values': values}
    return report


def row(name: str, seconds: dict[str, list[float]]) -> dict[str, str]:
    """Return the row of a metric."""
    spent, ratio = Spread.of(seconds[name]), ratios(seconds[name], seconds[THEIRS])
    return {
        '': name,
        'seconds': f'{spent.median:.2f} ({spent.low:.2f} to {spent.high:.2f})',
        f'to {THEIRS}': f'{ratio.median:.2f} ({ratio.low:.2f} to {ratio.high:.2f})',
    }


def coco_metainfo() -> dict[str, Any]:
    """Return COCO's keypoint set as MMPose parses it."""
    return parse_pose_metainfo({'from_file': 'configs/_base_/datasets/coco.py'})


def moved(labels: dict[str, Any]) -> list[dict[str, Any]]:
    """Return predictions of each labelled person: the labels moved by noise, with random scores."""
    rng = np.random.default_rng(0)
    found = []
    for person in labels['annotations']:
        if not person['num_keypoints']:
            continue
        keypoints = np.array(person['keypoints'], float).reshape(-1, 3)
        for noise in NOISE:
            points = keypoints.copy()
            points[:, :2] += rng.normal(0, noise * max(person['bbox'][2:]), points[:, :2].shape)
            points[:, 2] = rng.uniform(size=len(points))
            found.append({
                'image_id': person['image_id'], 'category_id': 1, 'score': float(rng.uniform()),
                'keypoints': points.ravel().tolist(),
            })  # fmt: skip
    return found
