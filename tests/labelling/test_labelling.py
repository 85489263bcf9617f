"""Labels of many images: resumed after kills, the same bytes for every number of processes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from PIL import Image

from tests.helpers.labelling_jobs import BatchedPredictor, Killed, bytes_of, label, make_job
from vitpose_mm.labelling.items import list_items
from vitpose_mm.labelling.job import find_shard
from vitpose_mm.labelling.merge import merge
from vitpose_mm.labelling.parts import open_log, part_file
from vitpose_mm.labelling.run import Labeller, choose_audited


def test_the_same_bytes_for_one_two_and_three_processes(photos: Path, tmp_path: Path) -> None:
    for size in (1, 2, 3):
        for rank in reversed(range(size)):
            label(photos, tmp_path / str(size), rank=rank, size=size)
        merge(tmp_path / str(size), tmp_path / str(size) / 'labels.json')
    one, two, three = (bytes_of(tmp_path / str(size)) for size in (1, 2, 3))
    assert one == two == three
    assert sum(name.startswith('parts/') for name in one) == 4


@pytest.mark.parametrize('lives', range(8))
def test_a_killed_run_goes_on_at_the_next_unseen_batch(photos: Path, tmp_path: Path, lives: int) -> None:
    label(photos, tmp_path / 'whole')
    with pytest.raises(Killed):
        label(photos, tmp_path / 'killed', lives=lives)
    for log in (tmp_path / 'killed').rglob('*.log'):  # a line that was being written
        with log.open('ab') as file:
            file.write(b'{"index": ' if lives % 2 else b'[' * 100_000 + b'\n')
    seen = label(photos, tmp_path / 'killed')
    assert len(seen) == 23 - 3 * lives
    assert bytes_of(tmp_path / 'killed') == bytes_of(tmp_path / 'whole')


def test_another_number_of_processes_goes_on(photos: Path, tmp_path: Path) -> None:
    label(photos, tmp_path / 'whole')
    with pytest.raises(Killed):
        label(photos, tmp_path / 'out', rank=1, size=2, lives=3)
    for rank in range(3):
        label(photos, tmp_path / 'out', rank=rank, size=3)
    assert bytes_of(tmp_path / 'out') == bytes_of(tmp_path / 'whole')


def test_a_folder_takes_one_job(photos: Path, tmp_path: Path) -> None:
    make_job(photos, tmp_path / 'out')
    make_job(photos, tmp_path / 'out')
    with pytest.raises(ValueError, match=r'made with kpt_thr 0\.3 and now it is 0\.5'):
        make_job(photos, tmp_path / 'out', kpt_thr=0.5)
    Image.new('RGB', (3, 4)).save(photos / 'new.png')
    with pytest.raises(ValueError, match=r'made of another list of inputs \(23 images and videos then, 24 now\)'):
        make_job(photos, tmp_path / 'out')
    with pytest.raises(ValueError, match='--part-size 6 is not a multiple of --batch-size 4'):
        make_job(photos, tmp_path / 'x', batch_size=4)


def test_a_part_is_made_by_one_process(photos: Path, tmp_path: Path) -> None:
    make_job(photos, tmp_path)
    with open_log(tmp_path, 0), pytest.raises(ValueError, match='is being written by another process'):
        label(photos, tmp_path)


def test_a_file_that_goes_away_is_listed_as_failed(photos: Path, tmp_path: Path) -> None:
    settings, items = make_job(photos, tmp_path)
    os.unlink(items[3])
    Labeller(BatchedPredictor(), tmp_path, settings=settings, items=items).run(0, 1)
    content = json.loads(part_file(tmp_path, 0).read_text())
    assert content['failed'] == [{'id': 4, 'file_name': items[3], 'error': f'{items[3]} does not exist.'}]


def test_what_is_listed(photos: Path, tmp_path: Path) -> None:
    (photos / '.hidden').mkdir()
    Image.new('RGB', (3, 4)).save(photos / '.hidden' / 'a.png')
    (photos / 'notes.md').write_text('x')
    (tmp_path / 'list.txt').write_text(f'{photos}/0/000.png\n\n{tmp_path}/gone.png\n')
    items = list_items([str(photos), str(photos / '0'), str(tmp_path / 'list.txt')]).paths
    assert items == sorted(items) and len(items) == 24 and items[0].endswith('gone.png')
    (tmp_path / 'notes.doc').write_text('some text')
    with pytest.raises(ValueError, match=r'notes\.doc is not an image'):
        list_items([str(tmp_path / 'notes.doc')])
    with pytest.raises(ValueError, match='does not exist'):
        list_items([str(tmp_path / 'nothing')])
    (tmp_path / 'gone.txt').write_text('photos/a.jpg\nphotos/b.jpg\n')
    with pytest.raises(ValueError, match=r"gone\.txt lists no file that exists, the first line is 'photos/a\.jpg'"):
        list_items([str(photos), str(tmp_path / 'gone.txt')])
    (tmp_path / 'empty').mkdir()
    with pytest.raises(ValueError, match='no images found'):
        list_items([str(tmp_path / 'empty')])


def test_the_shard_is_what_the_launcher_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('RANK', '3')
    monkeypatch.setenv('WORLD_SIZE', '8')
    assert (find_shard('none'), find_shard('pytorch')) == ((0, 1), (3, 8))
    monkeypatch.delenv('SLURM_PROCID', raising=False)
    with pytest.raises(ValueError, match='SLURM_PROCID and SLURM_NTASKS are not set'):
        find_shard('slurm')


def test_audited_images_are_spread_evenly() -> None:
    assert sorted(choose_audited(100, 4)) == [12, 37, 62, 87]
    assert choose_audited(3, 9) == {0, 1, 2} and choose_audited(3, 0) == frozenset()


@pytest.mark.parametrize(
    'change', [{'num_items': 10**12}, {'num_items': 2.0}, {'part_size': '6'}, {'batch_size': True}, {'every': 1.5}]
)
def test_job_files_of_others_are_checked(photos: Path, tmp_path: Path, change: dict) -> None:
    label(photos, tmp_path)
    file = tmp_path / 'job.json'
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(ValueError, match=r'is not a job file of this version|has been changed since'):
        merge(tmp_path, tmp_path / 'labels.json')
