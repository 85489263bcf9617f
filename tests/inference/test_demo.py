"""The demo as a whole: what it writes, what it says, what it counts, and how it refuses."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from PIL import Image

from vitpose_mm.inference import frames
from vitpose_mm.inference.demo import Demo, DemoOptions, prepare_folder, summarise


@pytest.fixture
def options(detector_files: SimpleNamespace, pose_files: SimpleNamespace, tmp_path: Path) -> dict:
    """What every run needs; the detector's random boxes all count."""
    return {
        'det_config': detector_files.config,
        'det_checkpoint': detector_files.checkpoint,
        'pose_config': pose_files.config,
        'pose_checkpoint': pose_files.checkpoint,
        'output_root': str(tmp_path / 'out'),
        'device': 'cpu',
        'bbox_thr': 0.0,
        'nms_thr': 1.0,
    }


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of five images, each of another kind, one that is none and a note."""
    folder = tmp_path / 'photos'
    folder.mkdir()
    pixels = np.random.default_rng(0).integers(0, 255, (60, 80, 4), dtype=np.uint8)
    Image.fromarray(pixels[..., :3]).save(folder / 'a.jpg')
    (folder / 'b.jpg').write_bytes((folder / 'a.jpg').read_bytes()[:300])
    Image.fromarray(pixels).save(folder / 'c.png')
    Image.fromarray(pixels[..., 0]).save(folder / 'd.png')
    cv2.imwrite(str(folder / 'e.png'), pixels[..., 0].astype(np.uint16) * 257)
    Image.new('RGB', (1, 1)).save(folder / 'f.gif')
    (folder / 'notes.txt').write_text('no image')
    return folder


def test_folder(options: dict, photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    failed = Demo(DemoOptions(**options, input=str(photos), save_predictions=True)).run()
    assert failed == 1
    out = Path(options['output_root'])
    assert sorted(path.name for path in out.iterdir()) == [
        'a.jpg',
        'c.png',
        'd.png',
        'e.png',
        'f.gif.png',
        'results_photos.json',
    ]
    assert cv2.imread(str(out / 'e.png')).shape == (60, 80, 3)
    content = json.loads((out / 'results_photos.json').read_text())
    assert content['meta_info']['dataset_name'] == 'one_point'
    records = content['instance_info']
    assert [record['image'] for record in records] == ['a.jpg', 'b.jpg', 'c.png', 'd.png', 'e.png', 'f.gif']
    assert [len(record['instances']) > 0 for record in records] == [True, False, True, True, True, True]
    assert [('error' in record) for record in records] == [False, True, False, False, False, False]
    assert np.array(records[0]['instances'][0]['keypoints']).shape == (1, 2)
    said = capsys.readouterr()
    assert 'left out: ' in said.out
    assert 'b.jpg' in said.out
    assert re.search(r'6 images: \d+ people; 1 could not be read', said.out)
    assert f'written: {out}\n' in said.out
    assert '6/6' not in said.err  # a bar is for a terminal


def test_no_image_ends_the_run_or_replaces_the_picture_of_another(
    options: dict, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / 'odd'
    folder.mkdir()
    longest = 'n' * 251 + '.gif'  # a name of 255 bytes: no room for the '.png' of its picture
    for name in ('a.gif', 'a.gif.png', longest, 'last.png'):
        Image.new('RGB', (60, 60), 'red' if name == 'a.gif' else 'blue').save(folder / name)
    (folder / 'x.heic').touch()
    options['bbox_thr'] = 0.9  # nobody: pictures stay as the images are
    assert Demo(DemoOptions(**options, input=str(folder), save_predictions=True)).run() == 1
    out = Path(options['output_root'])
    assert sorted(path.name for path in out.iterdir()) == [
        'a.gif.1.png',
        'a.gif.png',
        'last.png',
        'results_odd.json',
    ]
    assert cv2.imread(str(out / 'a.gif.1.png'))[0, 0].tolist() == [0, 0, 255]
    assert cv2.imread(str(out / 'a.gif.png'))[0, 0].tolist() == [255, 0, 0]
    records = json.loads((out / 'results_odd.json').read_text())['instance_info']
    assert [record['image'] for record in records if 'error' in record] == [longest]
    assert 'left out: 1 .heic' in capsys.readouterr().out


def test_one_image(options: dict, photos: Path) -> None:
    assert Demo(DemoOptions(**options, input=str(photos / 'a.jpg'), save_predictions=True)).run() == 0
    content = json.loads((Path(options['output_root']) / 'results_a.json').read_text())
    assert 1 <= len(content['instance_info']) <= 3  # people, as mmpose writes them for an image
    assert set(content['instance_info'][0]) == {'keypoints', 'keypoint_scores', 'bbox', 'bbox_score'}


def test_nobody_is_said_and_stored(options: dict, photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options['bbox_thr'] = 0.9
    assert Demo(DemoOptions(**options, input=str(photos / 'c.png'), save_predictions=True)).run() == 0
    out = Path(options['output_root'])
    assert json.loads((out / 'results_c.json').read_text())['instance_info'] == []
    said = capsys.readouterr().out
    assert 'c.png: no person found' in said
    assert '1 image: 0 people; 1 without people' in said
    assert f'written: {out / "c.png"}\nwritten: {out / "results_c.json"}\n' in said
    np.testing.assert_array_equal(cv2.imread(str(out / 'c.png')), cv2.imread(str(photos / 'c.png')))


def test_nothing_written_is_not_called_written(options: dict, photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert Demo(DemoOptions(**options, input=str(photos / 'b.jpg'))).run() == 1
    said = capsys.readouterr().out
    assert '1 image: 0 people; 1 could not be read' in said and 'written: ' not in said


def test_drawing_options(options: dict, photos: Path) -> None:
    wishes = {'draw_heatmap': True, 'draw_bbox': True, 'show_kpt_idx': True, 'kpt_thr': 0.0}
    assert Demo(DemoOptions(**options, **wishes, input=str(photos / 'd.png'))).run() == 0
    out = Path(options['output_root'])
    assert [path.name for path in out.iterdir()] == ['d.png']  # predictions are stored on request only
    assert cv2.imread(str(out / 'd.png')).shape == (120, 80, 3)


def test_a_stopped_run_keeps_what_it_has(options: dict, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    demo = Demo(DemoOptions(**options, input=str(photos), save_predictions=True))
    read = frames.read_image

    def stop(path: Path) -> np.ndarray:
        if path.name == 'c.png':
            raise KeyboardInterrupt
        return read(path)

    monkeypatch.setattr(frames, 'read_image', stop)
    with pytest.raises(KeyboardInterrupt):
        demo.run()
    content = json.loads((Path(options['output_root']) / 'results_photos.json').read_text())
    assert [record['image'] for record in content['instance_info']] == ['a.jpg', 'b.jpg']


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'output_root': ''}, 'give --output-root FOLDER, or --show'),
        ({'output_root': '', 'show': True, 'save_predictions': True}, '--save-predictions writes below'),
        ({'input': 'gone'}, 'gone does not exist'),
        ({'device': 'tpu!'}, '--device tpu! is not a device'),
        ({'skeleton_style': 'openpose'}, 'not for one_point'),
        ({'det_cat_id': -1}, '--det-cat-id -1 is not a class'),
        ({'bbox_thr': 30}, '--bbox-thr is 30: give a number from 0 to 1'),
        ({'alpha': -0.5}, '--alpha is -0.5: give a number'),
    ],
)
def test_refusals(options: dict, photos: Path, change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Demo(DemoOptions(**{**options, 'input': str(photos), **change}))


def test_a_class_that_the_detector_lacks_is_warned_of(options: dict, photos: Path) -> None:
    with pytest.warns(UserWarning, match='--det-cat-id 7 may find nobody: the last class of the detector is 0'):
        Demo(DemoOptions(**options, input=str(photos), det_cat_id=7))


def test_output_folder(photos: Path) -> None:
    images = [photos / 'a.jpg']
    assert prepare_folder(photos / 'new' / 'deep', images).is_dir()
    with pytest.raises(ValueError, match=r'cannot be written to \(Not a directory\)'):
        prepare_folder(photos / 'notes.txt' / 'out', images)
    with pytest.raises(ValueError, match='which would be replaced'):
        prepare_folder(photos / 'new' / '..', images)


def test_summary() -> None:
    records = [{'instances': [1, 2]}, {'instances': []}, {'instances': [], 'error': 'x'}]
    assert summarise(records, 1) == '3 images: 2 people; 1 without people; 1 could not be read'
    assert summarise(records[:1], 0) == '1 image: 2 people'
