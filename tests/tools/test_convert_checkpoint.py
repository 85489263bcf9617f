"""tools/convert_checkpoint.py as a user runs it."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from vitpose_mm.checkpoints import load_file

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(root: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return exit code, output, errors of arguments; in this process, which has torch already."""
    main = runpy.run_path(str(root / 'tools' / 'convert_checkpoint.py'))['main']

    def call(*args: object) -> tuple[int, str, str]:
        code = main([*map(str, args)])
        return code, *capsys.readouterr()

    return call


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """A one-block timm model without a class token, patch 14, on a grid of 4 x 4."""
    shapes = {'pos_embed': (1, 17, 64), 'cls_token': (1, 1, 64), 'head.weight': (5, 64)}
    sizes = {'norm1': (64,), 'attn.qkv': (192, 64), 'attn.proj': (64, 64), 'norm2': (64,)}
    sizes |= {'mlp.fc1': (256, 64), 'mlp.fc2': (64, 256)}
    layers = {f'blocks.0.{name}': shape for name, shape in sizes.items()}
    layers |= {'patch_embed.proj': (64, 3, 14, 14), 'norm': (64,)}
    for name, shape in layers.items():
        shapes |= {f'{name}.weight': shape, f'{name}.bias': shape[:1]}
    torch.save({name: torch.randn(shape) for name, shape in shapes.items()}, tmp_path / 'timm.pth')
    return tmp_path / 'timm.pth'


def test_help_loads_nothing_heavy_and_says_what_can_be_said(root: Path) -> None:
    script = root / 'tools' / 'convert_checkpoint.py'
    code = f'import runpy, sys; sys.argv = ["x", "-h"]; runpy.run_path({str(script)!r}, run_name="__main__")'
    command = [sys.executable, '-X', 'importtime', '-c', code]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0 and not re.search(r'\| +(torch|mmengine|vitpose_mm)$', result.stderr, re.M)
    for word in ('--from', '--to', '--dataset', '--grid', 'official', 'mae', 'timm', 'hf'):
        assert word in result.stdout


def test_it_converts_and_reports(run: Run, tmp_path: Path, plain: Path) -> None:
    code, out, err = run(plain, tmp_path / 'ours.safetensors', '--to-grid', 4, 3)
    assert code == 0, err
    lines = dict(line.split(maxsplit=1) for line in out.splitlines())
    assert lines['origin'] == 'timm'
    assert lines['renamed'] == '2: norm.weight -> last_norm.weight, norm.bias -> last_norm.bias'
    assert lines['resized'] == 'patch kernel 14x14 -> 16x16 pixels (bicubic); position grid 4x4 -> 4x3 tokens (bicubic)'
    assert lines['dropped'].startswith('3: backbone.cls_token, backbone.head.weight, the first 1 of 17 tokens')
    assert lines['missing'] == lines['unknown'] == lines['folded'] == 'nothing'
    assert '1 blocks, 64 wide, position grid 4x3' in lines['note'] and '1 is usual' in lines['note']
    state = load_file(tmp_path / 'ours.safetensors')
    assert state['pos_embed'].shape == (1, 13, 64) and state['patch_embed.proj.weight'].shape == (64, 3, 16, 16)


def test_it_ends_with_1_and_writes_nothing_where_something_is_missing(run: Run, tmp_path: Path, plain: Path) -> None:
    state = load_file(plain)
    del state['blocks.0.mlp.fc1.bias']
    torch.save(state, plain)
    code, out, err = run(plain, tmp_path / 'ours.pth')
    assert code == 1
    assert 'missing   1: backbone.blocks.0.mlp.fc1.bias' in out
    assert err.splitlines()[-1] == f'error: {plain} lacks weights; {tmp_path / "ours.pth"} was not written.'
    assert not (tmp_path / 'ours.pth').exists()


def test_errors_are_one_sentence(run: Run, tmp_path: Path) -> None:
    code, _out, err = run(tmp_path / 'nothing.pth', tmp_path / 'ours.pth')
    assert code == 1
    assert err.splitlines()[-1] == (
        f'error: {tmp_path / "nothing.pth"} does not exist: check the path of the checkpoint.'
    )
    assert 'Traceback' not in err
