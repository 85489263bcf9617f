"""Data files are JSON: a pickle, or YAML that names Python's classes, is not opened."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import mmengine
import pytest
from mmengine.fileio.handlers import PickleHandler, YamlHandler

from vitpose_mm import registry  # noqa: F401  installs the handlers


class Bomb:
    """Makes a file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple:
        return os.system, (f'touch {self.marker}',)


@pytest.mark.parametrize('suffix', ['pkl', 'pickle'])
def test_pickles_are_written_and_not_read(suffix: str, tmp_path: Path) -> None:
    file, marker = tmp_path / f'boxes.{suffix}', tmp_path / 'marker'
    mmengine.dump(Bomb(marker), file)
    with pytest.raises(ValueError, match=r'A \.pkl file given as data .* is not read, because it could run code'):
        mmengine.load(file)
    with file.open('rb') as opened, pytest.raises(ValueError, match='is not read'):
        mmengine.load(opened, file_format=suffix)
    assert not marker.exists()
    with file.open('rb') as opened:
        PickleHandler().load_from_fileobj(opened)  # the attack is real
    assert marker.exists()


@pytest.mark.parametrize('suffix', ['yml', 'yaml'])
def test_yaml_holds_plain_values(suffix: str, tmp_path: Path) -> None:
    file, marker = tmp_path / f'a.{suffix}', tmp_path / 'marker'
    mmengine.dump({'a': [1, 'b', None]}, file)
    assert mmengine.load(file) == {'a': [1, 'b', None]}
    file.write_text(f'!!python/object/apply:os.system ["touch {marker}"]')
    with pytest.raises(Exception, match='could not determine a constructor'):
        mmengine.load(file)
    assert not marker.exists()
    with file.open() as opened:
        YamlHandler().load_from_fileobj(opened)  # the attack is real
    assert marker.exists()


def test_pickles_can_be_loaded_by_who_trusts_them(tmp_path: Path) -> None:
    mmengine.dump([1, 2], tmp_path / 'a.pkl')
    assert pickle.loads((tmp_path / 'a.pkl').read_bytes()) == [1, 2]
