"""The server's rate next to the predictor's: every image is answered with its people, and 50 clients share batches."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.test_inference import POSE, detector_config  # noqa: F401  a fixture
from vitpose_mm.benchmarks import inference
from vitpose_mm.benchmarks.serve import benchmark_serve


def test_every_client_is_answered(tiny_config: Path, detector_config: str, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    text = tiny_config.read_text().replace('(48, 64)', '(192, 256)').replace('(12, 16)', '(48, 64)') + POSE
    tiny_config.write_text(text)
    monkeypatch.setattr(inference, 'find_detector_config', lambda name: detector_config)
    said: list[str] = []
    report = benchmark_serve(tiny_config, detector='tiny', people=2, images=8, rounds=2, say=said.append)
    (rows,) = report.tables.values()
    assert [row[''] for row in rows] == ['predictor', 'server, 1 client', 'server, 8 clients', 'server, 50 clients']
    assert [row['answers'] for row in rows] == ['16 of 16', '4 of 4', '16 of 16', '16 of 16']
    assert rows[0]['next to the predictor'] == '1.00 (1.00 to 1.00)'
    assert len(said) == 8
    with pytest.raises(ValueError, match='--images 3 --people 1 --rounds 1: give 4 or more'):
        benchmark_serve(tiny_config, detector='tiny', people=1, images=3, rounds=1, say=said.append)
