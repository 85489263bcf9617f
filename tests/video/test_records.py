from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from vitpose_mm.video import VideoResult
from vitpose_mm.video.records import FrameLog, open_results

IMAGE = np.zeros((2, 2, 3), np.uint8)
METAINFO = {'num_keypoints': 3, 'keypoint_id2name': {0: 'nose', 1: 'left, knee', 2: 'tail'}}
SETTINGS = {'track': 'bytetrack', 'bbox_thr': 0.3}


def result(index: int) -> VideoResult:
    """Return two tracked people with odd numbers in a frame."""
    rng = np.random.default_rng(index)
    return VideoResult(
        index=index,
        time=index / 29.97,
        image=IMAGE,
        keypoints=rng.uniform(0, 1000, (2, 3, 2)).astype(np.float32),
        scores=rng.uniform(0, 1, (2, 3)).astype(np.float32),
        boxes=rng.uniform(0, 1000, (2, 4)).astype(np.float32),
        box_scores=rng.uniform(0, 1, 2).astype(np.float32),
        metainfo=METAINFO,
        track_ids=np.array([1, 4]),
    )


def test_a_csv_has_a_line_for_each_person_with_the_numbers_of_the_json_file() -> None:
    lines = list(csv.reader([*result(0).to_csv().splitlines(), *result(7).to_csv(header=False).splitlines()]))
    assert [line[:4] for line in lines[1:]] == [
        ['0', '0.0', '0', '1'],
        ['0', '0.0', '1', '4'],
        ['7', '0.233567', '0', '1'],
        ['7', '0.233567', '1', '4'],
    ]
    assert lines[0][:5] == ['frame_id', 'time', 'person', 'track_id', 'x1'] and lines[0][-6] == 'left, knee_x'
    for line, person in zip(lines[3:], result(7).to_dict()['instances'], strict=True):
        assert list(map(float, line[4:9])) == [*person['bbox'], person['bbox_score']]
        points = np.column_stack((person['keypoints'], person['keypoint_scores'])).ravel()
        assert list(map(float, line[9:])) == points.tolist()


def write_log(path: Path, frames: int) -> None:
    log = FrameLog(path, SETTINGS)
    assert list(log.read()) == []
    for index in range(frames):
        log.write(result(index), np.full((1, 5), index / 3, np.float32) if index % 2 == 0 else None)
    log.close()


def test_a_log_gives_back_every_bit(tmp_path: Path) -> None:
    write_log(tmp_path / 'a.jsonl', 3)
    log = FrameLog(tmp_path / 'a.jsonl', SETTINGS)
    assert not log.replaced
    entries = list(log.read())
    for index, entry in enumerate(entries):
        back, there = VideoResult.from_dict(entry, IMAGE, METAINFO), result(index)
        assert back.time == there.time
        for name in ('keypoints', 'scores', 'boxes', 'box_scores', 'track_ids'):
            np.testing.assert_array_equal(getattr(back, name), getattr(there, name))
            assert getattr(back, name).dtype == getattr(there, name).dtype
    assert np.array(entries[2]['detections'], np.float32)[0, 0] == np.float32(2 / 3)
    assert entries[1]['detections'] is None
    log.remove()
    assert not (tmp_path / 'a.jsonl').exists()


@pytest.mark.parametrize('damage', ['half a line', 'zeros', 'a frame is missing', 'deep lists'])
def test_what_a_kill_left_is_cut_off(tmp_path: Path, damage: str) -> None:
    path = tmp_path / 'a.jsonl'
    write_log(path, 5)
    lines = path.read_bytes().splitlines(keepends=True)
    ends = {'half a line': lines[4][:30], 'zeros': b'\0' * 40 + b'\n', 'a frame is missing': lines[5]}
    ends['deep lists'] = b'[' * 100_000 + b'\n'
    path.write_bytes(b''.join(lines[:4]) + ends[damage])
    log = FrameLog(path, SETTINGS)
    assert [entry['frame_id'] for entry in log.read()] == [0, 1, 2]
    log.write(result(3), None)
    log.close()
    assert [entry['frame_id'] for entry in FrameLog(path, SETTINGS).read()] == [0, 1, 2, 3]
    assert len(path.read_bytes().splitlines()) == 5


def test_other_settings_begin_anew(tmp_path: Path) -> None:
    write_log(tmp_path / 'a.jsonl', 2)
    for settings, resume in (({**SETTINGS, 'bbox_thr': 0.5}, True), (SETTINGS, False)):
        log = FrameLog(tmp_path / 'a.jsonl', settings, resume=resume)
        assert log.replaced
        assert list(log.read()) == []
        log.close()


def test_results_are_whole_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / 'results.json'
    with pytest.raises(OSError), open_results(path, {'dataset_name': 'x'}, {'fps': 25}) as results:
        results.add(result(0))
        raise OSError('no space')
    assert list(tmp_path.iterdir()) == []
    (tmp_path / '.results.json.17.part').touch()  # of a run that was killed
    with open_results(path, {'sigmas': np.array([0.5])}, {'fps': 25}) as results:
        for index in range(3):
            results.add(result(index))
    assert [file.name for file in tmp_path.iterdir()] == ['results.json']
    content = json.loads(path.read_text())
    assert content['meta_info'] == {'sigmas': [0.5]}
    assert content['video_info'] == {'fps': 25}
    assert [entry['frame_id'] for entry in content['instance_info']] == [0, 1, 2]
    person = content['instance_info'][1]['instances'][1]
    np.testing.assert_allclose(person['bbox'], result(1).boxes[1], atol=6e-4)
    np.testing.assert_allclose(person['keypoint_scores'], result(1).scores[1], atol=6e-5)
    assert (person['track_id'], len(person['bbox'])) == (4, 4)
    with open_results(path, {}, {}):
        pass
    assert json.loads(path.read_text())['instance_info'] == []
