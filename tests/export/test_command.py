"""Exported files give what the model gives, for any batch, and carry what a program needs beside them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from vitpose_mm.export.command import ExportOptions, export
from vitpose_mm.export.run import open_exported
from vitpose_mm.inference.loading import build_pose_model

onnx = pytest.importorskip('onnx', reason='the extra [export] is not installed')
onnxruntime = pytest.importorskip('onnxruntime', reason='the extra [export] is not installed')


def crops_of(number: int, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((number, 3, 64, 48)).astype(np.float32)


def heatmaps_of(files: Any, crops: np.ndarray, dataset: str = 'coco') -> np.ndarray:
    """What the model itself gives, sample by sample through its dataset's head and expert."""
    from mmpose.structures import PoseDataSample

    model: Any = build_pose_model(*files)
    samples = [PoseDataSample(metainfo={'dataset_name': dataset}) for _ in crops]
    with torch.no_grad():
        return torch.stack(model.head.heatmaps(model.extract_feat(torch.from_numpy(crops), samples), samples)).numpy()


@pytest.mark.parametrize('kind', ['classic', 'windows', 'experts'])
def test_onnx_heatmaps_equal_the_models_for_any_batch(kind: str, make_files: Callable, tmp_path: Path) -> None:
    files, file = make_files(kind), tmp_path / 'tiny.onnx'
    dataset = 'aic' if kind == 'experts' else None
    exported = export(ExportOptions(config=files.config, checkpoint=files.checkpoint, out=str(file), dataset=dataset))
    assert exported.difference is not None and exported.difference.heatmaps is not None
    assert exported.difference.heatmaps < 1e-4
    run = open_exported(file)
    for number in (1, 2, 5):
        crops = crops_of(number)
        expected = heatmaps_of(files, crops, dataset or 'coco')
        assert np.abs(expected).max() > 0.5
        np.testing.assert_allclose(run(crops)[0], expected, atol=1e-4)
    assert sorted(path.name for path in tmp_path.iterdir()) == ['tiny.onnx']  # no external data, nothing left over


