from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmpose.datasets.datasets.body import AicDataset
from PIL import Image

from vitpose_mm.datasets.convert.aic import NAMES, convert_aic

HIDDEN, UNLABELLED = 2, 3


def write_release(folder: Path) -> Path:
    """Write an annotation file in the form of the release: two images, three people, and the images' folder."""
    images = folder / 'keypoint_train_images_20170902'
    images.mkdir()
    points = [value for i in range(14) for value in (10 + i, 20 + 2 * i, 1)]
    points[3 * 2 + 2], points[3 * 13 + 2] = HIDDEN, UNLABELLED
    people = {'human1': points, 'human2': [value + (place % 3 < 2) for place, value in enumerate(points)]}
    boxes = {'human1': [5, 6, 40, 66], 'human2': [0, 0, 60, 70]}
    released = []
    for name, humans in (('ab12', ('human2', 'human1')), ('cd34', ('human1',))):
        cv2.imwrite(str(images / f'{name}.jpg'), np.zeros((80, 90, 3), np.uint8))
        released.append({
            'image_id': name, 'url': 'http://x/y.jpg',
            'keypoint_annotations': {human: people[human] for human in humans},
            'human_annotations': {human: boxes[human] for human in humans},
        })  # fmt: skip
    file = folder / 'keypoint_train_annotations_20170902.json'
    file.write_text(json.dumps(released))
    return file


def test_the_host_reads_what_was_converted(tmp_path: Path) -> None:
    source = write_release(tmp_path)
    assert convert_aic(source, tmp_path / 'annotations/aic_train.json') == {'images': 2, 'people': 3}
    dataset = AicDataset(
        'annotations/aic_train.json', data_root=str(tmp_path), data_prefix={'img': 'keypoint_train_images_20170902/'}
    )
    first, second, third = (dataset[i] for i in range(3))
    assert first['img_path'].endswith('keypoint_train_images_20170902/ab12.jpg')
    np.testing.assert_array_equal(first['bbox'], [[5, 6, 40, 66]])
    np.testing.assert_array_equal(first['keypoints'][0, :13], [[10 + i, 20 + 2 * i] for i in range(13)])
    np.testing.assert_array_equal(second['keypoints'][0, 0], [11, 21])
    np.testing.assert_array_equal(first['keypoints_visible'], [[1] * 13 + [0]])
    assert first['num_keypoints'] == 13
    raw = first['raw_ann_info']['keypoints']
    assert raw[2] == 2 and raw[3 * 2 + 2] == 1 and raw[3 * 13 :] == [0, 0, 0]  # COCO's flags
    assert third['img_id'] == 2 and Path(third['img_path']).name == 'cd34.jpg'


def test_the_order_is_mmposes() -> None:
    info = AicDataset._load_metainfo()['keypoint_id2name']
    assert [name.lower().replace(' ', '_') for name in NAMES] == list(info.values())


def break_release(source: Path, how: str) -> None:
    """Spoil the first image of a release."""
    released = json.loads(source.read_text())
    first = released[0]
    if how == 'no boxes':
        del first['human_annotations']
    elif how == 'no box':
        del first['human_annotations']['human2']
    elif how == 'short':
        first['keypoint_annotations']['human1'].pop()
    elif how == 'flag':
        first['keypoint_annotations']['human1'][2] = 7
    elif how == 'corners':
        first['human_annotations']['human1'] = [1, 2, 3]
    elif how == 'NaN box':
        first['human_annotations']['human1'][0] = float('nan')
    elif how == 'NaN keypoint':
        first['keypoint_annotations']['human1'][4] = float('nan')
    elif how == 'text keypoint':
        first['keypoint_annotations']['human1'][4] = '12'
    elif how == 'no list':
        first['keypoint_annotations']['human1'] = None
    elif how == 'no object':
        first['keypoint_annotations'] = [[1, 2, 1]]
    elif how == 'inverted':
        first['human_annotations']['human1'] = [40, 6, 5, 66]
    elif how == 'outside':
        first['image_id'] = '../ab12'
    elif how == 'number':
        first['image_id'] = 12
    elif how == 'image':
        (source.parent / 'keypoint_train_images_20170902/ab12.jpg').write_bytes(b'')
    source.write_text('[1' if how == 'json' else json.dumps({} if how == 'coco' else released))


