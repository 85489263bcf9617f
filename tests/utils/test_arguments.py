"""Flags that tools share behave as MMPose's."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from vitpose_mm.utils import arguments


@pytest.fixture
def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    arguments.add_config_options(parser)
    arguments.add_launcher(parser)
    arguments.add_pictures(parser)
    return parser


def test_config_options_are_mmengines(parser: argparse.ArgumentParser) -> None:
    words = ['a.b=[1,2]', 'c=x', 'd=0.5', 'e=None', 'f=[(1,2),(3,4)]', 'g=True']
    parsed = parser.parse_args(['--cfg-options', *words]).cfg_options
    assert parsed == {'a.b': [1, 2], 'c': 'x', 'd': 0.5, 'e': None, 'f': [(1, 2), (3, 4)], 'g': True}
    assert parser.parse_args([]).cfg_options == {}


def test_an_option_without_a_value_is_named(
    parser: argparse.ArgumentParser, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parser.parse_args(['--cfg-options', 'a=1', 'resume'])
    assert "--cfg-options takes KEY=VALUE and got 'resume'" in capsys.readouterr().err


@pytest.mark.parametrize('flag', ['--local-rank', '--local_rank'])
def test_local_rank(parser: argparse.ArgumentParser, monkeypatch: pytest.MonkeyPatch, flag: str) -> None:
    monkeypatch.delenv('LOCAL_RANK', raising=False)
    args = parser.parse_args([f'{flag}=3', '--launcher', 'pytorch'])
    arguments.export_local_rank(args)
    assert os.environ['LOCAL_RANK'] == '3'
    monkeypatch.setenv('LOCAL_RANK', '5')
    arguments.export_local_rank(args)
    assert os.environ['LOCAL_RANK'] == '5'


def test_unknown_launcher(parser: argparse.ArgumentParser) -> None:
    with pytest.raises(SystemExit):
        parser.parse_args(['--launcher', 'rocket'])


def test_require_config(tmp_path: Path) -> None:
    (tmp_path / 'a.py').touch()
    arguments.require_config(argparse.Namespace(config=str(tmp_path / 'a.py')))
    with pytest.raises(SystemExit, match=r'there is no config file b\.py'):
        arguments.require_config(argparse.Namespace(config='b.py'))


def test_known_warnings_are_silenced_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('PYTHONWARNINGS', '')  # so that what is set below is taken back
    monkeypatch.delenv('PYTHONWARNINGS')
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        arguments.silence_known_warnings()
        warnings.warn('pkg_resources is deprecated as an API. See ...', stacklevel=1)
        warnings.warn('your data is odd', stacklevel=1)
    assert [str(item.message) for item in caught] == ['your data is odd']
    code = "import warnings as w; w.warn('pkg_resources is deprecated as an API'); w.warn('your data is odd')"
    child = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert 'pkg_resources' not in child.stderr and 'your data is odd' in child.stderr
