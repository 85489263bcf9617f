"""The distillation study: each run differs from the others in its setting alone, and its options are understood."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.shipped_configs import with_options
from vitpose_mm.distillation.stage_configs import check_distillation, given_token, has_token, training_config
from vitpose_mm.studies.distillation import DATA, DISTILLATION, REAL
from vitpose_mm.studies.study import Study

RUNS = {run.name: run for run in DISTILLATION.runs}
# run: token, weight of the teacher's heatmaps
SETTINGS = {
    'none': ('none', 0.0),
    'token': ('tuned', 0.0),
    'output': ('none', 1.0),
    'both': ('tuned', 1.0),
    'random': ('random', 0.0),
    'trainable': ('trainable', 0.0),
}


@pytest.mark.parametrize(('study', 'last'), [(DISTILLATION, 1), (REAL, 20)], ids=['synthetic', 'real'])
@pytest.mark.parametrize('name', SETTINGS)
def test_a_run_is_its_setting(name: str, study: Study, last: int) -> None:
    runs = {run.name: run for run in study.runs}
    run = runs[name]
    cfg = with_options(run.train, run.options)
    check_distillation(cfg)
    assert (cfg.model.get('token', 'tuned'), cfg.model.get('output_weight', 1.0)) == SETTINGS[name]
    assert cfg.train_cfg.max_epochs == cfg.param_scheduler[1].get('T_max' if study is DISTILLATION else 'end') == last
    assert cfg.model.teacher_checkpoint == '{checkpoint:teacher}'
    assert (given_token(cfg) is None) == (name == 'both' or not has_token(cfg))
    stage = training_config(cfg, Path('x'), start=Path('start.pth'), token=None)
    both = with_options(runs['both'].train, runs['both'].options)
    for key in ('train_dataloader', 'optim_wrapper', 'param_scheduler', 'val_dataloader'):
        assert stage[key] == both[key]
    test = with_options(run.test or '', run.test_options)
    assert test.model.backbone.get('num_tokens', 0) == int(has_token(cfg))
    assert (test.test_dataloader.dataset.data_root == f'{DATA}/') == (study is DISTILLATION)


def test_how_long_teacher_and_token_are_trained() -> None:
    teacher, both = (with_options(RUNS[name].train, RUNS[name].options) for name in ('teacher', 'both'))
    assert teacher.train_cfg.max_epochs == teacher.param_scheduler[1].T_max == 9
    assert both.token_tuning.train_cfg.max_epochs == both.token_tuning.param_scheduler[0].T_max == 1


def test_all_data_is_the_studys_own() -> None:
    for run in RUNS.values():
        assert 'quickstart/data' not in str(with_options(run.train, run.options).to_dict()['train_dataloader'])
        kept = with_options(run.test or run.train, run.test_options).to_dict()
        assert 'quickstart/data' not in str([kept['test_dataloader'], kept['test_evaluator']])
