from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from vitpose_mm.utils import mat_files
from vitpose_mm.utils.mat_files import read_mat


def test_structs_and_arrays_become_plain(tmp_path: Path) -> None:
    inner = np.zeros((1, 2), dtype=[('x', object), ('name', object)])
    inner[0, 0], inner[0, 1] = (1.5, 'a'), (np.zeros((0, 0)), 'b')
    savemat(tmp_path / 'a.mat', {'s': {'one': inner, 'n': np.int32(3)}, 'table': np.arange(6).reshape(2, 3)})
    content = read_mat(tmp_path / 'a.mat', content='file')
    assert content['s'] == {'one': [{'x': 1.5, 'name': 'a'}, {'x': [], 'name': 'b'}], 'n': 3}
    assert content['table'] == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize('seed', range(6))
def test_damaged_files_end_in_a_sentence_or_are_read(seed: int, tmp_path: Path) -> None:
    path = tmp_path / 'a.mat'
    savemat(path, {'s': {'one': np.arange(20.0), 'two': 'text'}, 'table': np.ones((3, 4))})
    data = bytearray(path.read_bytes())
    rng = np.random.default_rng(seed)
    for _ in range(4):
        data[rng.integers(128, len(data))] = rng.integers(256)
    path.write_bytes(data)
    try:
        assert isinstance(read_mat(path, content='file'), dict)
    except ValueError as error:
        assert 'is not a whole Matlab file' in str(error) and '\n' not in str(error)


@pytest.mark.parametrize(
    ('code', 'said'),
    [
        ('import os; os.kill(os.getpid(), 11)', 'reading it ends by SIGSEGV'),
        ('raise MemoryError', 'MemoryError'),
        ('import time; time.sleep(60)', 'cannot be read in 1 s'),
        ("print('no values')", 'reading it gives no values, JSONDecodeError'),
        ("print('[' * 100_000)", 'reading it gives no values, RecursionError'),
    ],
)
def test_a_reader_that_dies_or_hangs(code: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    child = tmp_path / 'child.py'
    child.write_text(code)
    monkeypatch.setattr(mat_files, '__file__', str(child))
    monkeypatch.setattr(mat_files, 'SECONDS', 1 if 'sleep' in code else 60)
    (tmp_path / 'a.mat').write_bytes(b'')
    with pytest.raises(ValueError, match=said):
        read_mat(tmp_path / 'a.mat', content='file')


@pytest.mark.parametrize(
    ('content', 'said'),
    [
        (np.zeros(40 << 20, np.uint8), 'an array of 41,943,040 values'),
        pytest.param(np.array(['x' * (110 << 20)]), 'File too large', marks=pytest.mark.slow),
    ],
    ids=['numbers', 'text'],
)
def test_a_small_file_of_gigabytes_does_not_fill_the_memory_of_who_asks(
    content: np.ndarray, said: str, tmp_path: Path
) -> None:
    path = tmp_path / 'a.mat'
    savemat(path, {'content': content}, do_compression=True)
    assert path.stat().st_size < 1_000_000
    with pytest.raises(ValueError, match=f'is not a whole Matlab file .*{said}'):
        read_mat(path, content='file')


def test_other_kinds_of_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / 'pipe.mat')
    for name in ('gone.mat', 'pipe.mat', '.'):
        with pytest.raises(ValueError, match='does not exist'):
            read_mat(tmp_path / name, content='file')
