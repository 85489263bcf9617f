from __future__ import annotations

import json
from pathlib import Path

import cv2

from vitpose_mm.quickstart.outcomes import Outcome
from vitpose_mm.quickstart.summary import draw_curves, read_losses, score_table, time_table

POSE = {'coco/AP': 0.5512, 'coco/AP .5': 0.8, 'coco/AP .75': 0.6, 'coco/AR': 0.61}
BOXES = {'coco/bbox_mAP': 0.41, 'coco/bbox_mAP_50': 0.66, 'coco/bbox_mAP_75': 0.38}


def _outcomes() -> dict[str, Outcome]:
    return {
        'boxes': Outcome(BOXES, 10.0),
        'truth': Outcome(POSE, 20.4),
        'detected': Outcome({**POSE, 'coco/AP': 0.4}, 30.0),
    }


def test_scores_stand_in_their_columns() -> None:
    head, rule, truth, detected, boxes = score_table(_outcomes()).splitlines()
    assert head.split() == ['AP', 'AP50', 'AP75', 'AR'] and set(rule) == {'-'}
    assert truth.split()[-4:] == ['0.551', '0.800', '0.600', '0.610']
    assert detected.split()[-4:] == ['0.400', '0.800', '0.600', '0.610']
    assert boxes.split()[-4:] == ['0.410', '0.660', '0.380', '-']
    assert len({len(line) for line in (head, rule, truth, detected, boxes)}) == 1


def test_times_add_up() -> None:
    lines = time_table({'detect': 10.0, 'score': 20.4, 'score again (done before)': 30.0}).splitlines()
    assert [line.split()[-1] for line in lines[2:]] == ['10', '20', '30', '60']
    assert 'score again (done before)' in lines[4]


def test_losses_of_a_resumed_training_are_one_curve(tmp_path: Path) -> None:
    for run, steps in (('20260101_000000', {10: 3.0, 20: 2.0, 30: 1.9}), ('20260101_000100', {30: 1.5, 40: 1.0})):
        folder = tmp_path / run / 'vis_data'
        folder.mkdir(parents=True)
        lines = [json.dumps({'loss': loss, 'lr': 0.1, 'step': step}) for step, loss in steps.items()]
        (folder / 'scalars.json').write_text('\n'.join([*lines, json.dumps({'coco/AP': 0.1, 'step': 1})]))
    assert read_losses(tmp_path) == [(10, 3.0), (20, 2.0), (30, 1.5), (40, 1.0)]
    draw_curves(tmp_path / 'curves.png', {'detector': tmp_path, 'nothing yet': tmp_path / 'absent'})
    picture = cv2.imread(str(tmp_path / 'curves.png'))
    assert picture.shape[1] == 990 and (picture.reshape(-1, 3).min(axis=0) < 150).all()
