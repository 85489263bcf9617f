"""Checkpoints of a config before a run: damaged ones, what is resumed from, what the best one is named for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config

from vitpose_mm.checks.preflight import check_config, checkpoint_files, choose_resume


def save(file: Path, **content: Any) -> str:
    file.parent.mkdir(parents=True, exist_ok=True)
    torch.save({'state_dict': {'a': torch.zeros(2)}, **content}, file)
    return str(file)


def test_checkpoints_are_checked_before_the_data_is_looked_for(cfg: Config, tmp_path: Path) -> None:
    broken = tmp_path / 'broken.pth'
    broken.write_bytes(b'no checkpoint')
    cfg.train_dataloader.dataset.datasets[0].data_root = '/nowhere'
    with pytest.raises(ValueError, match=r'broken\.pth'):
        check_config(cfg, resume=str(broken))
    assert (cfg.resume, cfg.load_from) == (True, str(broken))
    cfg.resume, cfg.load_from = False, None
    cfg.model.backbone.init_cfg = {'type': 'Pretrained', 'checkpoint': str(broken)}
    with pytest.raises(ValueError, match=r'broken\.pth'):
        check_config(cfg)
    check_config(cfg, for_training=False)
    cfg.model.backbone.init_cfg = [{'type': 'Pretrained', 'checkpoint': 'https://example.com/a.pth'}]
    with pytest.raises(ValueError, match='data_root'):
        check_config(cfg)


def test_weights_alone_are_no_state_to_resume_from(cfg: Config, tmp_path: Path) -> None:
    best = save(tmp_path / 'best_coco_AP_epoch_1.pth', meta={'iter': 2, 'epoch': 1})
    with pytest.raises(ValueError, match=r'best_coco_AP_epoch_1\.pth holds weights without the state of an optimizer'):
        check_config(cfg, resume=best)
    check_config(cfg, resume=save(tmp_path / 'epoch_1.pth', meta={'iter': 2, 'epoch': 1}, optimizer={}))
    cfg.resume, cfg.load_from = False, best
    check_config(cfg)


def test_the_best_checkpoint_is_of_a_subset_that_is_scored(cfg: Config) -> None:
    cfg.val_evaluator = {'type': 'vitpose_mm.SubsetMetric', 'subsets': {'aic': cfg.val_evaluator}}
    for best in ('aic/AP', 'auto', None):
        cfg.default_hooks = {'checkpoint': {'type': 'CheckpointHook', 'save_best': best}}
        check_config(cfg)
    cfg.default_hooks.checkpoint.save_best = 'coco/AP'
    with pytest.raises(
        ValueError, match=r"save_best='coco/AP' does not belong to a subset of val_evaluator: .* one of aic, or None"
    ):
        check_config(cfg)


def test_all_checkpoints_of_a_model_are_found(cfg: Config) -> None:
    cfg.load_from = 'first.pth'
    cfg.model.backbone.init_cfg = [{'type': 'Constant'}, {'type': 'Pretrained', 'checkpoint': 'second.pth'}]
    cfg.model.head.init_cfg = {'type': 'Pretrained', 'checkpoint': 'third.pth', 'prefix': 'head.'}
    assert list(checkpoint_files(cfg, for_training=True)) == ['first.pth', 'second.pth', 'third.pth']
    assert list(checkpoint_files(cfg, for_training=False)) == ['first.pth']


def test_resume_without_a_path_takes_the_newest_readable_and_says_so(
    cfg: Config, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work_dir = Path(cfg.work_dir)
    for start in (None, 'pretrained.pth'):
        cfg.load_from = start
        choose_resume(cfg, 'auto')
        assert (cfg.resume, cfg.load_from) == (False, start)
    good = save(work_dir / 'iter_1.pth', optimizer={}, meta={'iter': 1, 'epoch': 0})
    (work_dir / 'iter_2.pth').write_bytes(b'')
    for resume in ('auto', None):
        cfg.resume, cfg.load_from = resume is None, None
        check_config(cfg, resume=resume)
        assert (cfg.resume, cfg.load_from) == (True, good)
    cfg.resume, cfg.load_from = False, None
    check_config(cfg)
    assert (cfg.resume, cfg.load_from) == (False, None)


@pytest.mark.parametrize(
    ('number', 'backend', 'warns'), [(1, 'local', True), (1, 'vitpose_mm', False), (2, 'local', False)]
)
def test_a_single_checkpoint_is_warned_of(
    cfg: Config, monkeypatch: pytest.MonkeyPatch, number: int, backend: str, warns: bool
) -> None:
    said: list[str] = []
    monkeypatch.setattr('vitpose_mm.checks.preflight.print_log', lambda text, **kwargs: said.append(text))
    cfg.default_hooks = {'checkpoint': {'max_keep_ckpts': number, 'backend_args': {'backend': backend}}}
    check_config(cfg)
    assert any('removes the only checkpoint before' in text for text in said) == warns
