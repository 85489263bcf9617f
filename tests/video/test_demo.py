"""The demo on videos, as a whole: what it writes, what it says, how it stops, goes on and refuses."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from vitpose_mm.inference.demo import DemoOptions
from vitpose_mm.video import VideoReader
from vitpose_mm.video.demo import Summary, VideoDemo, stop_on_signals
from vitpose_mm.video.result import VideoResult

from .conftest import picture

KINDS = {'object': dict, 'array': list, 'string': str, 'integer': int, 'number': (int, float), 'null': type(None)}


@pytest.fixture
def options(detector_files: SimpleNamespace, pose_files: SimpleNamespace, tmp_path: Path) -> dict[str, Any]:
    """What every run needs; the detector's random boxes all count."""
    return {
        'det_config': detector_files.config,
        'det_checkpoint': detector_files.checkpoint,
        'pose_config': pose_files.config,
        'pose_checkpoint': pose_files.checkpoint,
        'output_root': str(tmp_path / 'out'),
        'device': 'cpu',
        'bbox_thr': 0.0,
        'save_predictions': True,
        'batch_size': 4,
    }


def check(value: Any, schema: dict[str, Any], where: str = 'results') -> None:
    """Check a value by the parts of JSON Schema that docs/video_results.schema.json uses."""
    kinds = schema['type'] if isinstance(schema['type'], list) else [schema['type']]
    assert any(isinstance(value, KINDS[kind]) for kind in kinds), where
    if isinstance(value, dict):
        assert set(schema.get('required', ())) <= set(value), where
        known = schema.get('properties', {})
        assert schema.get('additionalProperties', True) or set(value) <= set(known), where
        for key in set(value) & set(known):
            check(value[key], known[key], f'{where}.{key}')
    if isinstance(value, list) and 'items' in schema:
        for item in value:
            check(item, schema['items'], f'{where}[]')


def test_a_video(
    options: dict, write_video: Callable[..., Path], root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    video = write_video(13)
    assert VideoDemo(DemoOptions(**options, input=str(video), smooth='oneeuro', det_interval=2)).run() == 0
    out = Path(options['output_root'])
    assert sorted(path.name for path in out.iterdir()) == ['results_walk.json', 'walk.webm']
    drawn = list(VideoReader(out / 'walk.webm'))
    assert len(drawn) == 13
    assert np.abs(drawn[5].image.astype(int) - picture(5)).max() > 100  # something is drawn
    content = json.loads((out / 'results_walk.json').read_text())
    check(content, json.loads((root / 'docs' / 'video_results.schema.json').read_text()))
    assert content['video_info'] == {'source': str(video), 'fps': 25.0, 'num_frames': 13}
    assert [entry['frame_id'] for entry in content['instance_info']] == list(range(13))
    assert all(entry['instances'][0]['track_id'] >= 1 for entry in content['instance_info'])
    said = capsys.readouterr().out
    assert re.search(r'13 frames: \d+ people in \d tracks?\n', said)
    assert f'written: {out}' in said


def test_ctrl_c_keeps_what_is_there_and_the_same_command_goes_on(
    options: dict, write_video: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options |= {'input': str(write_video(24)), 'track': 'bytetrack', 'smooth': 'savgol', 'batch_size': 2}
    out = Path(options['output_root'])
    assert VideoDemo(DemoOptions(**options)).run() == 0
    whole = (out / 'results_walk.json').read_bytes()
    write = VideoDemo._write

    def interrupt(demo: VideoDemo, result: VideoResult, files: Any) -> None:
        write(demo, result, files)
        if result.index == 3:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(VideoDemo, '_write', interrupt)
    assert VideoDemo(DemoOptions(**options)).run() == 1
    assert 'people in' in (said := capsys.readouterr().out) and '; stopped' in said
    assert 'the same command continues after the last frame' in said
    part = json.loads((out / 'results_walk.json').read_text())['instance_info']
    assert 4 < len(part) < 20
    assert len(list(VideoReader(out / 'walk.webm'))) == len(part)
    assert (out / 'results_walk.jsonl').is_file()
    monkeypatch.setattr(VideoDemo, '_write', write)
    demo = VideoDemo(DemoOptions(**options))
    predicted = []
    estimate = demo.predictor._estimate_all
    demo.predictor._estimate_all = lambda frames, heatmaps: (predicted.extend(frames), estimate(frames, heatmaps))[1]
    assert demo.run() == 0
    assert len(predicted) < 24 - 4
    assert (out / 'results_walk.json').read_bytes() == whole
    assert len(list(VideoReader(out / 'walk.webm'))) == 24
    assert not (out / 'results_walk.jsonl').exists()


def test_a_truncated_video_is_said(
    options: dict, write_video: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_video(60, name='cut.webm')
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 3])
    assert VideoDemo(DemoOptions(**options, input=str(path))).run() == 1
    assert re.search(r'cut\.webm ended after \d+ of 60 frames: it is damaged, or cut off\.', capsys.readouterr().out)
    assert len(json.loads((Path(options['output_root']) / 'results_cut.json').read_text())['instance_info']) > 5


def test_a_full_disk_ends_in_one_sentence(
    options: dict, write_video: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(demo: VideoDemo, result: VideoResult, files: Any) -> None:
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(VideoDemo, '_write', fail)
    assert VideoDemo(DemoOptions(**options, input=str(write_video(5)))).run() == 1
    assert 'stopped: [Errno 28] No space left on device' in capsys.readouterr().out


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'input': 'gone.mp4'}, 'gone.mp4 does not exist'),
        ({'det_interval': 0}, '--det-interval is 0: give 1'),
        ({'batch_size': 0}, '--batch-size is 0: give 1'),
        ({'video_codec': 'xvid'}, "'xvid' is not known"),
        ({'draw_heatmap': True}, '--draw-heatmap is for images'),
        ({'output_root': ''}, 'give --output-root FOLDER, or --show'),
    ],
)
def test_refusals(options: dict, write_video: Callable[..., Path], change: dict, message: str) -> None:
    options |= {'input': str(write_video(2)), 'save_predictions': False}
    with pytest.raises(ValueError, match=message):
        VideoDemo(DemoOptions(**{**options, **change}))


def test_the_second_signal_is_the_programs_own() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with stop_on_signals() as stop:
        assert not stop.is_set()
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.is_set()
        assert signal.getsignal(signal.SIGTERM) == before


def test_summary() -> None:
    summary = Summary()
    assert summary.describe() == '0 frames: 0 people'
