from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from mmengine.config import Config

from vitpose_mm.engine.train import build_runner
from vitpose_mm.utils.files import complete, explain_writing, open_regular, printable, refuse_links, write_json


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


def test_devices_and_pipes_are_not_replaced(tmp_path: Path) -> None:
    """Root can replace /dev/null by a file, and no program of the machine works after that."""
    (tmp_path / 'folder').mkdir()
    os.mkfifo(tmp_path / 'pipe')
    (tmp_path / 'null').symlink_to('/dev/null')
    for name in ('folder', 'pipe', 'null'):
        with pytest.raises(ValueError, match=f'{name} is not a regular file: name another'), complete(tmp_path / name):
            pass
    assert (tmp_path / 'null').is_char_device() and (tmp_path / 'pipe').is_fifo()


@pytest.mark.parametrize('target', ['precious', 'missing', 'link'])
def test_a_link_is_replaced_and_not_written_through(target: str, tmp_path: Path) -> None:
    (tmp_path / 'precious').write_text('precious')
    (tmp_path / 'link').symlink_to(target)  # the last one to itself
    write_json([1], tmp_path / 'link')
    assert not (tmp_path / 'link').is_symlink() and (tmp_path / 'link').is_file()
    assert (tmp_path / 'precious').read_text() == 'precious' and not (tmp_path / 'missing').exists()


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


def test_a_link_in_the_way_is_not_written_through(tmp_path: Path) -> None:
    mine = tmp_path / 'mine'
    (tmp_path / f'.file.{os.getpid()}.part').symlink_to(mine)
    (tmp_path / 'file').symlink_to(mine)
    with complete(tmp_path / 'file') as part:
        part.write_text('whole')
    assert not mine.exists() and (tmp_path / 'file').read_text() == 'whole' and not (tmp_path / 'file').is_symlink()


def test_a_name_as_long_as_file_systems_take(tmp_path: Path) -> None:
    write_json(1, tmp_path / ('é' * 125 + '.json'))
    assert [len(os.fsencode(path.name)) for path in tmp_path.iterdir()] == [255]


def test_special_files_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / 'pipe')
    for path in (tmp_path / 'pipe', tmp_path, Path('/dev/zero')):
        with pytest.raises(OSError, match='not a regular file'):
            open_regular(path)
    with open_regular(Path(__file__)) as file:
        assert file.read(4) == b'from'


def test_what_a_terminal_cannot_show_is_written_out() -> None:
    assert printable('é 😀.png') == 'é 😀.png'
    assert printable(os.fsdecode(b'a\n\x1b[31m\xff\\')) == r'a\n\x1b[31m\udcff' + '\\'


@pytest.mark.parametrize('name', ['last_checkpoint', 'my_config.py'])
def test_links_that_training_would_write_through_are_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / 'epoch_1.pth').symlink_to('elsewhere')  # this one is replaced and not written through
    refuse_links(tmp_path)
    (tmp_path / name).symlink_to('/home/me/mine')
    with pytest.raises(ValueError, match=rf'{name} is a link to /home/me/mine, which would be overwritten: remove'):
        build_runner(Config({'work_dir': str(tmp_path)}))
