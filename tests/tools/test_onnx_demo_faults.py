"""Exported files of strangers, and inputs that are none, are one sentence in the demo of exported files."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

onnx = pytest.importorskip('onnx', reason='the extra [export] is not installed')
pytest.importorskip('onnxruntime', reason='the extra [export] is not installed')
ROOT = Path(__file__).resolve().parents[2]
META = {
    'task': 'pose',
    'input_size': '[48, 64]',
    'mean': '[0, 0, 0]',
    'std': '[1, 1, 1]',
    'input_order': 'rgb',
    'output': 'heatmaps',
    'keypoint_names': '["a", "b", "c"]',
    'flip_pairs': '[[0, 1]]',
    'flip_test': 'true',
    'box_padding': '1.25',
    'skeleton': '[[0, 1]]',
    'codec': '{}',
    'dataset_name': 'three',
}
WRONG = {
    'input_size': ('[48]', '[0, 0]', '[48.5, 64]', '[100000, 100000]', '"x"', 'x', '[' * 100_000),
    'mean': ('[1]', '"a"', '[NaN, 0, 0]'),
    'std': ('[0, 0, 0]', '5'),
    'keypoint_names': ('[]', '5', '[1, 2, 3]', '["a", "b"]', '["a", "b", "c", "d"]'),
    'flip_pairs': ('[[0, 99]]', '5', '[[0, -1]]'),
    'skeleton': ('[[0, 99]]', '["ab"]', '[[0]]'),
    'box_padding': ('-1', 'NaN', 'null', '1e30'),
    'codec': ('5', '{"blur_kernel_size": 4}', '{"blur_kernel_size": 100001}', '{"blur_kernel_size": "x"}'),
    'output': ('keypoints', 'x'),
    'input_order': ('x',),
    'flip_test': ('5',),
}


@pytest.fixture(scope='module')
def demo() -> ModuleType:
    spec = importlib.util.spec_from_file_location('onnx_demo', ROOT / 'tools/onnx_demo.py')
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(demo: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> Run:
    """Run the demo on a file and an input; return its exit code and what it says."""
    photo = tmp_path / 'in' / 'a.png'
    photo.parent.mkdir()
    cv2.imwrite(str(photo), np.random.default_rng(0).integers(0, 255, (80, 60, 3), dtype=np.uint8))

    def run_demo(model: Path, source: Path = photo) -> tuple[int, str]:
        arguments = ['onnx_demo.py', str(model), '--input', str(source), '--output-root', str(tmp_path / 'out')]
        monkeypatch.setattr(sys, 'argv', arguments)
        return demo.main(), ''.join(capsys.readouterr())

    return run_demo


def write_model(path: Path, *, weight: float = 0.01, external: str = '', **changed: str | None) -> Path:
    """A network of one convolution with metadata, of which some is changed or, with None, left out."""
    shape = (3, 3, 4, 4)
    weights: Any = onnx.helper.make_tensor('w', onnx.TensorProto.FLOAT, shape, np.full(shape, weight).ravel())
    if external:
        weights.ClearField('float_data')
        weights.data_location = onnx.TensorProto.EXTERNAL
        for key, value in (('location', external), ('length', '576')):
            weights.external_data.add(key=key, value=value)
    values = [
        onnx.helper.make_tensor_value_info('input', onnx.TensorProto.FLOAT, ('n', 3, 64, 48)),
        onnx.helper.make_tensor_value_info('heat', onnx.TensorProto.FLOAT, None),
    ]
    node = onnx.helper.make_node('Conv', ['input', 'w'], ['heat'], strides=[4, 4])
    graph = onnx.helper.make_graph([node], 'g', values[:1], values[1:], [weights])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid('', 17)], ir_version=8)
    onnx.helper.set_model_props(model, {key: value for key, value in (META | changed).items() if value is not None})
    path.write_bytes(model.SerializeToString())
    return path


def test_the_good_one_runs(run: Run, tmp_path: Path) -> None:
    assert run(write_model(tmp_path / 'a.onnx'))[0] == 0
    records = json.loads((tmp_path / 'out' / 'results.json').read_text())['instance_info']
    assert len(records[0]['instances'][0]['keypoints']) == 3


def test_an_image_that_cannot_be_read_is_left_out(run: Run, tmp_path: Path) -> None:
    (tmp_path / 'in' / '0.png').write_bytes(b'bad')
    code, says = run(write_model(tmp_path / 'a.onnx'), tmp_path / 'in')
    assert code == 1 and 'images or frames: 2, 1 could not be read; people: 1; ' in says
    assert f'left out: {tmp_path / "in" / "0.png"} cannot be read as an image' in says
    bad, good = json.loads((tmp_path / 'out' / 'results.json').read_text())['instance_info']
    assert bad == {'image': '0.png', 'error': says.split('left out: ')[1].split('\n')[0], 'instances': []}
    assert len(good['instances']) == 1 and 'error' not in good
    assert (tmp_path / 'out' / 'a.png').is_file()


@pytest.mark.parametrize('name', META)
def test_missing_metadata(run: Run, tmp_path: Path, name: str) -> None:
    code, says = run(write_model(tmp_path / 'a.onnx', **{name: None}))
    assert code == 1 and says.startswith('error: ') and 'a.onnx' in says and says.count('\n') == 1


@pytest.mark.parametrize(('name', 'value'), [(name, value) for name, some in WRONG.items() for value in some])
def test_wrong_metadata(run: Run, tmp_path: Path, name: str, value: str) -> None:
    code, says = run(write_model(tmp_path / 'a.onnx', **{name: value}))
    assert code == 1 and says.startswith('error: ') and 'a.onnx' in says and says.count('\n') == 1 and len(says) < 500


@pytest.mark.parametrize('external', ['/etc/passwd', '../other.bin', 'link.bin'])
def test_weights_elsewhere_are_not_read(run: Run, tmp_path: Path, external: str) -> None:
    (tmp_path / 'other.bin').write_bytes(bytes(576))
    folder = tmp_path / 'models'
    folder.mkdir()
    (folder / 'link.bin').symlink_to(tmp_path / 'other.bin')
    code, says = run(write_model(folder / 'a.onnx', external=external))
    assert code == 1 and 'a.onnx cannot be read by onnxruntime' in says


def test_a_link_in_the_output_folder_is_not_written_through(run: Run, tmp_path: Path) -> None:
    (tmp_path / 'precious').write_text('precious')
    (tmp_path / 'out').mkdir()
    for name in ('a.png', 'results.json'):
        (tmp_path / 'out' / name).symlink_to(tmp_path / 'precious')
    assert run(write_model(tmp_path / 'a.onnx'))[0] == 0
    assert (tmp_path / 'precious').read_text() == 'precious'
    assert json.loads((tmp_path / 'out' / 'results.json').read_text())['instance_info']


@pytest.mark.parametrize('rate', [0.0, float('nan'), 1e9, -5.0])
def test_a_video_of_an_odd_rate_and_a_frame_that_grows(
    demo: Any, rate: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo.cv2, 'VideoCapture', lambda _: SimpleNamespace(get=lambda _: rate))
    output = demo.Output(tmp_path / 'walk.mp4', tmp_path / 'out')
    for size in ((48, 64), (96, 128), (48, 64)):
        output.add({'frame_id': 0}, np.zeros((*size, 3), np.uint8))
    output.close()
    monkeypatch.undo()
    video = cv2.VideoCapture(str(tmp_path / 'out' / 'walk.mp4'))
    assert sum(video.read()[0] for _ in range(4)) == 3


@pytest.mark.parametrize('weight', [float('nan'), float('inf')])
def test_a_network_that_gives_no_numbers(run: Run, tmp_path: Path, weight: float) -> None:
    code, says = run(write_model(tmp_path / 'a.onnx', weight=weight))
    assert code == 1 and 'gives NaN or infinity' in says


@pytest.mark.parametrize('content', [b'', b'junk' * 100, b'\x08\x08'])
def test_files_that_are_no_networks(run: Run, tmp_path: Path, content: bytes) -> None:
    (tmp_path / 'a.onnx').write_bytes(content)
    code, says = run(tmp_path / 'a.onnx')
    assert code == 1 and says.startswith('error: ') and 'a.onnx' in says


@pytest.mark.parametrize(
    'content',
    [
        b'#EXTM3U\n#EXTINF:1,\nother.mp4\n',
        b'ID3\3\0\0\0\0\0\n' + bytes(10) + b'ffconcat version 1.0\nfile other.mp4\n',
    ],
)
def test_a_list_of_other_files_is_not_followed(run: Run, tmp_path: Path, content: bytes) -> None:
    (tmp_path / 'walk.mp4').write_bytes(content)
    code, says = run(write_model(tmp_path / 'a.onnx'), tmp_path / 'walk.mp4')
    assert code == 1 and 'is a list of other files' in says


def test_pipes_are_not_waited_for(run: Run, tmp_path: Path) -> None:
    model, pipes = write_model(tmp_path / 'a.onnx'), tmp_path / 'pipes'
    pipes.mkdir()
    os.mkfifo(pipes / 'a.png')
    assert 'is not a regular file' in run(model, pipes / 'a.png')[1]
    assert 'has no images' in run(model, pipes)[1]


def test_a_picture_of_more_pixels_than_allowed(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / 'large.png'), np.zeros((8193, 8192), np.uint8))
    command = [sys.executable, ROOT / 'tools/onnx_demo.py', write_model(tmp_path / 'a.onnx'), '--input', 'large.png']
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True
    )  # OpenCV takes its limit when it starts
    assert done.returncode == 1 and 'large.png cannot be read as an image' in done.stderr
