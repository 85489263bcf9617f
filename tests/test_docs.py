"""docs/: links lead somewhere, commands parse, snippets run, and every public name is in the API reference."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest
from mmengine.config import Config
from mmpose.registry import MODELS

from tests.helpers.documents import ROOT, blocks, commands, named_blocks, parse
from vitpose_mm.utils.configs import open_config

PAGES = sorted((ROOT / 'docs').rglob('*.md'))
TEXTS = {path.relative_to(ROOT).as_posix(): path.read_text(encoding='utf-8') for path in PAGES}
TOOLS = [
    pytest.param(words[words.index(tool) :], id=f'{page}: {" ".join(words)}'[:120])
    for page, text in TEXTS.items()
    for words in commands(text)
    for tool in words
    if tool.startswith('tools/')
]
every_page = pytest.mark.parametrize('page', TEXTS)


@every_page
def test_links_lead_to_files(page: str) -> None:
    for link in re.findall(r'\]\((?!\w+:|#)([^)#\s]+)', re.sub(r'```.*?```', '', TEXTS[page], flags=re.DOTALL)):
        assert (ROOT / page).parent.joinpath(link).exists(), link


@every_page
def test_named_files_exist(page: str) -> None:
    """`tools/x.py`, `configs/...`, `tests/...`, `vitpose_mm/...` in code; {a,b} and <name> stand for several."""
    for name in re.findall(r'`((?:tools|configs|tests|vitpose_mm|requirements)/[\w./-]+)`', TEXTS[page]):
        assert (ROOT / name).exists(), name


@pytest.mark.parametrize('words', TOOLS)
def test_tools_take_these_arguments(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = {
        '$POSE': ['config.py', 'checkpoint.pth'],
        '$DETECTOR': ['config.py', 'checkpoint.pth'],
    }  # of the quick start
    words = [part for word in words for part in pairs.get(word, [word])]
    placeholders = {'$CONFIG', '$config', 'CONFIG'} & set(words)
    if not placeholders:
        parse(words[0], words[1:], monkeypatch)
        for word in words:
            assert not word.startswith('configs/') or (ROOT / word.split('=')[0]).is_file(), word


def test_every_public_name_is_in_the_reference() -> None:
    """A page renders ``__all__`` of the package that it names."""
    told = set(re.findall(r'^::: (\S+)', '\n'.join(TEXTS.values()), flags=re.MULTILINE))
    packages = [path.parent for path in (ROOT / 'vitpose_mm').rglob('__init__.py') if '__all__ = [' in path.read_text()]
    names = {'.'.join(package.relative_to(ROOT).parts) for package in packages}
    internal = {'vitpose_mm', 'vitpose_mm.quickstart', 'vitpose_mm.utils'}  # a version, a tool's body, MMEngine's hook
    below = {name for name in names if any(name.startswith(f'{parent}.') for parent in told)}  # shown by the parent
    parts = {name for name in names if any(parent.startswith(f'{name}.') for parent in told)}  # its modules are shown
    assert names - internal - below - parts <= told


def test_the_short_schedule_of_own_keypoints_is_shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = TEXTS['docs/own_keypoints.md']
    for name, code in named_blocks(text).items():
        (tmp_path / name).write_text(code)
    (words,) = (words for words in commands(text) if 'train_cfg.max_epochs=100' in words)
    cfg = Config.fromfile(tmp_path / words[2])
    cfg.merge_from_dict(parse(words[1], words[2:], monkeypatch).cfg_options)
    shipped = Config.fromfile(ROOT / 'configs/_base_/schedules/adamw_100e.py')
    for ours, theirs in zip(cfg.param_scheduler, shipped.param_scheduler, strict=True):
        assert {**ours, '_scope_': None} == {**theirs, '_scope_': None}
    assert cfg.train_cfg.max_epochs == shipped.train_cfg.max_epochs
    assert cfg.optim_wrapper.optimizer.lr == shipped.optim_wrapper.optimizer.lr
    assert cfg.auto_scale_lr.base_batch_size == shipped.auto_scale_lr.base_batch_size


def test_configs_of_the_training_page(tmp_path: Path) -> None:
    own, split, scored = blocks(TEXTS['docs/training.md'], 'python')
    (tmp_path / 'own.py').write_text(own)
    cfg = Config.fromfile(tmp_path / 'own.py')
    assert cfg.model.backbone.drop_path_rate == 0.1 and cfg.model.backbone.arch == 'base'
    assert cfg.train_dataloader.batch_size == 32
    (tmp_path / 'split.py').write_text(split)
    cfg = Config.fromfile(tmp_path / 'split.py')
    module, name = cfg.strategy.type.rsplit('.', 1)
    assert hasattr(__import__(module, fromlist=[name]), name)
    assert cfg.strategy == open_config(str(ROOT / 'configs/vitpose_g/vitpose_g_classic_coco-576x432.py')).strategy
    (tmp_path / 'scored.py').write_text(scored)
    cfg = Config.fromfile(tmp_path / 'scored.py')
    assert MODELS.build(cfg.model.head).oks_scorer is not None
    assert cfg.optim_wrapper.paramwise_cfg == {
        'layer_decay_rate': 'auto',
        'custom_keys': {'oks_scorer': {'lr_mult': 10}},
    }


def test_a_head_of_ones_own_as_documented(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = named_blocks(TEXTS['docs/extending.md'])
    assert list(files) == ['my_heads.py', 'my_model.py']
    for name, code in files.items():
        (tmp_path / name).write_text(code)
    monkeypatch.syspath_prepend(str(tmp_path))
    cfg = Config.fromfile(tmp_path / 'my_model.py')
    head = MODELS.build({**cfg.model.head, 'in_channels': 8})
    assert type(head).__name__ == 'DropoutHead' and head.dropout.p == 0.2


@pytest.mark.slow
def test_export_as_documented(tmp_path: Path) -> None:
    reading, code = blocks(TEXTS['docs/deploy.md'], 'python')
    compile(reading, 'reading.py', 'exec')  # what it asks for is tested in tests/export
    (tmp_path / 'export.py').write_text(code)
    names = runpy.run_path(str(tmp_path / 'export.py'))
    assert names['heatmaps'].shape == (2, 17, 64, 48)
    assert names['heatmaps'].equal(names['model'](names['crops'], None, mode='tensor'))
