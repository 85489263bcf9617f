"""tools/publish_model.py as a user runs it."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from vitpose_mm.checkpoints import load_file

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(root: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return exit code, output, errors of arguments; in this process, which has torch already."""
    main = runpy.run_path(str(root / 'tools' / 'publish_model.py'))['main']

    def call(*args: object) -> tuple[int, str, str]:
        code = main([*map(str, args)])
        return code, *capsys.readouterr()

    return call


def test_it_strips_and_prints_the_sizes(run: Run, tmp_path: Path) -> None:
    weights = {'backbone.w': torch.randn(250_000)}
    optimizer = {'state': {0: {'exp_avg': torch.randn(250_000), 'exp_avg_sq': torch.randn(250_000)}}}
    torch.save({'state_dict': weights, 'optimizer': optimizer, 'meta': {'iter': 3}}, tmp_path / 'epoch_1.pth')
    code, out, err = run(tmp_path / 'epoch_1.pth', tmp_path / 'model.pth')
    assert code == 0, err
    assert out == f'{tmp_path / "epoch_1.pth"}: 3.0 MB -> {tmp_path / "model.pth"}: 1.0 MB\n'
    assert torch.equal(load_file(tmp_path / 'model.pth')['state_dict']['backbone.w'], weights['backbone.w'])


def test_a_truncated_file_is_one_sentence(run: Run, tmp_path: Path) -> None:
    torch.save({'w': torch.ones(100)}, tmp_path / 'a.pth')
    (tmp_path / 'a.pth').write_bytes((tmp_path / 'a.pth').read_bytes()[:200])
    code, _out, err = run(tmp_path / 'a.pth', tmp_path / 'model.pth')
    assert code == 1 and 'Traceback' not in err
    assert f'error: {tmp_path / "a.pth"} is truncated, damaged or not a checkpoint' in err
