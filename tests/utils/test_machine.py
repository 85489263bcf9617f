from __future__ import annotations

import os
from pathlib import Path

import pytest

from vitpose_mm.utils import machine


def test_cores_are_those_that_the_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, 'sched_getaffinity', lambda pid: {3, 5})
    assert machine.count_cores() == 2
    monkeypatch.delattr(os, 'sched_getaffinity')
    monkeypatch.setattr(os, 'cpu_count', lambda: None)
    assert machine.count_cores() == 1


@pytest.mark.parametrize(('answer', 'hidden'), [('noise\nnot available', True), ('13.0', False), ('', False)])
def test_a_gpu_is_hidden_where_mmcv_has_no_ops_for_it(
    answer: str, hidden: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, script in {'nvidia-smi': 'true', 'python': f'printf "{answer}\n"'}.items():
        (tmp_path / name).write_text(f'#!/bin/sh\n{script}\n')
        (tmp_path / name).chmod(0o755)
    said: list[str] = []
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '0')
    monkeypatch.setattr(machine.sys, 'executable', str(tmp_path / 'python'))
    monkeypatch.setenv('PATH', '/nowhere')
    machine.hide_gpus_without_ops(said.append)
    assert os.environ['CUDA_VISIBLE_DEVICES'] == '0' and said == []
    monkeypatch.setenv('PATH', f'{tmp_path}:/usr/bin:/bin')
    machine.hide_gpus_without_ops(said.append)
    assert os.environ['CUDA_VISIBLE_DEVICES'] == ('' if hidden else '0') and len(said) == hidden
