"""What README.md says to type exists and parses; its snippets run; its figures are those of the metafiles."""

from __future__ import annotations

import argparse
import re
import runpy
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import yaml
from mmengine.config import Config

from vitpose_mm._versions import TESTED
from vitpose_mm.models import ViT
from vitpose_mm.utils.configs import open_config
from vitpose_mm.zoo import parse_models

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / 'README.md').read_text(encoding='utf-8')


class Parsed(Exception):
    """The arguments of a tool were accepted."""


def blocks(language: str) -> list[str]:
    """The fenced code of a language."""
    return re.findall(rf'```{language}\n(.*?)```', TEXT, flags=re.DOTALL)


def commands() -> list[list[str]]:
    """Every command of every bash block as its words, lines that go on joined, comments left out."""
    lines = '\n'.join(blocks('bash')).replace('\\\n', ' ').splitlines()
    return [words for line in lines if (words := shlex.split(line, comments=True))]


COMMANDS = commands()


def parse(tool: str, words: list[str], monkeypatch: pytest.MonkeyPatch) -> argparse.Namespace:
    """Run a tool up to the point where it has read its arguments."""
    for name in ('parse_args', 'parse_intermixed_args'):
        original = getattr(argparse.ArgumentParser, name)

        def parse_and_stop(parser: argparse.ArgumentParser, *args: object, original: Callable = original) -> None:
            raise Parsed(original(parser, *args))

        monkeypatch.setattr(argparse.ArgumentParser, name, parse_and_stop)
    monkeypatch.setattr(sys, 'argv', [tool, *words])
    with pytest.raises(Parsed) as parsed:
        runpy.run_path(str(ROOT / tool), run_name='__main__')
    return parsed.value.args[0]


def test_length_and_commands_found() -> None:
    assert len(TEXT.splitlines()) <= 150
    assert ['make', 'demo'] in COMMANDS
    assert ['make', 'test'] in COMMANDS
    assert len(COMMANDS) == 8
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


def test_demo_command_fits_together(monkeypatch: pytest.MonkeyPatch) -> None:
    import mmdet

    words = next(words for words in COMMANDS if 'tools/topdown_demo_with_mmdet.py' in words)
    args = parse(words[1], words[2:], monkeypatch)
    convert = next(words for words in COMMANDS if 'tools/convert_checkpoint.py' in words)
    detector, pose = parse_models(args.models)
    assert pose.checkpoint == convert[-1]
    assert open_config(pose.config).model.type == 'vitpose_mm.PoseEstimator'
    assert open_config(detector.config).model.type == 'RTMDet'
    metafile = Path(mmdet.__file__).parent / '.mim' / 'configs' / 'rtmdet' / 'metafile.yml'
    weights = {model['Config']: model.get('Weights') for model in yaml.safe_load(metafile.read_text())['Models']}
    assert weights['configs/' + detector.config.removeprefix('mmdet::')] == detector.checkpoint


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
    assert len(named) >= 5
    for tool in named:
        assert (ROOT / tool).is_file(), tool


def test_python_snippets(tmp_path: Path) -> None:
    config, code = sorted(blocks('python'), key=lambda text: '_base_' not in text)
    (tmp_path / 'child.py').write_text(config)
    cfg = Config.fromfile(tmp_path / 'child.py')
    assert cfg.model.backbone.drop_path_rate == 0.1
    assert cfg.model.backbone.arch == 'base'
    assert cfg.train_dataloader.batch_size == 32
    (tmp_path / 'snippet.py').write_text(code)
    assert callable(runpy.run_path(str(tmp_path / 'snippet.py'))['keypoints'])


def test_tested_range() -> None:
    for name, (low, below, _) in TESTED.items():
        line = next(line for line in TEXT.splitlines() if line.startswith('|') and name in line.split('|')[1])
        assert f'`>={low},<{below}`' in line, line


def test_model_table() -> None:
    metafile = yaml.safe_load((ROOT / 'configs' / 'coco' / 'metafile.yml').read_text())
    models = (model for model in metafile['Models'] if 'Results' in model)
    paper = {model['Name']: model['Results'][0]['Metrics'].get('AP') for model in models}
    rows = re.findall(r'`([\w-]+)_\{classic,simple\}(_coco-256x192)\.py` \| ([\d.]+) / ([\d.]+) \|', TEXT)
    assert len(rows) == 6
    for name, suffix, classic, simple in rows:
        assert paper[f'{name}_classic{suffix}'] == float(classic)
        assert paper[f'{name}_simple{suffix}'] == float(simple)


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
    assert '](docs/images/quickstart.jpg)' in TEXT
