from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from vitpose_mm.utils.files import complete, explain_writing, write_json


def test_a_file_appears_at_the_end(tmp_path: Path) -> None:
    file = tmp_path / 'new' / 'file.json'
    with complete(file) as part:
        part.write_text('whole')
        assert not file.exists() and part.parent == file.parent
    assert file.read_text() == 'whole'
    assert list(file.parent.iterdir()) == [file]


def test_others_may_read_it_as_any_new_file(tmp_path: Path) -> None:
    (tmp_path / 'any').touch()
    with complete(tmp_path / 'file') as part:
        part.write_text('whole')
        part.chmod(0o600)
    assert (tmp_path / 'file').stat().st_mode == (tmp_path / 'any').stat().st_mode


def test_what_failed_leaves_the_old_file_alone(tmp_path: Path) -> None:
    file = tmp_path / 'file.json'
    file.write_text('old')
    with pytest.raises(OSError, match='full'), complete(file) as part:
        part.write_text('ha')
        raise OSError('disk full')
    assert file.read_text() == 'old'
    assert list(tmp_path.iterdir()) == [file]


def test_json_is_laid_out_or_compact_and_whole(tmp_path: Path) -> None:
    write_json({'a': [1, 2]}, tmp_path / 'new' / 'a.json')
    assert (tmp_path / 'new' / 'a.json').read_text() == '{\n "a": [\n  1,\n  2\n ]\n}\n'
    write_json({'a': [1, 2]}, tmp_path / 'a.json', compact=True)
    assert (tmp_path / 'a.json').read_text() == '{"a": [1, 2]}'
    with pytest.raises(TypeError):
        write_json({'a': {1}}, tmp_path / 'a.json')
    assert (tmp_path / 'a.json').read_text() == '{"a": [1, 2]}'
    assert {path.name for path in tmp_path.iterdir()} == {'new', 'a.json'}


@pytest.mark.parametrize('name', ['run', 'run/vis_data/scalars.json', '.'])
@pytest.mark.parametrize('number', [errno.ENOENT, errno.EACCES, errno.ENOTDIR, errno.ELOOP])
def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path, number: int, name: str) -> None:
    file = tmp_path / name
    with pytest.raises(ValueError, match='cannot be written') as said, explain_writing(tmp_path / 'run'):
        raise OSError(number, os.strerror(number), str(file))
    assert str(said.value).startswith(f'{file} cannot be written ({os.strerror(number)})')


@pytest.mark.parametrize('number', [errno.ENOSPC, errno.EFBIG, errno.EROFS, errno.EDQUOT])
def test_a_full_disk_is_said_without_a_file(tmp_path: Path, number: int) -> None:
    with pytest.raises(ValueError, match=f'^{tmp_path} cannot be written'), explain_writing(tmp_path):
        raise OSError(number, os.strerror(number))


def test_errors_of_other_files_are_left_alone(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), explain_writing(tmp_path / 'run'):
        raise FileNotFoundError(errno.ENOENT, 'No such file', str(tmp_path / 'images' / '1.jpg'))
