"""What each flag of train.py and test.py does to the config, and which mistakes it names."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from mmengine.config import Config
from mmengine.registry import RUNNERS
from mmengine.runner import Runner

from vitpose_mm.engine import launch
from vitpose_mm.engine.launch import (
    SaveMetrics,
    add_test_flags,
    add_train_flags,
    build_runner,
    load_config,
    one_sentence,
)

DEFAULTS = dict(
    cfg_options={}, launcher='none', work_dir=None, show=False, show_dir=None, interval=1, wait_time=1.0,
    no_validate=False, amp=False, resume=None, auto_scale_lr=False, checkpoint=['a.pth'], dataset=None,
    badcase=False, dump=None,
)  # fmt: skip
TEXT = """
model = dict(head=dict(loss=dict(type='KeypointMSELoss')))
optim_wrapper = dict(optimizer=dict(type='AdamW', lr=1e-3))
default_hooks = dict(visualization=dict(type='PoseVisualizationHook', enable=False), badcase=dict(enable=False))
val_cfg = dict()
val_dataloader = dict(batch_size=2)
val_evaluator = dict(type='CocoMetric')
test_evaluator = dict(type='CocoMetric')
"""


def flags(**changes: Any) -> argparse.Namespace:
    """Parsed arguments with some flags given."""
    return argparse.Namespace(**{**DEFAULTS, **changes})


@pytest.fixture
def cfg() -> Config:
    return Config.fromstring(TEXT, '.py')


@pytest.fixture
def path(tmp_path: Path) -> str:
    (tmp_path / 'some_model.py').write_text(TEXT)
    return str(tmp_path / 'some_model.py')


def test_work_dir_and_options(path: str) -> None:
    cfg = load_config(flags(config=path, cfg_options={'val_dataloader.batch_size': 8}, launcher='pytorch'))
    assert cfg.val_dataloader.batch_size == 8
    assert cfg.launcher == 'pytorch'
    assert cfg.work_dir == 'work_dirs/some_model'
    assert load_config(flags(config=path, work_dir='here')).work_dir == 'here'
    assert load_config(flags(config=path, cfg_options={'work_dir': 'there'})).work_dir == 'there'


def test_no_flags_change_nothing(cfg: Config) -> None:
    before = cfg.to_dict()
    add_train_flags(cfg, flags())
    assert cfg.to_dict() == before


def test_no_validate(cfg: Config) -> None:
    add_train_flags(cfg, flags(no_validate=True))
    assert cfg.val_cfg is None and cfg.val_dataloader is None and cfg.val_evaluator is None


@pytest.mark.parametrize(
    ('has_bf16', 'head', 'expected'),
    [
        (True, 'vitpose_mm.ClassicHead', ('bfloat16', 1.0)),
        (False, 'vitpose_mm.ClassicHead', ('float16', 'dynamic')),
        (True, 'HeatmapHead', ('float16', 'dynamic')),  # it hands its heatmaps to numpy, which has no bfloat16
    ],
)
def test_amp(
    cfg: Config, has_bf16: bool, head: str, expected: tuple[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('torch.cuda.is_available', lambda: True)
    monkeypatch.setattr('torch.cuda.is_bf16_supported', lambda including_emulation: has_bf16)
    cfg.model.head.type = head
    add_train_flags(cfg, flags(amp=True))
    assert cfg.optim_wrapper.type == 'AmpOptimWrapper'
    assert (cfg.optim_wrapper.dtype, cfg.optim_wrapper.loss_scale) == expected
    cfg.optim_wrapper.loss_scale = 512.0
    add_train_flags(cfg, flags(amp=True))
    assert cfg.optim_wrapper.loss_scale == 512.0
    cfg.optim_wrapper.type = 'MyWrapper'
    with pytest.raises(ValueError, match="the config has 'MyWrapper'"):
        add_train_flags(cfg, flags(amp=True))


@pytest.mark.parametrize(('resume', 'load_from'), [('auto', 'pretrained.pth'), ('epoch_3.pth', 'epoch_3.pth')])
def test_resume(cfg: Config, resume: str, load_from: str | None) -> None:
    cfg.load_from = 'pretrained.pth'
    add_train_flags(cfg, flags(resume=resume))
    assert cfg.resume is True
    assert cfg.load_from == load_from


def test_auto_scale_lr(cfg: Config) -> None:
    with pytest.raises(ValueError, match=r'add auto_scale_lr=dict\(base_batch_size=512\)'):
        add_train_flags(cfg, flags(auto_scale_lr=True))
    cfg.auto_scale_lr = dict(base_batch_size=512)
    add_train_flags(cfg, flags(auto_scale_lr=True))
    assert cfg.auto_scale_lr == dict(base_batch_size=512, enable=True)


@pytest.mark.parametrize('add', [add_train_flags, add_test_flags])
def test_pictures(cfg: Config, add: Any) -> None:
    add(cfg, flags(show_dir='drawn', interval=5))
    hook = cfg.default_hooks.visualization
    assert (hook.enable, hook.show, hook.out_dir, hook.interval) == (True, False, 'drawn', 5)
    add(cfg, flags(show=True, wait_time=2.5))
    assert (hook.show, hook.wait_time) == (True, 2.5)
    del cfg.default_hooks['visualization']
    with pytest.raises(ValueError, match=r'default_hooks\.visualization'):
        add(cfg, flags(show_dir='drawn'))


def test_test_loads_the_checkpoint_and_resumes_nothing(cfg: Config) -> None:
    cfg.resume = True
    add_test_flags(cfg, flags(checkpoint=['best.pth']))
    assert cfg.load_from == 'best.pth' and cfg.resume is False
    assert cfg.test_evaluator == dict(type='CocoMetric')


def test_dump(cfg: Config) -> None:
    add_test_flags(cfg, flags(dump='out.pkl'))
    assert cfg.test_evaluator == [dict(type='CocoMetric'), dict(type='DumpResults', out_file_path='out.pkl')]
    with pytest.raises(ValueError, match=r"got 'out.json': give a path that ends in .pkl"):
        add_test_flags(cfg, flags(dump='out.json'))


def test_badcase(cfg: Config) -> None:
    add_test_flags(cfg, flags(badcase=True, interval=3, show_dir='drawn'))
    hook = cfg.default_hooks.badcase
    assert (hook.enable, hook.show, hook.interval) == (True, False, 3)
    assert hook.metric == dict(type='KeypointMSELoss')
    assert cfg.default_hooks.visualization.enable is False
    hook.metric_type = 'colour'
    with pytest.raises(ValueError, match="metric_type is 'colour'"):
        add_test_flags(cfg, flags(badcase=True))
    del cfg.default_hooks['badcase']
    with pytest.raises(ValueError, match=r'default_hooks\.badcase'):
        add_test_flags(cfg, flags(badcase=True))


def test_runner_type(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the switch neither FlexibleRunner nor FSDP and DeepSpeed can be reached."""
    built = []
    monkeypatch.setattr(RUNNERS, 'build', lambda cfg: built.append(cfg.runner_type))
    monkeypatch.setattr(Runner, 'from_cfg', lambda cfg: built.append('Runner'))
    build_runner(Config(dict(runner_type='FlexibleRunner')))
    build_runner(Config(dict(a=1)))
    assert built == ['FlexibleRunner', 'Runner']


