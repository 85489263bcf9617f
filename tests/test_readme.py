"""What README.md says to type exists and parses; its snippets run; its figures are those of the metafiles."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import yaml
from mmengine.config import Config

from tests.helpers.documents import ROOT, blocks, commands, parse
from vitpose_mm._versions import TESTED
from vitpose_mm.models import ViT
from vitpose_mm.utils.configs import open_config
from vitpose_mm.zoo import find_detector, find_pose_model, parse_models

TEXT = (ROOT / 'README.md').read_text(encoding='utf-8')


COMMANDS = commands(TEXT)


def test_length_and_commands_found() -> None:
    assert len(TEXT.splitlines()) <= 150
    assert ['make', 'demo'] in COMMANDS
    assert ['make', 'test'] in COMMANDS
    assert {words[0] for words in COMMANDS} == {'make', 'python', 'torchrun', 'mim'}


def test_make_targets() -> None:
    targets = re.findall(r'^(\w[\w-]*):', (ROOT / 'Makefile').read_text(), flags=re.MULTILINE)
    wanted = {words[1] for words in COMMANDS if words[0] == 'make'} | set(re.findall(r'`make (\w+)', TEXT))
    assert wanted <= set(targets)


@pytest.mark.parametrize('words', [words for words in COMMANDS if words[0] in ('python', 'torchrun')], ids=' '.join)
def test_tools_take_these_arguments(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    at = next(index for index, word in enumerate(words) if word.startswith('tools/'))
    parse(words[at], words[at + 1 :], monkeypatch)
    for word in words:
        if word.startswith('configs/'):
            assert (ROOT / word).is_file(), word


def test_demo_commands_name_models_of_the_zoo(monkeypatch: pytest.MonkeyPatch) -> None:
    demos = [words for words in COMMANDS if 'tools/topdown_demo_with_mmdet.py' in words]
    assert len(demos) == 2
    for words in demos:
        for files, kind in zip(
            parse_models(parse(words[1], words[2:], monkeypatch).models),
            ('RTMDet', 'vitpose_mm.PoseEstimator'),
            strict=True,
        ):
            assert open_config(files.config).model.type == kind
            assert files.checkpoint.startswith('https://download.openmmlab.com/')


def test_mim_command(monkeypatch: pytest.MonkeyPatch) -> None:
    from mim.commands.train import cli

    words = next(words for words in COMMANDS if words[0] == 'mim')
    assert words[:3] == ['mim', 'train', 'vitpose_mm']
    context = cli.make_context('train', words[2:])
    assert context.params['launcher'] == 'slurm'
    assert context.params['gpus'] == 8
    assert len(list((ROOT / 'configs').rglob(context.params['config']))) == 1
    assert context.params['other_args'] == ()  # nothing misspelt that mim would hand on
    parse('tools/train.py', [context.params['config'], '--launcher', 'slurm'], monkeypatch)


def test_named_tools_exist() -> None:
    named = set(re.findall(r'tools/\w+\.py', TEXT))
    assert len(named) >= 3
    for tool in named:
        assert (ROOT / tool).is_file(), tool


def test_python_snippets(tmp_path: Path) -> None:
    config, code = sorted(blocks(TEXT, 'python'), key=lambda text: '_base_' not in text)
    (tmp_path / 'child.py').write_text(config)
    cfg = Config.fromfile(tmp_path / 'child.py')
    assert cfg.model.backbone.drop_path_rate == 0.1
    assert cfg.model.backbone.arch == 'base'
    assert cfg.train_dataloader.batch_size == 32
    pose, detector = re.search(r"^predict = PosePredictor\('(\S+)', '(\S+)'\)$", code, flags=re.MULTILINE).groups()
    assert find_pose_model(pose).config.endswith('coco/vitpose_base_classic_coco-256x192.py')
    assert 'rtmdet_m' in find_detector(detector).config


@pytest.mark.slow
def test_the_python_on_a_photo_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With random weights in place of the released ones."""
    code = next(text for text in blocks(TEXT, 'python') if 'PosePredictor' in text)
    (tmp_path / 'snippet.py').write_text(code)
    cv2.imwrite(str(tmp_path / 'photo.jpg'), np.random.randint(0, 256, (120, 160, 3), np.uint8))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr('vitpose_mm.inference.loading.load_strictly', lambda *_: {})
    people = runpy.run_path('snippet.py')['people']
    assert people.keypoints.shape == (len(people), 17, 2)
    assert people.keypoint_scores.shape == (len(people), 17)
    assert people.bboxes.shape == (len(people), 4)


def test_accepted_versions() -> None:
    page = (ROOT / 'docs/install.md').read_text(encoding='utf-8')
    for name, (low, below, _) in TESTED.items():
        line = next(line for line in page.splitlines() if line.startswith('|') and name in line.split('|')[1])
        assert f'`>={low},<{below}`' in line, line


def test_model_table() -> None:
    metafile = yaml.safe_load((ROOT / 'configs' / 'coco' / 'metafile.yml').read_text())
    models = (model for model in metafile['Models'] if 'Results' in model)
    paper = {model['Name']: model['Results'][0]['Metrics'].get('AP') for model in models}
    lines = re.findall(r'`([\w-]+)_\{classic,simple\}(_coco-256x192)\.py` \| ([\d.]+) / ([\d.]+) \|', TEXT)
    assert len(lines) == 6
    for name, suffix, classic, simple in lines:
        assert paper[f'{name}_classic{suffix}'] == float(classic)
        assert paper[f'{name}_simple{suffix}'] == float(simple)


def test_weights_are_those_that_mmpose_names() -> None:
    import mmpose

    folder = Path(mmpose.__file__).parent / '.mim/configs/body_2d_keypoint/topdown_heatmap/coco'
    models = yaml.safe_load((folder / 'vitpose_coco.yml').read_text())['Models']
    theirs = {model['Name'].split('_')[1].removeprefix('ViTPose-'): model['Weights'] for model in models}
    links = re.findall(r'vitpose_(\w+)_\{.*\[classic\]\((\S+)\), \[simple\]\((\S+)\)', TEXT)
    assert [size for size, *_ in links] == ['small', 'base', 'large', 'huge']
    for size, classic, simple in links:
        assert (classic, simple) == (theirs[size], theirs[f'{size}-simple'])


def test_parameter_counts() -> None:
    counts = re.findall(r'ViT-(\w) \(([\d.]+) M\)', TEXT)
    assert [letter for letter, _ in counts] == ['S', 'B', 'L', 'H']
    for arch, (_, millions) in zip(('small', 'base', 'large', 'huge'), counts, strict=True):
        with torch.device('meta'):
            count = sum(parameter.numel() for parameter in ViT(arch).parameters()) / 1e6
        assert float(millions) == pytest.approx(count, abs=0.5 if '.' not in millions else 0.05)


def test_links_and_picture() -> None:
    for link in re.findall(r'\]\((?!https?:)([^)#]+)', TEXT):
        assert (ROOT / link).exists(), link
