"""Keypoints and metrics of a model in other number types: measured against MMEngine's own test and a known shift."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from tests.helpers.tiny_coco import dataset_cfg, write_coco
from tests.helpers.tiny_run import run_cfg
from vitpose_mm.benchmarks import precision
from vitpose_mm.benchmarks.precision import REFERENCE, benchmark_precision
from vitpose_mm.codecs import BatchedUDPHeatmap
from vitpose_mm.inference.heatmaps import Forward


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    """The config of a tiny model with people to score on, and a checkpoint."""
    data = write_coco(tmp_path / 'data')
    dataset = dataset_cfg(data, test_mode=True)
    dataset['pipeline'] = [
        {'type': 'LoadImage'},
        {'type': 'GetBBoxCenterScale'},
        {'type': 'TopdownAffine', 'input_size': (48, 64), 'use_udp': True},
        {'type': 'PackPoseInputs'},
    ]
    loader = {'batch_size': 8, 'sampler': {'type': 'DefaultSampler', 'shuffle': False}, 'dataset': dataset}
    cfg = run_cfg(data, tmp_path / 'run')
    cfg.val_dataloader, cfg.test_dataloader = loader, loader
    cfg.val_evaluator = {'type': 'PCKAccuracy', 'thr': 0.2}
    cfg.test_evaluator, cfg.val_cfg, cfg.test_cfg = cfg.val_evaluator, {}, {}
    cfg.model.test_cfg = {'flip_test': True}
    torch.manual_seed(0)
    checkpoint = tmp_path / 'model.pth'
    torch.save({'state_dict': Runner.build_model(Runner.from_cfg(cfg), cfg.model).state_dict()}, checkpoint)
    cfg.dump(tmp_path / 'config.py')
    return str(tmp_path / 'config.py'), str(checkpoint)


def maps_at(x: float, y: float) -> Forward:
    """A stand-in that finds every keypoint of every crop at (x, y), pixels of the crop."""
    one = BatchedUDPHeatmap(input_size=(48, 64), heatmap_size=(12, 16), sigma=2).encode(
        np.full((1, 17, 2), (x, y), np.float32)
    )
    return lambda crops: torch.from_numpy(one['heatmaps']).expand(len(crops), -1, -1, -1).clone()


def test_a_known_distance_is_found(files: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    cfg = Config.fromfile(files[0])
    cfg.model.test_cfg = {'flip_test': False}
    cfg.dump(files[0])
    makers = {REFERENCE: lambda: maps_at(20, 30), 'moved': lambda: maps_at(21.5, 30)}
    monkeypatch.setattr(precision, 'makers', lambda model, cfg: makers)
    report = benchmark_precision(*files, rows=None, batch=8, say=lambda text: None)
    reference, moved = report.tables['Keypoints and scores']
    assert reference['largest, px'] == '0.000'
    assert float(moved['median, px']) == pytest.approx(1.5, abs=0.05)
    assert '340 keypoints' in report.notes[1]  # 20 people


def test_metrics_are_those_of_the_test(files: tuple[str, str]) -> None:
    report = benchmark_precision(*files, rows=['none'], batch=3, say=lambda text: None)
    cfg = Config.fromfile(files[0])
    cfg.load_from = files[1]
    expected = Runner.from_cfg(cfg).test()
    assert report.raw['metrics'][REFERENCE] == pytest.approx(expected)
    assert expected['PCK'] > 0


def test_what_cannot_run_is_said(files: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr('vitpose_mm.export.packages.find_spec', lambda name: None)
    report = benchmark_precision(*files, rows=['openvino bf16'], batch=8, say=said.append)
    assert [row[''] for row in report.tables['Keypoints and scores']] == [REFERENCE]
    assert any(line.startswith('openvino bf16: left out') for line in said)


def test_a_model_without_udp_heatmaps(files: tuple[str, str]) -> None:
    cfg = Config.fromfile(files[0])
    cfg.model.test_cfg = {'output_keypoint_indices': [0]}
    cfg.dump(files[0])
    with pytest.raises(ValueError, match='has no UDP heatmaps'):
        benchmark_precision(*files, rows=None, batch=8, say=lambda text: None)