def test_metrics_are_written_by_the_first_process(tmp_path: Path) -> None:
    hook = SaveMetrics(str(tmp_path / 'metrics.json'))
    hook.after_test_epoch(SimpleNamespace(rank=1), {'coco/AP': 0.25})  # type: ignore[arg-type]
    assert not (tmp_path / 'metrics.json').exists()
    hook.after_test_epoch(SimpleNamespace(rank=0), {'coco/AP': 0.25})  # type: ignore[arg-type]
    assert json.loads((tmp_path / 'metrics.json').read_text()) == {'coco/AP': 0.25}


@pytest.mark.parametrize(('name', 'looks_at'), [('train', True), ('test', False)])
def test_config_is_checked_before_anything_is_built(
    path: str, monkeypatch: pytest.MonkeyPatch, name: str, looks_at: bool
) -> None:
    calls = []

    def check_config(cfg: Config, *, resume: str | None = None, for_training: bool = True) -> None:
        calls.append(('check', resume, for_training))
        raise ValueError('the disk is upside down: turn it round.')

    monkeypatch.setattr(launch, 'check_config', check_config)
    monkeypatch.setattr(launch, 'build_runner', lambda cfg: calls.append('build'))
    with pytest.raises(SystemExit) as info:
        getattr(launch, name)(flags(config=path, resume='x.pth', out=None))
    assert info.value.code == 'error: the disk is upside down: turn it round.'
    assert calls == [('check', 'x.pth' if looks_at else None, looks_at)]


def test_only_a_users_mistake_loses_its_traceback() -> None:
    with pytest.raises(KeyError), one_sentence():
        raise KeyError('a bug')
