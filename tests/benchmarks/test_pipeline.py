"""The training pipeline next to MMPose's: the same samples, and every step's time."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.helpers.tiny_coco import write_coco
from vitpose_mm.benchmarks.pipeline import benchmark_pipeline
from vitpose_mm.benchmarks.timing import Clock, Protocol, Stand

CONFIG = """
codec = dict(type='vitpose_mm.BatchedUDPHeatmap', input_size=(48, 64), heatmap_size=(12, 16), sigma=2)
train_dataloader = dict(dataset=dict(
    type='vitpose_mm.MultiDataset',
    datasets=[dict(type='CocoDataset', data_root='{root}', ann_file='ann.json', data_prefix=dict(img='{images}'))],
    pipeline=[
        dict(type='vitpose_mm.SafeLoadImage'), dict(type='GetBBoxCenterScale'), dict(type='RandomFlip'),
        dict(type='RandomHalfBody'), dict(type='RandomBBoxTransform'),
        dict(type='TopdownAffine', input_size=(48, 64), use_udp=True),
        dict(type='GenerateTarget', encoder=codec), dict(type='PackPoseInputs', meta_keys=('id', 'img_path')),
    ],
))
"""


@pytest.mark.parametrize('change', ['', 'sigma=2)'])
def test_both_are_timed_and_compared(tmp_path: Path, change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_coco(tmp_path, num_images=6)
    (tmp_path / 'config.py').write_text(CONFIG.format(root=folder, images='images/'))
    if change:  # MMPose's part gets other targets: it has to be seen
        from vitpose_mm.benchmarks import pipeline

        original = pipeline.as_mmpose
        monkeypatch.setattr(pipeline, 'as_mmpose', lambda steps: _with_sigma(original(steps), 3))
    stand = Stand(torch.device('cpu'), Clock(torch.device('cpu'), 'process'), Protocol(0, 2, 2), 4, lambda text: None)
    report = benchmark_pipeline(stand, tmp_path / 'config.py')
    rows = report.tables['Training pipeline']
    assert [row[''] for row in rows] == ['mmpose', 'ours'] and 'ms a sample' in rows[0]
    assert len(report.raw['ours']) == 2
    assert f'{4 if change else 0} of 4 samples differ' in report.notes[-1]
    steps = report.tables['Milliseconds by step']
    assert [row['step'] for row in steps if row[''] == 'ours'][:3] == ['labels', 'SafeLoadImage', 'GetBBoxCenterScale']
    assert len(steps) == 18


def _with_sigma(steps: list[dict], sigma: int) -> list[dict]:
    return [{**step, 'encoder': {**step['encoder'], 'sigma': sigma}} if 'encoder' in step else step for step in steps]
