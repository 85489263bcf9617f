"""What the flags do to the config, those of train.py above all, and which mistakes are named."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import RUNNERS
from mmengine.runner import Runner

from tests.helpers.tiny_flags import TEXT, flags
from vitpose_mm.datasets import SeededIndex
from vitpose_mm.engine import test as engine_test
from vitpose_mm.engine import train as engine_train
from vitpose_mm.engine.hooks import PlainCheckpointHook, ResumeCheckHook
from vitpose_mm.engine.test import add_test_flags
from vitpose_mm.engine.train import add_train_flags, build_runner, exit_on_user_error, load_config, read_config
from vitpose_mm.models.backbones.arch import find_arch


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
    assert cfg.optim_wrapper.type == 'vitpose_mm.FiniteAmpOptimWrapper'
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
    assert (hook.enable, hook.show, hook.out_dir, hook.interval) == (True, False, str(Path('drawn').resolve()), 5)
    add(cfg, flags(show=True, wait_time=2.5))
    assert (hook.show, hook.wait_time) == (True, 2.5)
    del cfg.default_hooks['visualization']
    with pytest.raises(ValueError, match=r'default_hooks\.visualization'):
        add(cfg, flags(show_dir='drawn'))


def test_runner_type(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the switch neither FlexibleRunner nor FSDP and DeepSpeed can be reached."""
    built = []

    def build(name: str) -> SimpleNamespace:
        built.append(name)
        hooks: list = []
        return SimpleNamespace(hooks=hooks, register_hook=hooks.append)

    monkeypatch.setattr(RUNNERS, 'build', lambda cfg: build(cfg.runner_type))
    monkeypatch.setattr(Runner, 'from_cfg', lambda cfg: build('Runner'))
    for cfg in (Config(dict(runner_type='FlexibleRunner')), Config(dict(a=1))):
        hooks = build_runner(cfg).hooks
        assert [type(hook) for hook in hooks] == [ResumeCheckHook, PlainCheckpointHook]
    assert built == ['FlexibleRunner', 'Runner']


@pytest.mark.parametrize(('module', 'name', 'looks_at'), [(engine_train, 'train', True), (engine_test, 'test', False)])
def test_config_is_checked_before_anything_is_built(
    path: str, monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str, looks_at: bool
) -> None:
    calls = []

    def check_config(cfg: Config, *, resume: str | None = None, for_training: bool = True) -> None:
        calls.append(('check', resume, for_training))
        raise ValueError('the disk is upside down: turn it round.')

    monkeypatch.setattr(module, 'check_config', check_config)
    monkeypatch.setattr(Runner, 'from_cfg', lambda cfg: calls.append('build'))
    with pytest.raises(SystemExit) as info:
        getattr(module, name)(flags(config=path, resume='x.pth', out=None))
    assert info.value.code == 'error: the disk is upside down: turn it round.'
    assert calls == [('check', 'x.pth' if looks_at else None, looks_at)]


def test_amp_needs_a_gpu_or_a_cpu_that_multiplies_bfloat16(cfg: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('torch.cuda.is_available', lambda: False)
    monkeypatch.setattr(torch.cpu, 'get_capabilities', lambda: {'avx512_f': True, 'avx512_bf16': False})
    with pytest.raises(ValueError, match='--amp needs a GPU, or a CPU with AMX or AVX512-BF16'):
        add_train_flags(cfg, flags(amp=True))


@pytest.mark.parametrize('name', ['avx512_bf16', 'amx_bf16'])
def test_amp_on_a_cpu_is_bfloat16(cfg: Config, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr('torch.cuda.is_available', lambda: False)
    monkeypatch.setattr(torch.cpu, 'get_capabilities', lambda: {name: True})
    cfg.model.head = dict(type='vitpose_mm.ClassicHead')
    add_train_flags(cfg, flags(amp=True))
    assert cfg.optim_wrapper.type == 'vitpose_mm.FiniteAmpOptimWrapper'
    assert cfg.optim_wrapper.dtype == 'bfloat16'
    cfg.optim_wrapper.type, cfg.model.head.type = 'OptimWrapper', 'HeatmapHead'
    with pytest.raises(
        ValueError, match="--amp on a CPU needs a head of this package and the config has 'HeatmapHead'"
    ):
        add_train_flags(cfg, flags(amp=True))


def test_a_config_by_its_name_and_a_base_that_is_not_there(tmp_path: Path) -> None:
    assert read_config('mmdet::rtmdet/rtmdet_tiny_8xb32-300e_coco.py', {'a': 1}).model.type == 'RTMDet'
    (tmp_path / 'leaf.py').write_text("_base_ = 'gone.py'")
    with pytest.raises(SystemExit, match=r'error: .*leaf\.py cannot be read: .*gone\.py'):
        read_config(str(tmp_path / 'leaf.py'), {})


def test_in_a_training_only_our_own_sentences_end_it() -> None:
    with pytest.raises(SystemExit, match=r"error: arch='tiny' is not known"), exit_on_user_error(ours_only=True):
        find_arch('tiny')
    with pytest.raises(ValueError, match='invalid literal'), exit_on_user_error(ours_only=True):
        int('three')
    with pytest.raises(ValueError, match='invalid literal'), exit_on_user_error(ours_only=True):
        SeededIndex('a')  # type: ignore[arg-type]  # a builtin, called by us: a bug of ours


def test_only_a_users_mistake_loses_its_traceback() -> None:
    with pytest.raises(KeyError), exit_on_user_error():
        raise KeyError('a bug')
