"""What runs a model on this CPU: the rows, and what cannot run is left out and said."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from vitpose_mm.benchmarks.backends import benchmark_backends
from vitpose_mm.benchmarks.timing import Clock, Protocol, Stand


def test_rows_are_next_to_mmpose(tiny_config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr('vitpose_mm.export.packages.find_spec', lambda name: None)
    device = torch.device('cpu')
    stand = Stand(device, Clock(device, 'process'), Protocol(0, 2, 2), 3, said.append)
    wanted = ['mmpose fp32', 'torch fp32', 'openvino int8', 'onnxruntime fp32']
    report = benchmark_backends(stand, tiny_config, tiny_config, wanted)
    (rows,) = report.tables.values()
    assert [row[''] for row in rows] == ['mmpose fp32', 'torch fp32']
    assert rows[0]['to mmpose'] == '1.00 (1.00 to 1.00)'
    assert float(rows[1]['crops/s'].split()[0]) > 0
    left_out = [line for line in said if 'left out' in line]
    assert len(left_out) == 2 and 'openvino' in left_out[1] and 'onnxruntime' in left_out[0]
