"""Kinds of attention at several sizes, from end to end and tiny."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
import torch

from vitpose_mm.benchmarks.attention import choose_rows
from vitpose_mm.benchmarks.crossover import Crossover, benchmark_crossover, draw_crossover, parse_size
from vitpose_mm.benchmarks.settings import Setting
from vitpose_mm.benchmarks.timing import Clock, Protocol, Stand

STAND = Stand(torch.device('cpu'), Clock(torch.device('cpu'), 'wall'), Protocol(1, 2, 2), 1, lambda text: None)


@pytest.mark.slow
def test_every_size_is_measured_and_drawn(tiny_attention: Path, tmp_path: Path) -> None:
    bench = Crossover(STAND, Setting.parse('fp32'), layers=1, memory_batch=2)
    rows = choose_rows(['full', 'shift-pool'])
    report = benchmark_crossover(bench, rows, [(48, 64), (96, 128)], tiny_attention)
    assert list(report.tables) == ['Crops of 48x64, 48 tokens', 'Crops of 96x128, 192 tokens']
    large = report.raw['96x128']
    # windows of 12 tokens and 16 pooled ones in place of 192 tokens, 32 channels, one block
    assert large['full']['macs'] - large['shift-pool']['macs'] == 2 * 192 * (192 - 28) * 32
    assert large['full']['measured'] > report.raw['48x64']['full']['measured'] > 0
    assert len(large['shift-pool']['seconds']) == 2
    assert report.tables['Crops of 96x128, 192 tokens'][0]['time of full'] == '1.00 (1.00 to 1.00)'
    assert [path.suffix for path in report.write(tmp_path, 'crossover')] == ['.md', '.json', '.svg']
    assert 'svg' not in (tmp_path / 'crossover.json').read_text()


def test_the_drawing_is_the_same_each_time() -> None:
    point = dict(tokens=768, time=1.0, time_low=0.9, time_high=1.1, macs=1.0, computed=1.0, measured=1.0)
    points = {'full': [point, {**point, 'tokens': 1200}]}
    first, second = (draw_crossover(points, 'a title') for _ in range(2))
    assert first == second
    assert ElementTree.fromstring(first).tag == '{http://www.w3.org/2000/svg}svg'


@pytest.mark.parametrize('text', ['large', '192', '192x', '-1x5'])
def test_a_size_is_width_and_height(text: str) -> None:
    assert parse_size('192x256') == (192, 256)
    with pytest.raises(ValueError, match=f'--sizes {text}: write width and height in pixels'):
        parse_size(text)
