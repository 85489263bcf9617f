"""The demo as a command: quick help, mmpose's arguments, exit codes, one run with a ViT."""

from __future__ import annotations

import argparse
import functools
import json
import os
import pickle
import re
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from PIL import Image

from tests.helpers.file_server import serve
from tests.helpers.warm_python import run_python
from vitpose_mm import zoo
from vitpose_mm.zoo import ModelFiles

TOOL = Path(__file__).resolve().parents[2] / 'tools' / 'topdown_demo_with_mmdet.py'

# of mmpose 1.3.2's demo/topdown_demo_with_mmdet.py
MMPOSE_FLAGS = (
    '--input --show --output-root --save-predictions --device --det-cat-id --bbox-thr --nms-thr --kpt-thr '
    '--draw-heatmap --show-kpt-idx --skeleton-style --radius --thickness --show-interval --alpha --draw-bbox'
)

DETECTOR = """
_base_ = 'mmdet::rtmdet/rtmdet_tiny_8xb32-300e_coco.py'
model = dict(
    backbone=dict(deepen_factor=0.167, widen_factor=0.125, init_cfg=None),
    neck=dict(in_channels=[32, 64, 128], out_channels=32, num_csp_blocks=1),
    bbox_head=dict(in_channels=32, feat_channels=32, num_classes=1),
    test_cfg=dict(score_thr=0.0, max_per_img=2))
"""

POSE = """
default_scope = 'mmpose'
codec = dict(type='UDPHeatmap', input_size=(48, 64), heatmap_size=(12, 16), sigma=2)
model = dict(
    type='vitpose_mm.PoseEstimator',
    data_preprocessor=dict(
        type='PoseDataPreprocessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True),
    backbone=dict(
        type='vitpose_mm.ViT', arch=dict(embed_dims=32, num_layers=1, num_heads=2), input_size=(48, 64)),
    head=dict(type='vitpose_mm.SimpleHead', in_channels=32, out_channels=17, decoder=codec),
    test_cfg=dict(flip_test=True, flip_mode='heatmap'))
test_dataloader = dict(dataset=dict(type='CocoDataset', pipeline=[
    dict(type='LoadImage'), dict(type='GetBBoxCenterScale'),
    dict(type='TopdownAffine', input_size=(48, 64), use_udp=True), dict(type='PackPoseInputs')]))
"""

SAVE = """
import torch, vitpose_mm.registry
torch.manual_seed(0)
from mmdet.apis import init_detector
from mmpose.apis import init_model
detector = init_detector('detector.py', None, device='cpu')
for conv in detector.bbox_head.rtm_reg:
    torch.nn.init.constant_(conv.bias, 2)  # boxes of about 4 strides
torch.save({'state_dict': detector.state_dict()}, 'detector.pth')
torch.save({'state_dict': init_model('pose.py', None, device='cpu').state_dict()}, 'pose.pth')
"""


def run(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return run_python(TOOL, *words, cwd=cwd)


def parse(words: list[str], monkeypatch: pytest.MonkeyPatch) -> argparse.Namespace:
    """Return the options of a command line of the demo."""
    monkeypatch.setattr(sys, 'argv', [str(TOOL), *words])
    return runpy.run_path(str(TOOL))['parse_args']()


def test_models_go_before_or_behind_the_options(monkeypatch: pytest.MonkeyPatch) -> None:
    models = ['d.py', 'd.pth', 'p.py', 'p.pth']
    for words in (
        [*models, '--input', 'a.png'],
        ['--input', 'a.png', *models],
        [*models[:2], '--input=a.png', *models[2:]],
    ):
        args = parse(words, monkeypatch)
        assert (args.models, args.input) == (models, 'a.png')


def test_pictures_go_to_vis_results_unless_they_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    assert parse(['--input', 'a.png'], monkeypatch).output_root == 'vis_results'
    assert parse(['--input', 'a.png', '--output-root', 'out'], monkeypatch).output_root == 'out'
    assert parse(['--input', 'a.png', '--show'], monkeypatch).output_root == ''


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (['vitpose_tiny'], "error: 'vitpose_tiny' is not a pose model of the zoo: choose one of "),
        (['det.py'], 'error: det.py is a config without a checkpoint'),
    ],
)
def test_models_that_are_not_there_are_one_sentence(words: list[str], message: str, tmp_path: Path) -> None:
    Image.new('RGB', (8, 8)).save(tmp_path / 'a.png')
    result = run(*words, '--input', 'a.png', cwd=tmp_path)
    assert result.returncode == 2
    assert result.stderr.startswith(message) and result.stderr.count('\n') == 1
    assert [path.name for path in tmp_path.iterdir()] == ['a.png']


