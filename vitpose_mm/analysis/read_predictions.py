"""Read a file of predictions, COCO's results or a dump of tools/test.py, into arrays."""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mmpose.evaluation.metrics import CocoMetric

from ..checkpoints.predictions_file import load_predictions
from ..checks.label_file import shorten
from ..checks.number_lists import is_number, to_table, usable
from ..utils.counted import counted
from ..utils.json_files import read_json
from .people import Detections, Labels

RESULT = "{'image_id': 1, 'category_id': 1, 'keypoints': [x, y, score, ..], 'score': 0.9}"
WRITE_JSON = '--cfg-options test_evaluator.outfile_prefix=predictions (docs/evaluation.md)'


def read_predictions(path: str, labels: Labels) -> Detections:
    """Read predictions on the labelled images: COCO results (.json) or a dump of ``tools/test.py --dump`` (.pkl).

    Raises:
        ValueError: it cannot be read, is malformed, or is of other images.
    """
    if Path(path).suffix in ('.pkl', '.pickle'):
        return to_detections(score_dump(load_predictions(path), labels, path), labels, path)
    return to_detections(read_json(path, content='file of predictions')[0], labels, path)


def to_detections(results: object, labels: Labels, path: str) -> Detections:
    """Convert COCO's results to arrays; ``path`` is their file, for errors."""
    if isinstance(results, dict) and 'annotations' in results:
        raise ValueError(
            f'{path}: this is a COCO file of annotations, and predictions are wanted: write them with the Python lines '
            'of docs/evaluation.md ("Predictions of your own labelled images from Python").'
        )
    if not isinstance(results, list) or not all(isinstance(one, dict) for one in results):
        raise ValueError(f'{path}: predictions are a list of {RESULT}: write them with {WRITE_JSON}.')
    if not results:
        raise ValueError(f'{path}: it is an empty list: there is nothing to analyse.')
    known = {image['id'] for image in labels.content['images']}
    categories = {category['id'] for category in labels.content['categories']}
    for index, one in enumerate(results):
        if not _is_one_of(one.get('image_id'), known) or not _is_one_of(one.get('category_id'), categories):
            raise ValueError(
                f'{path}: prediction number {index} is of image {shorten(one.get("image_id"))} and category '
                f'{shorten(one.get("category_id"))}, which the labels do not list: give the labels of the same set.'
            )
        if not is_number(one.get('score')) or not np.isfinite(one['score']):
            raise ValueError(f'{path}: prediction number {index} has the score {shorten(one.get("score"))}: write one.')
    number = labels.metainfo['num_keypoints']
    table, malformed = to_table([one.get('keypoints') for one in results], 3 * number)
    wrong = [*malformed, *np.flatnonzero(~usable(table).all(axis=1))]
    if wrong:
        raise ValueError(
            f'{path}: prediction number {wrong[0]} has the keypoints {shorten(results[wrong[0]].get("keypoints"))}: '
            f'x, y and score in pixels for each of {number} are needed.'
        )
    ids = np.array([(one['image_id'], one['category_id']) for one in results], dtype=np.int64)
    scores = np.array([one['score'] for one in results], dtype=np.float64)
    return Detections(table.reshape(-1, number, 3), scores, ids[:, 0], ids[:, 1])


def _is_one_of(value: object, ids: set[int]) -> bool:
    """Whether a value of a file is a number among some ids."""
    return is_number(value) and value in ids


def score_dump(samples: Sequence[dict], labels: Labels, path: str) -> list[dict]:
    """Convert samples of a dump to COCO's results by MMPose's CocoMetric: its scores, duplicates suppressed as it does.

    Raises:
        ValueError: they are not of a pose model, or of several subsets, whose image ids may be the same.
    """
    subsets = sorted({str(one.get('subset')) for one in samples})
    if len(subsets) > 1:
        raise ValueError(f'{path}: it holds the subsets {", ".join(subsets)}: dump one, with --dataset NAME.')
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        labels_file = Path(folder) / 'labels.json'
        labels_file.write_text(json.dumps(labels.content))
        metric = CocoMetric(str(labels_file), format_only=True, outfile_prefix=f'{folder}/results')
        metric.dataset_meta = dict(labels.metainfo)
        try:
            metric.process([], samples)
            metric.evaluate(len(samples))
        except (KeyError, AttributeError, TypeError, ValueError, AssertionError, IndexError):
            raise ValueError(
                f'{path}: it does not hold the samples of a pose model of '
                f'{counted(labels.metainfo["num_keypoints"], "keypoint")}: give what tools/test.py --dump wrote, or '
                'COCO results.'
            ) from None
        results: list[dict] = json.loads(Path(f'{folder}/results.keypoints.json').read_text())
        return results
