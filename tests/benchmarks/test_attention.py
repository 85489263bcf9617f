"""The table of attention kinds from end to end, tiny, and the figures that its docs claim."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from vitpose_mm.benchmarks.attention import ROWS, AttentionBench, benchmark_attention, choose_rows
from vitpose_mm.benchmarks.settings import Setting
from vitpose_mm.benchmarks.timing import Clock, Protocol, Stand

BENCH = AttentionBench(
    Stand(torch.device('cpu'), Clock(torch.device('cpu'), 'wall'), Protocol(1, 2, 2), 2, lambda text: None),
    training=Setting.parse('fp32'),
    forward=Setting.parse('fp32'),
    memory_batch=3,
)


def test_every_row_has_its_config(root: Path) -> None:
    assert len(ROWS) == 7
    assert all(row.path(root / 'configs').is_file() for row in ROWS.values())


def test_an_unknown_row_is_refused() -> None:
    with pytest.raises(ValueError, match="'dilated' is not a row of the table: choose from full, window"):
        choose_rows(['full', 'dilated'])


@pytest.mark.slow
def test_a_run_gives_counts_and_times(tiny_attention: Path) -> None:
    report = benchmark_attention(BENCH, choose_rows(['full', 'shift-pool']), tiny_attention)
    counts, times = report.tables.values()
    assert [row['attention'] for row in counts] == ['full', 'window 8x8 + shift + pool']
    assert [row['paper, MB'] for row in counts] == ['36,141', '22,893']
    assert times[0]['speed vs full'] == '1.00 (1.00 to 1.00)'
    rows = report.raw['rows']
    assert rows['full']['allocated'] is None
    assert rows['full']['macs_backbone'] < rows['full']['macs']
    # 8x6 tokens see 48, or windows of 12 and 4 pooled tokens: products of 32 channels in both of two blocks
    saved = 2 * 2 * 48 * (48 - 16) * 32
    assert rows['full']['macs'] - rows['shift-pool']['macs'] == saved
    assert len(report.raw['training_seconds']['full']) == len(report.raw['forward_seconds']['full']) == 2
