"""COCO results and dumps are read alike; what cannot be used is told in a sentence, and nothing of a file is run."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from tests.helpers.injected_errors import LYNX_FLIPS, inject
from vitpose_mm.analysis import Labels, read_predictions


def make_results(labels: Labels) -> list[dict]:
    rng = np.random.default_rng(0)
    return inject(labels.content, labels.sigmas, LYNX_FLIPS, kinds=['miss'], share=0.3, rng=rng)[0]


def make_sample(result: dict, number: int) -> dict:
    """Return what DumpResults has of a COCO result."""
    points = np.array(result['keypoints']).reshape(1, -1, 3)
    found = {'keypoints': points[..., :2], 'keypoint_scores': points[..., 2], 'bboxes': np.ones((1, 4))}
    truth = {'bbox_scores': np.full(1, result['score']), 'bbox_scales': np.full((1, 2), 50.0)}
    return {
        'id': number, 'img_id': result['image_id'], 'category_id': np.array(1),
        'pred_instances': found, 'gt_instances': truth,
    }  # fmt: skip


def test_json_and_dump(lynxes: Labels, tmp_path: Path) -> None:
    results = make_results(lynxes)
    (tmp_path / 'a.json').write_text(json.dumps(results))
    (tmp_path / 'a.pkl').write_bytes(pickle.dumps([make_sample(one, i) for i, one in enumerate(results)]))
    plain, dumped = (read_predictions(str(tmp_path / name), lynxes) for name in ('a.json', 'a.pkl'))
    assert plain.to_coco() == results
    assert len(dumped.scores) == len(results)  # three far from each other an image: none is suppressed
    points = np.array([one['keypoints'] for one in results]).reshape(-1, 5, 3)
    np.testing.assert_array_equal(np.sort(dumped.keypoints, axis=0), np.sort(points, axis=0))
    confident = np.array([one['score'] for one in results]) * np.array(
        [scores[scores > 0.2].mean() if (scores > 0.2).any() else 0 for scores in points[..., 2]]
    )
    np.testing.assert_allclose(np.sort(dumped.scores), np.sort(confident))


def test_a_dump_of_too_many_people(lynxes: Labels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / 'a.pkl').write_bytes(pickle.dumps([make_sample(one, i) for i, one in enumerate(make_results(lynxes))]))
    monkeypatch.setattr('vitpose_mm.checkpoints.pickle_records.MAX_OPCODES', 1000)
    with pytest.raises(ValueError, match='more than 1,000 steps to build; write COCO results instead'):
        read_predictions(str(tmp_path / 'a.pkl'), lynxes)


class Evil:
    def __reduce__(self) -> tuple:
        return os.mkdir, ('was_run',)


@pytest.mark.parametrize(
    ('name', 'content', 'told'),
    [
        ('a.pkl', pickle.dumps([Evil()]), 'which could run code; write COCO results instead'),
        ('a.pkl', pickle.dumps([{'img_id': 1}])[:-3], 'cut off or damaged'),
        ('a.pkl', pickle.dumps([[0] * 9] * 9), 'no list of predictions'),
        ('a.pkl', pickle.dumps([{'img_id': 1}]), 'does not hold the samples of a pose model of 5 keypoints'),
        ('a.pkl', pickle.dumps([{'subset': 'a'}, {'subset': 'b'}]), 'the subsets a, b: dump one, with --dataset NAME'),
        ('a.json', b'{"a": 1}', 'outfile_prefix'),
        ('a.json', b'{"images": [], "annotations": []}', 'the Python lines of docs/evaluation.md'),
        ('a.json', b'[]', 'nothing to analyse'),
        ('a.json', b'[{"image_id": 999, "category_id": 1}]', 'image 999 and category 1'),
        ('a.json', b'[{"image_id": 1, "category_id": 1, "score": null}]', 'has the score None'),
        ('a.json', b'[{"image_id": 1, "category_id": 1, "score": 1, "keypoints": [1, 2, 3]}]', 'for each of 5'),
        (
            'a.json',
            b'[{"image_id": 1, "category_id": 1, "score": 1, "keypoints": [NaN' + b',1' * 14 + b']}]',
            'for each',
        ),
    ],
    ids=range(12),
)
def test_refused(
    name: str, content: bytes, told: str, lynxes: Labels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=told) as error:
        read_predictions(str(tmp_path / name), lynxes)
    assert name in str(error.value) and '\n' not in str(error.value)
    assert not (tmp_path / 'was_run').exists()


@pytest.mark.parametrize('key', ['image_id', 'category_id'])
@pytest.mark.parametrize('value', [[1], {}, True, None, '1'])
def test_ids_that_are_no_numbers(lynxes: Labels, tmp_path: Path, key: str, value: object) -> None:
    results = make_results(lynxes)
    results[0][key] = value
    (tmp_path / 'a.json').write_text(json.dumps(results))
    with pytest.raises(ValueError, match='prediction number 0 is of image'):
        read_predictions(str(tmp_path / 'a.json'), lynxes)
