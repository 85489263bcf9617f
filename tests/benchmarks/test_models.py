"""The speed benchmark from end to end, tiny."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from vitpose_mm.benchmarks import models
from vitpose_mm.benchmarks.benchmark_models import BenchmarkModel
from vitpose_mm.benchmarks.models import Bench, Outcome, Task, benchmark_models
from vitpose_mm.benchmarks.timing import Clock, Protocol, Stand

BENCH = Bench(
    Stand(torch.device('cpu'), Clock(torch.device('cpu'), 'wall'), Protocol(1, 2, 2), 2, lambda text: None),
    settings=['fp32'],
    matmul_side=16,
)
COST = (1_000_000, 2_000_000_000)


def test_a_run_gives_a_table_for_each_task(tiny_config: Path) -> None:
    ours = BenchmarkModel('ours', tiny_config, baseline='theirs')
    theirs = BenchmarkModel('theirs', tiny_config)
    report = benchmark_models(BENCH, [Task('Speed', 2), Task('Training step', 2, training=True)], [ours, theirs])
    assert list(report.tables) == ['Speed, batch 2', 'Training step, batch 2']
    first, second = report.tables['Speed, batch 2']
    assert (first['model'], first['setting'], first['GMACs']) == ('ours', 'fp32', '0.05')
    assert first['vs mmpose'] != '-'
    assert second['vs mmpose'] == '-'
    assert report.raw['costs']['ours'] == report.raw['costs']['theirs']
    assert len(report.raw['Speed']['seconds']['ours']) == 2


def test_a_line_says_rate_share_and_ratio() -> None:
    outcome = Outcome(
        Task('Speed', 4),
        settings={'a': 'bf16+compile'},
        seconds={'a': [0.1, 0.1, 0.2], 'b': [0.2, 0.2, 0.2]},
        ceilings={'bf16': 160e9},
    )
    row = models._row(BenchmarkModel('a', Path('a.py'), baseline='b'), outcome, COST)
    assert row['crops/s'] == '40'
    assert row['ms'] == '100'
    assert row['of ceiling'] == '50%'  # 4 * 2 GMACs in 0.1 s, of 160
    assert row['vs mmpose'] == '2.00 (1.00 to 2.00)'


def test_the_fastest_setting_is_taken_and_failures_are_kept(tiny_config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def trial(self: Bench, candidate: BenchmarkModel, setting: str, task: Task) -> object:
        return {'fp32': 0.3, 'bf16': 0.2, 'fp16': 'RuntimeError: no'}[setting]

    monkeypatch.setattr(Bench, '_try', trial)
    bench = replace(BENCH, settings=['fp32', 'bf16', 'fp16'])
    outcome = bench.run(Task('Speed', 1), [BenchmarkModel('ours', tiny_config)])
    assert outcome.settings == {'ours': 'bf16'}
    assert outcome.trials['ours']['fp16'] == 'RuntimeError: no'
    assert list(outcome.ceilings) == ['bf16']


def test_a_setting_that_raises_is_a_result(tiny_config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **options: object) -> None:
        raise RuntimeError('cannot do it\nand more')

    monkeypatch.setattr(models, 'make_call', fail)
    bench = replace(BENCH, settings=['fp32', 'bf16'])
    assert bench._try(BenchmarkModel('ours', tiny_config), 'bf16', Task('Speed', 1)) == 'RuntimeError: cannot do it'


def test_a_model_without_a_setting_is_listed_as_failed() -> None:
    row = models._row(BenchmarkModel('a', Path('a.py')), Outcome(Task('Speed', 1)), COST)
    assert row['setting'] == 'failed'
    assert row['crops/s'] == '-'
