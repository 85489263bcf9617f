"""The demo of exported files: the detector's boxes and the predictor's keypoints, from one file alone."""

from __future__ import annotations

import json
import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmpose.apis import inference_topdown

from tests.helpers.tiny_coco import CODEC
from tests.helpers.tiny_models import model_cfg, write_teacher
from vitpose_mm.export.command import ExportOptions, export
from vitpose_mm.inference.loading import build_detector, build_pose_model
from vitpose_mm.inference.topdown import PersonDetector, TopDown

pytest.importorskip('onnxruntime', reason='the extra [export] is not installed')
pytest.importorskip('onnxscript', reason='the extra [export] is not installed')
KEYS = ('keypoints', 'keypoint_scores')
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope='module')
def files(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """A tiny pose model and a tiny detector with random weights, exported, and the models themselves."""
    folder = tmp_path_factory.mktemp('models')
    cfg = {**model_cfg(16), 'test_cfg': {'flip_test': True, 'flip_mode': 'heatmap', 'shift_heatmap': False}}
    steps = [
        {'type': 'LoadImage'},
        {'type': 'GetBBoxCenterScale'},
        {'type': 'TopdownAffine', 'input_size': CODEC['input_size'], 'use_udp': True},
        {'type': 'PackPoseInputs'},
    ]
    dataset = {'type': 'CocoDataset', 'metainfo': {'from_file': 'configs/_base_/datasets/coco.py'}, 'pipeline': steps}
    text = f"default_scope = 'mmpose'\nmodel = {cfg!r}\ntest_dataloader = dict(dataset={dataset!r})\n"
    (folder / 'pose.py').write_text(text)
    with DefaultScope.overwrite_default_scope('mmpose'):
        pose = (str(folder / 'pose.py'), write_teacher(folder / 'pose.pth', cfg, meta=None))
    detector = (str(ROOT / 'configs/quickstart/rtmdet_mini_synthetic-256.py'), str(folder / 'detector.pth'))
    write_detector(*detector)
    for name, pair in (('pose', pose), ('detector', detector)):
        export(ExportOptions(config=pair[0], checkpoint=pair[1], out=str(folder / f'{name}.onnx')))
    shutil.copy(ROOT / 'tools/onnx_demo.py', folder)
    estimate = TopDown(PersonDetector(build_detector(*detector), bbox_thr=0.0, nms_thr=0.3), build_pose_model(*pose))
    return SimpleNamespace(folder=folder, topdown=estimate)


def write_detector(config: str, checkpoint: str) -> None:
    """Random weights whose boxes are a few strides wide and whose scores differ."""
    from mmdet.apis import init_detector

    torch.manual_seed(0)
    model = init_detector(Config.fromfile(config), None, device='cpu')
    for conv in model.bbox_head.rtm_cls:
        torch.nn.init.normal_(conv.weight, std=1.0)
    torch.save({'state_dict': model.state_dict(), 'meta': {}}, checkpoint)


def run_demo(folder: Path, *words: str) -> subprocess.CompletedProcess:
    """Run the copy of the demo in a process that cannot import torch or an mm package."""
    blocked = "import sys; sys.modules.update(dict.fromkeys(['torch', 'mmengine', 'mmcv', 'mmpose', 'vitpose_mm']))"
    run = f"{blocked}; import runpy; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
    command = [sys.executable, '-c', run, 'onnx_demo.py', *words, '--threads', '1']
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, env={**os.environ})


def photo(seed: int, size: tuple[int, int] = (200, 300)) -> np.ndarray:
    noise = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
    return cv2.GaussianBlur(noise, (9, 9), 3)


def test_a_folder_has_the_models_boxes_and_keypoints(files: SimpleNamespace) -> None:
    images = {f'{seed}.png': photo(seed) for seed in range(2)}
    (files.folder / 'photos').mkdir()
    for name, image in images.items():
        cv2.imwrite(str(files.folder / 'photos' / name), image)
    done = run_demo(
        files.folder, 'pose.onnx', '--detector', 'detector.onnx', '--bbox-thr', '0', '--input', 'photos',
        '--output-root', 'out',
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    results = json.loads((files.folder / 'out/results.json').read_text())
    assert [record['image'] for record in results['instance_info']] == list(images)
    assert results['meta_info']['keypoint_names'][0] == 'nose'
    for record in results['instance_info']:
        picture = cv2.imread(str(files.folder / 'out' / record['image']))
        assert picture.shape == (200, 300, 3) and (picture != images[record['image']]).any()
        boxes = np.array([[*person['bbox'], person['bbox_score']] for person in record['instances']])
        expected = files.topdown.detect(images[record['image']])
        assert len(boxes) > 5
        np.testing.assert_allclose(boxes[:5], expected[:5], atol=0.02)


def test_keypoints_are_those_of_mmpose(files: SimpleNamespace) -> None:
    demo = runpy.run_path(str(files.folder / 'onnx_demo.py'))
    estimate = demo['Pose'](demo['Model'](str(files.folder / 'pose.onnx'), 'pose', 1), flip_test=True)
    boxes = np.array([[20, 10, 120, 180, 1], [-30, 50, 260, 210, 1], [150, 20, 151, 190, 1]], np.float32)
    keypoints, scores = estimate(photo(5), boxes)
    people = inference_topdown(files.topdown.pose_model, photo(5), boxes[:, :4], 'xyxy')
    expected = [np.concatenate([getattr(one.pred_instances, key) for one in people]) for key in KEYS]
    np.testing.assert_allclose(scores, expected[1], atol=0.02)
    apart = np.abs(keypoints - expected[0]).max(-1)
    assert np.median(apart) < 0.1 and keypoints.shape == (3, 17, 2)  # random maps have singular Hessians too


def test_a_video_becomes_a_video_and_a_record_a_frame(files: SimpleNamespace) -> None:
    writer = cv2.VideoWriter(str(files.folder / 'clip.mp4'), cv2.VideoWriter.fourcc(*'mp4v'), 12, (96, 128))
    for seed in range(3):
        writer.write(photo(seed, (128, 96)))
    writer.release()
    done = run_demo(files.folder, 'pose.onnx', '--input', 'clip.mp4', '--output-root', 'video')
    assert done.returncode == 0, done.stderr
    records = json.loads((files.folder / 'video/results.json').read_text())['instance_info']
    assert [record['frame_id'] for record in records] == [0, 1, 2]
    assert [len(record['instances']) for record in records] == [1, 1, 1]
    assert records[0]['instances'][0]['bbox'] == [0, 0, 96, 128]
    video = cv2.VideoCapture(str(files.folder / 'video/clip.mp4'))
    assert video.get(cv2.CAP_PROP_FRAME_COUNT) == 3 and round(video.get(cv2.CAP_PROP_FPS)) == 12


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (('none.onnx', '--input', 'pose.py'), 'error: none.onnx does not exist'),
        (('detector.onnx', '--input', 'pose.py'), 'error: detector.onnx is not a file of tools/export.py for pose'),
        (('pose.onnx', '--input', 'none'), 'error: none does not exist'),
        (('pose.onnx', '--input', 'pose.py'), 'left out: pose.py cannot be read as an image'),
    ],
)
def test_a_mistake_ends_in_one_sentence(words: tuple[str, ...], message: str, files: SimpleNamespace) -> None:
    done = run_demo(files.folder, *words, '--output-root', 'mistake')
    assert done.returncode == 1 and message in done.stderr and 'Traceback' not in done.stderr