@pytest.fixture(scope='module')
def keypoint_file(make_files: Callable, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp('keypoints') / 'tiny.onnx'
    export(ExportOptions(**make_files('classic')._asdict(), out=str(file), output='keypoints', input_order='bgr'))
    return file


def test_names_types_and_metadata_are_in_the_file(keypoint_file: Path) -> None:
    session = onnxruntime.InferenceSession(str(keypoint_file))
    (fed,), (got,) = session.get_inputs(), session.get_outputs()
    assert (fed.name, fed.type, fed.shape[1:]) == ('input', 'tensor(float)', [3, 64, 48])
    assert (got.name, got.type, got.shape[1:]) == ('output', 'tensor(float)', [17, 3])
    assert isinstance(fed.shape[0], str) and fed.shape[0] == got.shape[0]
    meta = session.get_modelmeta().custom_metadata_map
    assert meta['output'] == 'keypoints' and meta['input_order'] == 'bgr' and meta['task'] == 'pose'
    assert json.loads(meta['keypoint_names'])[:2] == ['nose', 'left_eye']
    assert json.loads(meta['flip_pairs'])[0] == [1, 2] and len(json.loads(meta['flip_pairs'])) == 8
    assert json.loads(meta['input_size']) == [48, 64] and json.loads(meta['mean']) == [90, 120, 150]
    assert json.loads(meta['config'])['backbone']['arch']['num_layers'] == 2


def test_no_path_of_the_author_is_in_the_file(keypoint_file: Path) -> None:
    content = keypoint_file.read_bytes()
    assert str(Path(__file__).parents[2]).encode() not in content and b'site-packages' not in content


def test_keypoints_of_bgr_crops_equal_those_decoded_from_the_models_heatmaps(
    keypoint_file: Path, make_files: Callable
) -> None:
    files, rgb = make_files('classic'), crops_of(4)
    codec = build_pose_model(*files).head.decoder  # type: ignore[union-attr]
    heatmaps = heatmaps_of(files, rgb)
    mean, std = np.float32([90, 120, 150])[:, None, None], np.float32([50, 60, 70])[:, None, None]
    bgr = (rgb * std + mean)[:, ::-1]
    found = open_exported(keypoint_file)((bgr - mean) / std)[0]
    for maps, person in zip(heatmaps, found, strict=True):
        keypoints, scores = codec.decode(maps)
        np.testing.assert_allclose(person[:, 2], scores[0], atol=1e-4)
        apart = np.abs(keypoints[0] - person[:, :2]).max(-1)
        assert np.median(apart) < 0.01  # random maps have singular Hessians too


@pytest.mark.parametrize(('precision', 'atol'), [('fp16', 0.02), ('int8', 0.2)])
def test_fp16_and_int8_have_fp32_inputs_and_outputs(
    precision: str, atol: float, make_files: Callable, tmp_path: Path
) -> None:
    files, file = make_files('classic'), tmp_path / 'tiny.onnx'
    export(ExportOptions(**files._asdict(), out=str(file), precision=precision))
    crops = crops_of(3)
    expected = heatmaps_of(files, crops)
    np.testing.assert_allclose(open_exported(file)(crops)[0], expected, atol=atol * np.abs(expected).max())
    inside = {value.data_type for value in onnx.load(str(file)).graph.initializer}
    kind = {'fp16': onnx.TensorProto.FLOAT16, 'int8': onnx.TensorProto.INT8}[precision]
    assert kind in inside


def test_a_program_of_torch_holds_its_metadata(make_files: Callable, tmp_path: Path) -> None:
    files, file = make_files('classic'), tmp_path / 'tiny.pt2'
    exported = export(ExportOptions(**files._asdict(), out=str(file)))
    assert exported.difference is not None and exported.difference.heatmaps is not None
    assert exported.difference.heatmaps < 1e-5
    extra = {'metadata.json': ''}
    module = torch.export.load(file, extra_files=extra).module()
    assert module(torch.zeros(3, 3, 64, 48)).shape == (3, 17, 16, 12)
    assert json.loads(extra['metadata.json'])['keypoint_names'] == exported.metadata['keypoint_names']


def test_openvino_files_equal_the_model_and_int8_is_calibrated(make_files: Callable, tmp_path: Path) -> None:
    openvino = pytest.importorskip('openvino', reason='the extra [openvino] is not installed')
    files, file = make_files('classic'), tmp_path / 'tiny.xml'
    exported = export(ExportOptions(**files._asdict(), out=str(file)))
    assert exported.difference is not None and exported.difference.heatmaps is not None
    assert exported.difference.heatmaps < 1e-4
    model = openvino.Core().read_model(str(file))
    assert model.get_rt_info(['vitpose_mm', 'dataset_name']).astype(str) == 'coco'
    assert model.input(0).get_any_name() == 'input' and model.output(0).get_any_name() == 'output'
    pytest.importorskip('nncf', reason='the extra [openvino] is not installed')
    write_people(tmp_path / 'people', 4)
    small = tmp_path / 'int8.xml'
    images = str(tmp_path / 'people')
    measured = export(ExportOptions(**files._asdict(), out=str(small), precision='int8', images=images)).difference
    assert measured is not None and measured.real and measured.crops == 4
    assert small.with_suffix('.bin').stat().st_size < file.with_suffix('.bin').stat().st_size


def test_the_difference_is_measured_on_images_of_people(make_files: Callable, tmp_path: Path) -> None:
    write_people(tmp_path / 'people', 3)
    options = ExportOptions(
        **make_files('classic')._asdict(), out=str(tmp_path / 'tiny.onnx'), images=str(tmp_path / 'people')
    )
    difference = export(options).difference
    assert difference is not None and difference.real and difference.crops == 3 and difference.keypoints > 10
    assert '3 crops of people' in str(difference) and 'keypoints with a score above 0.3' in str(difference)


def write_people(folder: Path, number: int) -> None:
    folder.mkdir()
    rng = np.random.default_rng(0)
    for index in range(number):
        cv2.imwrite(str(folder / f'{index}.png'), rng.integers(0, 256, (90, 70, 3), dtype=np.uint8))


@pytest.mark.parametrize(
    ('changed', 'message'),
    [
        ({'out': 'tiny.tflite'}, 'tiny.tflite: the ending says the format; give one of .onnx, .pt2, .xml'),
        ({'out': 'tiny.pt2', 'precision': 'int8'}, 'int8 is for .onnx and .xml files'),
        ({'out': 'tiny.xml', 'precision': 'int8'}, 'give --images FOLDER'),
        ({'dataset': 'mpii'}, "'mpii': the model has one head"),
        ({'images': '/not/there'}, '/not/there does not exist'),
    ],
)
def test_a_mistake_ends_in_one_sentence(changed: dict, message: str, make_files: Callable, tmp_path: Path) -> None:
    out = str(tmp_path / changed.pop('out', 'tiny.onnx'))
    with pytest.raises(ValueError, match=re.escape(message)):
        export(ExportOptions(**make_files('classic')._asdict(), out=out, **changed))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ('name', 'sentence'),
    [
        ('tiny.onnx', r'onnx and onnxruntime and onnxscript: pip install "vitpose_mm\[export\]"'),
        ('tiny.xml', r'openvino: pip install "vitpose_mm\[openvino\]"'),
    ],
)
def test_a_missing_package_is_named_before_anything_is_loaded(
    name: str, sentence: str, make_files: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('vitpose_mm.export.packages.find_spec', lambda name: None)
    with pytest.raises(ValueError, match=sentence):
        export(ExportOptions(config=make_files('classic').config, checkpoint='absent.pth', out=str(tmp_path / name)))


def test_weights_beyond_two_gigabytes_are_refused(tmp_path: Path) -> None:
    from vitpose_mm.export.onnx_file import write_onnx

    with torch.device('meta'):
        large = torch.nn.Linear(30_000, 20_000)
    with pytest.raises(ValueError, match=r'take 2.4 GB and an ONNX file holds 2 GB'):
        write_onnx(large, torch.zeros(2, 3, 4, 4), tmp_path / 'large.onnx')