@pytest.mark.parametrize(
    ('how', 'sentence'),
    [
        ('json', 'is not a whole JSON file'),
        ('NaN box', 'ab12, human1: its box is not a list of finite numbers'),
        ('NaN keypoint', 'ab12, human1: its keypoints is not a list of finite numbers'),
        ('text keypoint', 'ab12, human1: its keypoints is not a list of finite numbers'),
        ('no list', 'ab12, human1: its keypoints is not a list of finite numbers'),
        ('no object', 'ab12: keypoint_annotations and human_annotations have to be objects'),
        ('inverted', r'ab12, human1: its box \[40, 6, 5, 66\] has its right or lower edge first'),
        ('outside', r'image \.\./ab12: image_id is not the name of a file'),
        ('number', 'image 12: image_id is not the name of a file'),
        ('coco', 'a list of images with image_id, keypoint_annotations'),
        ('no boxes', 'a list of images with human_annotations: image 1 has none'),
        ('no box', 'image ab12: human2 has keypoints and no box'),
        ('short', 'ab12, human1: it has 41 numbers for keypoints, AI Challenger has 42'),
        ('flag', 'ab12, human1: a keypoint has the flag 7'),
        ('corners', 'ab12, human1: its box has 3 numbers'),
        ('image', r'the size of an image cannot be read: .*ab12\.jpg'),
    ],
)
def test_what_is_wrong_is_one_sentence(how: str, sentence: str, tmp_path: Path) -> None:
    source = write_release(tmp_path)
    break_release(source, how)
    with pytest.raises(ValueError, match=sentence):
        convert_aic(source, tmp_path / 'out.json')
    assert not (tmp_path / 'out.json').exists()


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r'absent\.json. cannot be read'):
        convert_aic(tmp_path / 'absent.json', tmp_path / 'out.json')
    source = write_release(tmp_path)
    (tmp_path / 'keypoint_val_images_1').mkdir()
    with pytest.raises(ValueError, match=r'one folder keypoint_\*_images_\* and has keypoint_train_images_20170902, '):
        convert_aic(source, tmp_path / 'out.json')
    assert convert_aic(source, tmp_path / 'out.json', images=tmp_path / 'keypoint_train_images_20170902')['people'] == 3


def test_the_source_is_never_overwritten(tmp_path: Path) -> None:
    source = write_release(tmp_path)
    before = source.read_bytes()
    (tmp_path / 'soft.json').symlink_to(source)
    (tmp_path / 'hard.json').hardlink_to(source)
    for destination in (source, tmp_path / 'soft.json', tmp_path / 'hard.json', tmp_path / 'x/..' / source.name):
        with pytest.raises(ValueError, match='is the source, which would be overwritten'):
            convert_aic(source, destination)
    assert source.read_bytes() == before


def test_an_older_result_stays_where_the_conversion_fails(tmp_path: Path) -> None:
    source = write_release(tmp_path)
    convert_aic(source, tmp_path / 'out.json')
    before = (tmp_path / 'out.json').read_bytes()
    break_release(source, 'flag')
    with pytest.raises(ValueError, match='flag'):
        convert_aic(source, tmp_path / 'out.json')
    assert (tmp_path / 'out.json').read_bytes() == before
    assert not [file for file in tmp_path.iterdir() if file.name.endswith('.part')]


@pytest.mark.parametrize(('orientation', 'size'), [(1, (90, 80)), (3, (90, 80)), (6, (80, 90)), (8, (80, 90))])
def test_sizes_are_those_that_training_reads(orientation: int, size: tuple[int, int], tmp_path: Path) -> None:
    source = write_release(tmp_path)
    file = source.parent / 'keypoint_train_images_20170902/ab12.jpg'
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(np.zeros((80, 90, 3), np.uint8)).save(file, exif=exif.tobytes())
    convert_aic(source, tmp_path / 'out.json')
    first = json.loads((tmp_path / 'out.json').read_text())['images'][0]
    height, width = cv2.imread(str(file)).shape[:2]
    assert (first['width'], first['height']) == size == (width, height)
