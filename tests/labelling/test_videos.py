"""Labels of videos: tracks go on after kills, the same bytes for every number of processes, merged with a proof."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from xtcocotools.coco import COCO

from tests.helpers.labelling_jobs import Killed, bytes_of
from tests.helpers.square_predictor import SquarePredictor
from tests.video.conftest import detector_files, pose_files, write_video  # noqa: F401  fixtures
from vitpose_mm.labelling.items import list_items
from vitpose_mm.labelling.job import MAX_FRAMES, JobSettings, digest_of, open_job
from vitpose_mm.labelling.merge import merge
from vitpose_mm.labelling.parts import part_file
from vitpose_mm.labelling.run import Labeller


@pytest.fixture
def media(tmp_path: Path, write_video: Callable[..., Path]) -> Path:  # noqa: F811
    """Five photos, a video of 40 frames, one of 21, one that is cut off and one that is none."""
    folder = tmp_path / 'media'
    folder.mkdir()
    for i in range(5):
        Image.new('RGB', (30, 30), (i, 7, 0)).save(folder / f'{i}.png')
    write_video(40, name='media/a.mp4')
    write_video(21, name='media/b.webm')
    whole = write_video(60, name='media/c.webm')
    whole.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    (folder / 'd.mp4').write_bytes(b'junk' * 1000)
    return folder


def label(media: Path, out: Path, *, rank: int = 0, size: int = 1, lives: int = 10**6, **more: Any) -> int:
    """Label the parts of a rank; return how many images were predicted."""
    items, num_videos, _ = list_items([str(media)], with_videos=True)
    settings = JobSettings(
        pose=['p'],
        detector=['d'],
        items=digest_of(items),
        num_items=len(items),
        options={},
        num_videos=num_videos,
        **{'batch_size': 3, 'part_size': 6, 'every': 2, 'track': 'bytetrack', **more},
    )
    open_job(out, settings, items)
    predictor = SquarePredictor(lives)
    Labeller(predictor, out, settings=settings, items=items).run(rank, size)
    return predictor.estimated


@pytest.mark.parametrize('track', [None, 'ocsort'])
def test_the_same_bytes_for_one_two_and_three_processes(media: Path, tmp_path: Path, track: str | None) -> None:
    for size in (1, 2, 3):
        for rank in reversed(range(size)):
            label(media, tmp_path / str(size), rank=rank, size=size, track=track)
        merge(tmp_path / str(size), tmp_path / str(size) / 'labels.json')
    one, two, three = (bytes_of(tmp_path / str(size)) for size in (1, 2, 3))
    assert one == two == three
    assert sorted(name for name in one if name.startswith('parts/')) == [f'parts/part-{i:06d}.json' for i in range(5)]


@pytest.mark.parametrize('lives', range(0, 13, 2))
def test_a_killed_run_goes_on_with_its_tracks(media: Path, tmp_path: Path, lives: int) -> None:
    total = label(media, tmp_path / 'whole')
    with pytest.raises(Killed):
        label(media, tmp_path / 'killed', lives=lives)
    for log in (tmp_path / 'killed').rglob('*.log'):  # a record and a part of one that belong to no whole batch
        lines = log.read_bytes().splitlines(keepends=True)
        log.write_bytes(b''.join(lines[:-1]) + b'{"index": ')
    again = label(media, tmp_path / 'killed')
    assert 0 < again <= total - max(3 * lives - 6, 0)
    assert bytes_of(tmp_path / 'killed') == bytes_of(tmp_path / 'whole')


def test_the_merged_file_has_frames_of_videos(media: Path, tmp_path: Path) -> None:
    label(media, tmp_path / 'out')
    merged = merge(tmp_path / 'out', tmp_path / 'labels.json')
    content = json.loads(merged.file.read_text())
    videos = {Path(video['name']).name: video for video in content['videos']}
    assert [video['id'] for video in videos.values()] == [1, 2, 3, 4]
    assert (videos['a.mp4']['num_frames'], videos['a.mp4']['fps'], 'error' in videos['a.mp4']) == (40, 25, False)
    cut = videos['c.webm']['num_frames']
    assert 10 < cut < 50 and videos['c.webm']['error'].endswith(
        f'ended after {cut} of 60 frames: it is damaged, or cut off.'
    )
    assert videos['d.mp4']['num_frames'] == 0 and 'cannot be opened' in videos['d.mp4']['error']
    assert (merged.videos, merged.broken, merged.failed) == (4, 2, 4)  # frame 4 of each of three, and 34 of the first
    assert merged.images == 5 + 18 + 10 + -(-cut // 2) - 1

    frames = [image for image in content['images'] if image.get('video_id') == 2]
    assert frames[0] == {
        'id': 5 + MAX_FRAMES + 1,
        'file_name': f'{media}/b.webm/frame_000000.jpg',
        'video_id': 2,
        'frame_id': 0,
        'width': 96,
        'height': 64,
    }
    assert [frame['frame_id'] for frame in frames] == [0, 2, *range(6, 21, 2)]
    failed = content['failed'][0]
    assert failed['error'] == f'{media}/a.mp4/frame_000004.jpg: broken'
    assert (failed['id'], failed['frame_id']) == (5 + 4 + 1, 4)
    people = [one for one in content['annotations'] if one['image_id'] // MAX_FRAMES == 1]
    assert {one['track_id'] for one in people} == {1}
    np.testing.assert_allclose(people[-1]['bbox'], [16 + 2 * 20, 30, 16, 16], atol=1.5)  # of frame 20
    coco = COCO(str(merged.file))
    assert len(coco.getImgIds()) == merged.images and len(coco.getAnnIds()) == merged.people


@pytest.mark.parametrize(
    ('change', 'sentence'),
    [
        (lambda part: part['images'].pop(), 'does not have every frame of its video once'),
        (lambda part: part['images'].append(part['images'][0]), 'does not have every frame of its video once'),
        (lambda part: part['videos'][0].update(num_frames=41), 'does not have every frame of its video once'),
        (lambda part: part['videos'][0].update(num_frames=10**12), 'does not have every frame of its video once'),
        (lambda part: part['videos'][0].update(num_frames=True), r'does not name the video .*a\.mp4'),
        (lambda part: part['videos'][0].update(name='e.mp4'), r'does not name the video .*a\.mp4'),
        (lambda part: part.pop('videos'), r'does not name the video .*a\.mp4'),
        (lambda part: part['annotations'].append(part['annotations'][0]), 'has an annotation id twice'),
    ],
)
def test_merging_finds_what_is_lost_or_doubled(media: Path, tmp_path: Path, change: Any, sentence: str) -> None:
    label(media, tmp_path / 'out')
    file = part_file(tmp_path / 'out', 1)
    content = json.loads(file.read_text())
    change(content)
    file.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=sentence):
        merge(tmp_path / 'out', tmp_path / 'labels.json')
    assert not (tmp_path / 'labels.json').exists()


def test_a_begun_video_that_goes_away_is_not_given_up(media: Path, tmp_path: Path) -> None:
    with pytest.raises(Killed):
        label(media, tmp_path / 'out', lives=4)
    os.rename(media / 'a.mp4', tmp_path / 'a.mp4')
    (media / 'a.mp4').write_bytes(b'junk' * 1000)
    with pytest.raises(ValueError, match=r'a\.mp4 cannot be opened'):
        label(media, tmp_path / 'out')
    os.replace(tmp_path / 'a.mp4', media / 'a.mp4')
    label(media, tmp_path / 'out')
    label(media, tmp_path / 'whole')
    assert bytes_of(tmp_path / 'out') == bytes_of(tmp_path / 'whole')


def test_audited_frames_are_spread_over_videos(media: Path, tmp_path: Path) -> None:
    items, num_videos, _ = list_items([str(media / 'a.mp4'), str(media / 'b.webm')], with_videos=True)
    settings = JobSettings(
        pose=['p'], detector=[], items='', num_items=2, options={}, num_videos=num_videos, part_size=8, every=5
    )
    Labeller(SquarePredictor(), tmp_path, settings=settings, items=items, audit=4).run(0, 1)
    names = sorted(path.name for path in (tmp_path / 'audit').iterdir())
    assert names == [f'00000000{video}_{frame:06d}.jpg' for video, frame in ((1, 10), (1, 30), (2, 5), (2, 15))]


def test_what_is_listed(media: Path, tmp_path: Path) -> None:
    items = list_items([str(media)], with_videos=True)
    names = [Path(path).name for path in items.paths]
    assert names == [*(f'{i}.png' for i in range(5)), 'a.mp4', 'b.webm', 'c.webm', 'd.mp4']
    assert items.num_videos == 4
    assert list_items([str(media)]) == (items.paths[:5], 0, 4)
    (tmp_path / 'list.txt').write_text(f'{media}/a.mp4\n')
    for source in (media / 'a.mp4', tmp_path / 'list.txt'):
        with pytest.raises(ValueError, match=r'a\.mp4 is a video: give --every N to label every Nth of its frames\.'):
            list_items([str(source)])
    with pytest.raises(ValueError, match=r'no videos found \(\.avi, .*\): leave --every out\.'):
        list_items([str(media / '0.png')], with_videos=True)
    for i in range(5):
        (media / f'{i}.png').unlink()
    with pytest.raises(ValueError, match=r'no images found .*; to label the 4 videos, give --every N\.'):
        list_items([str(media)])


def test_settings_that_are_not_possible(media: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='--every 0 is not possible: give 1 for every frame'):
        label(media, tmp_path / 'out', every=0)
    label(media, tmp_path / 'out', every=5)
    with pytest.raises(ValueError, match='made with every 5 and now it is 2'):
        label(media, tmp_path / 'out')
    settings = JobSettings(pose=[], detector=[], items='', num_items=3, options={}, num_videos=3, part_size=8)
    with pytest.raises(ValueError, match=r'v\.mp4 has more than 10,000,000 frames'):
        settings.name_frame(0, 'v.mp4', MAX_FRAMES)
    with pytest.raises(ValueError, match='900001 videos are too many'):
        JobSettings(pose=[], detector=[], items='', num_items=0, options={}, num_videos=900_001, part_size=8)


def test_what_importers_of_coco_files_ask_for(media: Path, tmp_path: Path) -> None:
    """CVAT (Datumaro) needs these keys with these types, and for tracks two attributes; FiftyOne paths of its own."""
    label(media, tmp_path / 'out')
    content = json.loads(merge(tmp_path / 'out', tmp_path / 'labels.json').file.read_text())
    (category,) = content['categories']
    assert [type(category[key]) for key in ('id', 'name', 'keypoints', 'skeleton')] == [int, str, list, list]
    names = [image['file_name'] for image in content['images']]
    assert len(set(names)) == len(names)
    for image in content['images']:
        assert all(type(image[key]) is int for key in ('id', 'width', 'height'))
        if 'frame_id' in image:  # CVAT finds frames of videos by this number
            assert int(Path(image['file_name']).stem.removeprefix('frame_')) == image['frame_id']
    for one in content['annotations']:
        assert all(type(one[key]) is int for key in ('id', 'image_id', 'category_id', 'iscrowd'))
        assert one['segmentation'] == [] and len(one['keypoints']) == 3 * len(category['keypoints'])
        tracked = one['image_id'] > 5
        assert one.get('attributes') == ({'track_id': one['track_id'], 'keyframe': True} if tracked else None)
        assert max(one['id'], one['image_id']) < 2**53
