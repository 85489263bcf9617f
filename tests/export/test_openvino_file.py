"""OpenVINO's two files appear together when they are complete; without OpenVINO, by a stand-in of it."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from vitpose_mm.export import openvino_file


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """What OpenVINO was asked to write; ``fails`` stops it after its first file."""
    asked = SimpleNamespace(fails=False, files=[])

    def save_model(model: Any, file: str, *, compress_to_fp16: bool) -> None:
        asked.files.append(file)
        Path(file).write_text('<net/>')
        if asked.fails:
            raise OSError('disk full')
        Path(file).with_suffix('.bin').write_bytes(b'weights')

    monkeypatch.setitem(sys.modules, 'openvino', SimpleNamespace(save_model=save_model))
    network = SimpleNamespace(set_rt_info=lambda *_: None)
    monkeypatch.setattr(openvino_file, 'convert_to_openvino', lambda *_, **__: network)
    return asked


def write(file: Path) -> None:
    openvino_file.write_openvino(torch.nn.Identity(), torch.zeros(2), file, metadata={'task': 'pose'})


def test_both_files_have_their_names_at_the_end(written: SimpleNamespace, tmp_path: Path) -> None:
    (tmp_path / 'precious').write_text('precious')
    (tmp_path / 'a.xml').symlink_to(tmp_path / 'precious')
    write(tmp_path / 'a.xml')
    assert (tmp_path / 'a.xml').read_text() == '<net/>' and (tmp_path / 'a.bin').read_bytes() == b'weights'
    assert (tmp_path / 'precious').read_text() == 'precious'
    assert {file.name for file in tmp_path.iterdir()} == {'a.xml', 'a.bin', 'precious'}
    assert (tmp_path / 'a.bin').stat().st_mode == (tmp_path / 'precious').stat().st_mode


def test_the_old_files_stay_where_writing_fails(written: SimpleNamespace, tmp_path: Path) -> None:
    for name in ('a.xml', 'a.bin'):
        (tmp_path / name).write_text('old')
    written.fails = True
    with pytest.raises(OSError, match='disk full'):
        write(tmp_path / 'a.xml')
    assert [(tmp_path / name).read_text() for name in ('a.xml', 'a.bin')] == ['old', 'old']
    assert len(list(tmp_path.iterdir())) == 2
