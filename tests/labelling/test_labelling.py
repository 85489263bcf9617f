"""Labels of many images: resumed after kills, the same bytes for every number of processes, merged with a proof."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mmengine.structures import InstanceData
from mmpose.structures import PoseDataSample
from PIL import Image
from xtcocotools.coco import COCO

from vitpose_mm.inference.frames import read_frames
from vitpose_mm.inference.pipeline import batched
from vitpose_mm.inference.pose_result import PoseResult
from vitpose_mm.labelling.items import list_items
from vitpose_mm.labelling.job import JobSettings, digest_of, find_shard, open_job
from vitpose_mm.labelling.merge import merge
from vitpose_mm.labelling.parts import open_log, part_file
from vitpose_mm.labelling.run import Labeller, choose_audited

METAINFO = {
    'dataset_name': 'two_points',
    'num_keypoints': 2,
    'keypoint_id2name': {0: 'bright', 1: 'dark'},
    'skeleton_links': [(0, 1)],
}


class Killed(BaseException):
    """Stands for kill -9."""


class BatchedPredictor:
    """As many people as the red of the image says; what it says depends on the batch, as real models' last digits do.

    Args:
        lives: batches after which it is killed.
    """

    metainfo = METAINFO

    def __init__(self, lives: int = 10**6) -> None:
        self.lives = lives
        self.seen: list[str] = []

    def predict(
        self, inputs: Iterable[Any], *, batch_size: int, stream: bool, boxes: Any = None
    ) -> Iterator[PoseResult]:
        assert stream
        for batch in batched(read_frames(inputs), batch_size):
            if not self.lives:
                raise Killed
            self.lives -= 1
            mean = np.mean([frame.pixels.mean() for frame in batch if frame.pixels is not None] or [0])
            for frame in batch:
                self.seen.append(frame.name)
                people = 0 if frame.pixels is None else int(frame.pixels[0, 0, 2])
                yield self._result(frame, people, float(mean))

    def _result(self, frame: Any, people: int, mean: float) -> PoseResult:
        found = InstanceData(
            keypoints=np.tile(np.array([[[mean, 2.5], [3, 4]]], np.float32), (people, 1, 1)),
            keypoint_scores=np.tile(np.array([[0.9, 0.25]], np.float32), (people, 1)),
            bboxes=np.tile(np.array([[1, 2, 11, 22]], np.float32), (people, 1)),
            bbox_scores=np.linspace(0.9, 0.5, people, dtype=np.float32),
        )
        sample = PoseDataSample(pred_instances=found)
        options = {'index': frame.index, 'name': frame.name, 'path': frame.path, 'error': frame.error}
        return PoseResult(sample=sample, metainfo=METAINFO, pixels=frame.pixels, **options)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """23 images in two folders, the sixth of which is damaged."""
    folder = tmp_path / 'photos'
    for i in range(23):
        path = folder / f'{i % 2}' / f'{i:03d}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new('RGB', (30, 40), (i % 4, i * 7, 0)).save(path)
    (folder / '1' / '005.png').write_bytes(b'damaged')
    return folder


def make_job(photos: Path, out: Path, **more: Any) -> tuple[JobSettings, list[str]]:
    items = list_items([str(photos)]).paths
    options: dict[str, Any] = {'batch_size': 3, 'part_size': 6, **more}
    settings = JobSettings(
        pose=['p'], detector=['d'], items=digest_of(items), num_items=len(items), options={}, **options
    )
    open_job(out, settings, items)
    return settings, items


def label(photos: Path, out: Path, *, rank: int = 0, size: int = 1, lives: int = 10**6, **more: Any) -> list[str]:
    """Label the parts of a rank; return names of the images that were predicted."""
    settings, items = make_job(photos, out, **more)
    predictor = BatchedPredictor(lives)
    Labeller(predictor, out, settings=settings, items=items).run(rank, size)
    return predictor.seen


def bytes_of(out: Path) -> dict[str, bytes]:
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in sorted(out.rglob('*')) if path.is_file()}


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


def test_the_merged_file_is_coco(photos: Path, tmp_path: Path) -> None:
    label(photos, tmp_path)
    merged = merge(tmp_path, tmp_path / 'labels.json')
    content = json.loads(merged.file.read_text())
    items = list_items([str(photos)]).paths
    assert (merged.images, merged.failed) == (22, 1)
    assert merged.people == len(content['annotations']) == sum(i % 4 for i in range(23) if i != 5)
    assert [image['file_name'] for image in content['images']] == [item for item in items if '005' not in item]
    assert content['images'][0] == {'id': 1, 'file_name': items[0], 'width': 30, 'height': 40}
    assert content['failed'][0]['file_name'].endswith('1/005.png') and 'not an image' in content['failed'][0]['error']
    person = content['annotations'][0]
    assert person['bbox'] == [1, 2, 10, 20] and person['area'] == 200 and person['num_keypoints'] == 1
    assert person['keypoints'][1:] == [2.5, 2, 0, 0, 0] and person['keypoint_scores'] == [0.9, 0.25]
    assert person['id'] // 1000 == person['image_id']
    assert content['categories'] == [
        {'id': 1, 'name': 'person', 'supercategory': 'person', 'keypoints': ['bright', 'dark'], 'skeleton': [[1, 2]]}
    ]
    coco = COCO(str(merged.file))
    assert len(coco.getAnnIds()) == merged.people and len(coco.getImgIds()) == 22


def test_people_with_low_scores_are_left_out(photos: Path, tmp_path: Path) -> None:
    label(photos, tmp_path)
    everybody = merge(tmp_path, tmp_path / 'labels.json').people
    label(photos, tmp_path / 'few', score_thr=0.4)
    few = json.loads(merge(tmp_path / 'few', tmp_path / 'labels.json').file.read_text())['annotations']
    assert 0 < len(few) < everybody and min(person['score'] for person in few) >= 0.4


@pytest.mark.parametrize(
    ('change', 'sentence'),
    [
        (lambda part: part['images'].pop(), 'does not have the images 7 to 12 once each'),
        (lambda part: part['images'].append(part['images'][0]), 'does not have the images 7 to 12 once each'),
        (lambda part: part['annotations'].append(part['annotations'][0]), 'has an annotation id twice'),
        (lambda part: part['annotations'][0].update(image_id=1), 'has an annotation of an image that is not in it'),
        (lambda part: part['annotations'][0].pop('id'), "has an entry without 'id'"),
        (lambda part: part.pop('failed'), 'is not a part file'),
        (lambda part: part['annotations'][0].update(id='7'), 'without a whole number as id'),
        (lambda part: part['annotations'][0].update(id=[7]), 'without a whole number as id'),
        (lambda part: part['annotations'][0].update(image_id=None), 'without a whole number as id'),
        (lambda part: part['images'][0].update(id=7.0), 'without a whole number as id'),
        (lambda part: part.update(videos=[1]), 'does not have the images'),
    ],
)
def test_merging_finds_what_is_lost_or_doubled(photos: Path, tmp_path: Path, change: Any, sentence: str) -> None:
    label(photos, tmp_path)
    content = json.loads(part_file(tmp_path, 1).read_text())
    change(content)
    part_file(tmp_path, 1).write_text(json.dumps(content))
    with pytest.raises(ValueError, match=sentence):
        merge(tmp_path, tmp_path / 'labels.json')
    assert not (tmp_path / 'labels.json').exists()


def test_merging_finds_missing_parts_and_another_list(photos: Path, tmp_path: Path) -> None:
    label(photos, tmp_path, rank=0, size=2)
    with pytest.raises(ValueError, match=r'2 of 4 parts are missing, the first .*part-000001\.json'):
        merge(tmp_path, tmp_path / 'labels.json')
    label(photos, tmp_path, rank=1, size=2)
    (tmp_path / 'items.txt').write_text('a\n')
    with pytest.raises(ValueError, match='has been changed since labelling began'):
        merge(tmp_path, tmp_path / 'labels.json')


def test_a_folder_takes_one_job(photos: Path, tmp_path: Path) -> None:
    make_job(photos, tmp_path / 'out')
    make_job(photos, tmp_path / 'out')
    with pytest.raises(ValueError, match=r'made with kpt_thr 0\.3 and now it is 0\.5'):
        make_job(photos, tmp_path / 'out', kpt_thr=0.5)
    Image.new('RGB', (3, 4)).save(photos / 'new.png')
    with pytest.raises(ValueError, match='made with items'):
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
    with pytest.raises(ValueError, match='does not exist'):
        list_items([str(tmp_path / 'nothing')])
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
