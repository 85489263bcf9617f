"""Pictures of what the pipeline feeds are files that hold the crop and its heatmaps."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import cv2
import pytest

from tests.helpers.tiny_config import write_config, write_data


def test_pictures(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    write_data(tmp_path / 'data')
    config = write_config(tmp_path, tmp_path / 'data')
    out = tmp_path / 'out'
    monkeypatch.setattr(sys, 'argv', ['browse', str(config), '--out-dir', str(out), '--number', '3'])
    runpy.run_path(str(root / 'tools' / 'browse_dataset.py'), run_name='__main__')
    assert f'3 pictures\nwritten: {out}\n' in capsys.readouterr().out
    assert sorted(str(path.relative_to(out)) for path in out.rglob('*.jpg')) == [
        'coco/000000_0.jpg',
        'coco/000001_1.jpg',
        'coco/000002_2.jpg',
    ]
    assert cv2.imread(str(out / 'coco' / '000000_0.jpg')).shape == (512, 192, 3)  # crop, heatmaps below it
