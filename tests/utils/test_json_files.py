from __future__ import annotations

import contextlib
import gc
import json
import tracemalloc
from pathlib import Path

import pytest

from vitpose_mm.utils import json_files
from vitpose_mm.utils.json_files import garbage_collection_paused, read_json


def test_json_is_read_with_its_encoding(tmp_path: Path) -> None:
    path = tmp_path / 'a.json'
    for encoding, plain in (('utf-8', True), ('utf-8-sig', False), ('utf-16', False)):
        path.write_text(json.dumps({'Übung': [1, 2.5, None]}, ensure_ascii=False), encoding=encoding)
        assert read_json(path, content='file') == ({'Übung': [1, 2.5, None]}, plain)


def test_zero_bytes_end_the_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / 'sparse.json'
    path.write_bytes(b'{')
    with path.open('r+b') as file:
        file.truncate(1 << 40)  # takes no room on the disk
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"file '.*sparse\.json' is not text \(it holds zero bytes\)"):
        read_json(path, content='file')
    assert tracemalloc.get_traced_memory()[1] < 10 * json_files.BLOCK
    tracemalloc.stop()


def test_a_file_of_several_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_files, 'BLOCK', 16)
    path = tmp_path / 'a.json'
    path.write_text(json.dumps(list(range(1000))))
    assert read_json(path, content='file') == (list(range(1000)), True)


def test_garbage_collection_goes_on_afterwards() -> None:
    assert gc.isenabled()
    with pytest.raises(KeyError), garbage_collection_paused():
        assert not gc.isenabled()
        raise KeyError
    assert gc.isenabled()
    gc.disable()
    with garbage_collection_paused():
        pass
    assert not gc.isenabled()
    gc.enable()


def test_what_is_read_can_be_read_and_written_from_deeper_calls(tmp_path: Path) -> None:
    """MMPose's datasets read the file again, with more calls on the stack than the check."""
    file = tmp_path / 'a.json'
    accepted = []
    for depth in (100, 400, *range(500, 1000, 10)):
        file.write_text('[' * depth + ']' * depth)
        with contextlib.suppress(ValueError):
            read_json(file, content='file')
            accepted.append(depth)

    def deeper(calls: int) -> str:
        return deeper(calls - 1) if calls else json.dumps(json.loads(text))

    text = '[' * max(accepted) + ']' * max(accepted)
    assert 400 in accepted and deeper(200) == text
