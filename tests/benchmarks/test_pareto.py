"""The picture of rate against the paper's AP."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vitpose_mm.benchmarks.pareto import draw_rates


def write_page(path: Path, models: dict[str, str]) -> str:
    rows = [{'model': name, 'setting': 'bf16', 'crops/s': rate} for name, rate in models.items()]
    tables = {'Speed, batch 64': rows, 'Latency': [{'model': 'ours-base-classic', 'ms': '7'}]}
    path.write_text(json.dumps({'machine': {'device': 'a chip'}, 'tables': tables}))
    return str(path)


def test_measured_rates_stand_at_the_papers_ap(tmp_path: Path) -> None:
    models = {'ours-base-classic': '1,850', 'mmpose-base-classic': '900', 'hrnet-w48': '77.5', 'mine': '3'}
    report = draw_rates([write_page(tmp_path / 'page.json', models)])
    rows = [tuple(row.values()) for row in report.tables['Rates']]
    assert rows[:3] == [
        ('this package, a chip, bf16', 'ViTPose-B', '1,850', '75.8'),
        ("MMPose's ViTPose, a chip, bf16", 'ViTPose-B', '900', '75.8'),
        ('MMPose, a chip, bf16', 'HRNet-W48', '77.5', '75.1'),
    ]
    assert ('the paper, A100', 'ViTPose-H', '241', '79.1') in rows and len(rows) == 3 + 8
    assert report.svg == draw_rates([str(tmp_path / 'page.json')]).svg  # the same figures give the same file
    assert [path.suffix for path in report.write(tmp_path, 'pareto')] == ['.md', '.json', '.svg']


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / 'other.json').write_text('{"tables": 1}')
    with pytest.raises(ValueError, match=r'is not a page that benchmark\.py model'):
        draw_rates([str(tmp_path / 'other.json')])
    with pytest.raises(ValueError, match='has no model whose AP the paper gives: measure some of small-classic, '):
        draw_rates([write_page(tmp_path / 'page.json', {'mine': '3'})])
