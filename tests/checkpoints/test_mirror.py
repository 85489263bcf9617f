"""Checkpoints by address: a mirror folder comes first, and offline nothing is downloaded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from mmengine.runner import CheckpointLoader

import vitpose_mm.registry  # noqa: F401  our loaders
from tests.helpers.file_server import Server, serve
from vitpose_mm.checkpoints import CheckpointError

NAME = 'weights.pth'


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A file with the number 1, and an empty cache."""
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'cache'))
    (tmp_path / 'served').mkdir()
    torch.save({'state_dict': {'x': torch.tensor(1)}}, tmp_path / 'served' / NAME)
    with serve(tmp_path / 'served') as running:
        yield running


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a file of the same name, with the number 2."""
    folder = tmp_path / 'mirror'
    folder.mkdir()
    torch.save({'state_dict': {'x': torch.tensor(2)}}, folder / NAME)
    monkeypatch.setenv('VITPOSE_MM_MIRROR', str(folder))
    return folder


def number(address: str) -> int:
    return int(CheckpointLoader.load_checkpoint(address)['state_dict']['x'])


def test_a_download_is_made_once(server: Server, tmp_path: Path) -> None:
    assert [number(f'{server.address}/{NAME}') for _ in range(2)] == [1, 1]
    assert server.requests == [f'/{NAME}']


def test_the_mirror_comes_first(server: Server, mirror: Path) -> None:
    assert number(f'{server.address}/folder/{NAME}?download=1') == 2
    assert server.requests == []


def test_what_the_mirror_lacks_is_downloaded(server: Server, mirror: Path) -> None:
    (mirror / NAME).unlink()
    assert number(f'{server.address}/{NAME}') == 1


def test_a_mirror_that_is_not_there_is_named(server: Server, mirror: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('VITPOSE_MM_MIRROR', str(mirror / 'elsewhere'))
    with pytest.raises(CheckpointError, match=r'VITPOSE_MM_MIRROR=.*elsewhere is not a folder'):
        number(f'{server.address}/{NAME}')


def test_offline_only_files_at_hand_are_used(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    address = f'{server.address}/{NAME}'
    monkeypatch.setenv('VITPOSE_MM_OFFLINE', '1')
    with pytest.raises(CheckpointError, match=f'{address} is not here, and .* put it at .*{NAME}, or into'):
        number(address)
    assert server.requests == []
    monkeypatch.setenv('VITPOSE_MM_OFFLINE', '0')
    assert number(address) == 1
    monkeypatch.setenv('VITPOSE_MM_OFFLINE', '1')
    assert number(address) == 1  # from the cache


def test_offline_the_mirror_is_used(server: Server, mirror: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('VITPOSE_MM_OFFLINE', '1')
    assert number(f'{server.address}/{NAME}') == 2
    assert server.requests == []
