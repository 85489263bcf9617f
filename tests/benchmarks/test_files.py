"""Reading a checkpoint and checking labels: what is timed, and the report."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from vitpose_mm.benchmarks.coco_sized import write_set
from vitpose_mm.benchmarks.files import OURS, THEIRS, benchmark_files
from vitpose_mm.benchmarks.timing import Clock, Protocol, Stand
from vitpose_mm.checks.preflight import check_config


def test_the_report_compares_the_readers_and_times_the_labels(tiny_config: Path) -> None:
    device = torch.device('cpu')
    stand = Stand(device, Clock(device, 'wall'), Protocol(0, 2, 2), 1, lambda text: None)
    report = benchmark_files(stand, tiny_config, share=0.001)
    loading, labels = report.tables.values()
    seconds = report.raw['loading']
    assert [len(seconds[name]) for name in (THEIRS, OURS)] == [2, 2] and min(seconds[OURS]) > 0
    ratios = [ours / theirs for ours, theirs in zip(seconds[OURS], seconds[THEIRS], strict=True)]
    assert loading[0][f'{OURS} / {THEIRS}'].startswith(f'{sum(ratios) / 2:.2f} (')
    assert labels[0]['training, validation'] == '118 images and 262 people, 5 images and 11 people'


def test_the_set_is_good_and_labels_are_left_out_of_none(tmp_path: Path) -> None:
    cfg = write_set(tmp_path, share=0.001)
    assert check_config(cfg) == []
    ann_file = Path(cfg.train_dataloader.dataset.ann_file)
    ann_file.write_text(ann_file.read_text().replace('"id": 7,', '"id": 8,', 1))
    with pytest.raises(ValueError, match='id 8'):
        check_config(cfg)