def test_help_is_quick_and_names_mmposes_flags() -> None:
    check = (
        'import runpy, sys; sys.argv = ["x", "-h"]\ntry: runpy.run_path(sys.argv.pop(0) and %r, run_name="__main__")'
    )
    check = (
        check % str(TOOL) + '\nexcept SystemExit: print("HEAVY", {"torch", "mmpose", "mmengine"} & set(sys.modules))'
    )
    words = ['-c', check.replace('["x", "-h"]', '["x", "tool", "-h"]')]
    result = subprocess.run([sys.executable, *words], capture_output=True, text=True, timeout=600)
    assert 'HEAVY set()' in result.stdout, result.stderr
    flags = set(re.findall(r'(--[a-z-]+)', result.stdout))
    assert set(MMPOSE_FLAGS.split()) <= flags
    assert '--gpus' not in flags  # mim looks for it


class Bomb:
    """Unpickling it makes a folder."""

    def __reduce__(self) -> tuple:
        return os.mkdir, ('gone_off',)


@pytest.mark.slow
def test_a_bomb_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / 'detector.py').write_text(DETECTOR)
    (tmp_path / 'bomb.pth').write_bytes(pickle.dumps({'state_dict': Bomb()}, protocol=2))
    Image.new('RGB', (8, 8)).save(tmp_path / 'a.png')
    words = ('detector.py', 'bomb.pth', 'pose.py', 'pose.pth', '--input', 'a.png', '--output-root', 'out')
    whole = [sys.executable, str(TOOL), *words, '--device', 'cpu']  # which shows that the imports say nothing
    result = subprocess.run(whole, cwd=tmp_path, capture_output=True, text=True, timeout=600)
    assert result.returncode == 2
    assert re.fullmatch(r'error: .*bomb\.pth.*\.\n', result.stderr), result.stderr
    assert not (tmp_path / 'gone_off').exists()


def write_models(folder: Path) -> None:
    """Write detector.py, detector.pth, pose.py and pose.pth."""
    for name, content in model_files().items():
        (folder / name).write_bytes(content)


@functools.cache
def model_files() -> dict[str, bytes]:
    """Return the files of a detector and a pose model with random weights, made once."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, text in (('detector.py', DETECTOR), ('pose.py', POSE), ('save.py', SAVE)):
            (folder / file).write_text(text)
        run_python(folder / 'save.py', cwd=folder).check_returncode()
        return {file: (folder / file).read_bytes() for file in ('detector.py', 'detector.pth', 'pose.py', 'pose.pth')}


@pytest.mark.slow
def test_models_by_name_and_offline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The defaults, which are small models here: downloaded once, and again at hand without a network."""
    write_models(tmp_path)
    Image.effect_noise((80, 60), 90).save(tmp_path / 'photo.png')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'cache'))
    monkeypatch.delenv('VITPOSE_MM_MIRROR', raising=False)
    monkeypatch.setenv('VITPOSE_MM_OFFLINE', '0')  # --offline sets it; this puts it back

    def demo(*words: str) -> int:
        monkeypatch.setattr(sys, 'argv', [str(TOOL), '--input', 'photo.png', '--device', 'cpu', *words])
        return runpy.run_path(str(TOOL))['main']()

    with serve(tmp_path) as server:
        for kind, name in (('pose_models', 'vitpose_base'), ('detectors', 'rtmdet')):
            file = 'pose' if kind == 'pose_models' else 'detector'
            model = ModelFiles(f'{file}.py', f'{server.address}/{file}.pth')
            monkeypatch.setattr(zoo, kind, lambda name=name, model=model: {name: model})
        assert demo('--offline') == 2
        assert 'detector.pth is not here, and offline nothing is downloaded' in capsys.readouterr().err
        monkeypatch.setenv('VITPOSE_MM_OFFLINE', '0')
        assert demo() == 0
        assert server.requests == ['/detector.pth', '/pose.pth']
        (tmp_path / 'vis_results' / 'photo.png').unlink()
        assert demo('rtmdet', 'vitpose_base', '--offline') == 0
        assert (tmp_path / 'vis_results' / 'photo.png').is_file()
        assert len(server.requests) == 2


@pytest.mark.slow
def test_from_files_to_pictures(tmp_path: Path) -> None:
    write_models(tmp_path)
    (tmp_path / 'in').mkdir()
    Image.effect_noise((80, 60), 90).save(tmp_path / 'in' / 'noise.png')
    (tmp_path / 'in' / 'bad.png').write_bytes(b'bad')
    models = ('detector.py', 'detector.pth', 'pose.py', 'pose.pth')
    where = ('--input', 'in', '--output-root', 'out', '--save-predictions', '--bbox-thr', '0', '--device', 'cpu')
    result = run(*models, *where, cwd=tmp_path)
    assert result.returncode == 1, result.stderr
    assert '1 could not be read' in result.stdout
    records = json.loads((tmp_path / 'out' / 'results_in.json').read_text())['instance_info']
    assert [len(record['instances']) > 0 for record in records] == [False, True]
    assert len(records[1]['instances'][0]['keypoints']) == 17
    assert (tmp_path / 'out' / 'noise.png').is_file()
