"""Models by name: which there are, where they come from, and how the words of a command line name them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mmdet
import mmpose
import pytest
import yaml

from vitpose_mm import zoo
from vitpose_mm.utils.configs import open_config
from vitpose_mm.zoo import (
    ModelFiles,
    detectors,
    find_detector,
    find_pose_model,
    parse_detector,
    parse_models,
    parse_pose_models,
    pose_models,
)

MMPOSE = Path(mmpose.__file__).parent / '.mim' / 'configs' / 'body_2d_keypoint' / 'topdown_heatmap'


def metafile(path: Path) -> list[dict]:
    return yaml.safe_load(path.read_text())['Models']


def released(name: str) -> str | None:
    """Return MMPose's name of the model with the recipe of an entry of ours."""
    model, size, decoder, data = name.split('_')
    if model != 'vitpose' or decoder not in ('classic', 'simple') or not data.endswith('-256x192'):
        return None
    kind = '-simple' if decoder == 'simple' else ''
    data = data.removesuffix('-256x192')
    theirs = {'coco': 'coco', 'coco-test-dev': 'coco', 'ochuman': 'coco', 'human-art': 'humanart'}.get(data)
    return theirs and f'td-hm_ViTPose-{size}{kind}_8xb64-210e_{theirs}-256x192'


def test_every_vitpose_that_mmpose_releases_is_here_with_its_address() -> None:
    entries = metafile(MMPOSE / 'coco' / 'vitpose_coco.yml') + metafile(MMPOSE / 'humanart' / 'vitpose_humanart.yml')
    theirs = {entry['Name']: entry['Weights'] for entry in entries}
    names = [name for name, files in pose_models().items() if files.config.endswith(f'/{name}.py')]
    assert {name: theirs[released(name) or ''] for name in names} == {
        name: pose_models()[name].checkpoint for name in names
    }
    assert {pose_models()[name].checkpoint for name in names} == set(theirs.values())


def test_the_figures_of_the_released_weights_are_mmposes(root: Path) -> None:
    theirs = {
        entry['Weights']: entry['Results'][0]['Metrics']['AP'] for entry in metafile(MMPOSE / 'coco/vitpose_coco.yml')
    }
    for entry in metafile(root / 'configs/coco/metafile.yml'):
        if entry['Weights']:
            figure = f'{100 * theirs[entry["Weights"]]:.1f} AP on COCO val2017'
            assert entry['Metadata']['Weights From'] == f'MMPose 1.3.2, {figure}'


def test_every_rtmdet_is_here_with_its_address() -> None:
    entries = metafile(Path(mmdet.__file__).parent / '.mim' / 'configs' / 'rtmdet' / 'metafile.yml')
    theirs = {entry['Name']: entry['Weights'] for entry in entries if entry.get('Weights')}
    assert {name: files.checkpoint for name, files in detectors().items() if name in theirs} == theirs
    assert len(theirs) >= 5


@pytest.mark.parametrize('name', ['vitpose_base', 'vitpose_huge_simple', 'vitpose_small_human-art'])
def test_a_name_has_the_config_that_it_says(name: str) -> None:
    cfg = open_config(find_pose_model(name).config)
    assert cfg.model.backbone.arch == name.split('_')[1]
    assert ('Simple' in cfg.model.head.type) == ('simple' in name)
    assert cfg.dataset_type == ('HumanArtDataset' if 'human-art' in name else 'CocoDataset')


@pytest.mark.parametrize('parse', [parse_pose_models, parse_detector])
def test_a_file_that_is_missing_is_named_before_anything_is_loaded(parse: Callable[..., Any], tmp_path: Path) -> None:
    config, weights = str(tmp_path / 'a.py'), str(tmp_path / 'a.pth')
    with pytest.raises(ValueError, match=r'there is no config .*a\.py: give'):
        parse([config, weights])
    Path(config).touch()
    with pytest.raises(ValueError, match=r'there is no checkpoint .*a\.pth: give'):
        parse([config, weights])
    Path(weights).touch()
    assert parse([config, weights])
    assert parse([config, 'https://example.org/a.pth']) and parse(['vitpose_mm::a.py', weights])


def test_detectors_have_a_config() -> None:
    for files in {find_detector('rtmdet'), find_detector('rtmdet-t')}:
        assert open_config(files.config).model.type == 'RTMDet'


def test_spelling_does_not_matter() -> None:
    assert find_detector('RTMDet_M') == find_detector('rtmdet-m') == find_detector('rtmdet')
    assert find_pose_model('ViTPose-Base') == find_pose_model('vitpose_base_classic_coco-256x192')


def test_files_pass_as_they_are() -> None:
    assert find_pose_model(('pose.py', 'pose.pth')) == ModelFiles('pose.py', 'pose.pth')
    assert find_detector(('det.py', 'det.pth')) == ModelFiles('det.py', 'det.pth')


def test_unknown_names_are_told_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"'vitpose_b' is not a pose model .*vitpose_base, .*or give a config and a"):
        find_pose_model('vitpose_b')
    with pytest.raises(ValueError, match=r"'vitpose_base' is not a detector of the zoo: choose one of rtmdet, "):
        find_detector('vitpose_base')
    with pytest.raises(ValueError, match="'vitpose_base_classic_aic-256x192' is not"):  # it has no weights
        find_pose_model('vitpose_base_classic_aic-256x192')


DEFAULTS = (find_detector('rtmdet'), find_pose_model('vitpose_base'))


@pytest.mark.parametrize(
    ('words', 'models'),
    [
        ([], DEFAULTS),
        (['vitpose_huge'], (DEFAULTS[0], find_pose_model('vitpose_huge'))),
        (['rtmdet-x'], (find_detector('rtmdet-x'), DEFAULTS[1])),
        (
            ['rtmdet_tiny_8xb32-300e_coco', 'vitpose_large'],
            (find_detector('rtmdet-t'), find_pose_model('vitpose_large')),
        ),
        (['d.py', 'd.pth', 'mm::a/p.py', 'p.pth'], (ModelFiles('d.py', 'd.pth'), ModelFiles('mm::a/p.py', 'p.pth'))),
        (['rtmdet', 'p.py', 'p.pth'], (DEFAULTS[0], ModelFiles('p.py', 'p.pth'))),
        (['d.py', 'd.pth', 'vitpose_base'], (ModelFiles('d.py', 'd.pth'), DEFAULTS[1])),
        (['p.py', 'p.pth'], (DEFAULTS[0], ModelFiles('p.py', 'p.pth'))),
        (['none'], (None, DEFAULTS[1])),
        (['none', 'p.py', 'p.pth'], (None, ModelFiles('p.py', 'p.pth'))),
    ],
    ids=lambda value: ' '.join(value) if isinstance(value, list) else '',
)
def test_words_of_a_command_line(words: list[str], models: tuple[ModelFiles | None, ModelFiles]) -> None:
    assert parse_models(words) == models


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (['rtmdet', 'p.py'], 'p.py is a config without a checkpoint'),
        (['rtmdet', 'vitpose_base', 'vitpose_large'], '3 models are named'),
        (['vitpose_base', 'rtmdet'], "'vitpose_base' is not a detector"),
        (['det.pth'], "'det.pth' is not a pose model"),
    ],
)
def test_words_that_name_no_models(words: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_models(words)


def test_nothing_heavy_is_imported() -> None:
    code = (
        'import sys; from vitpose_mm import zoo; zoo.parse_models([]); '
        'print({"torch", "mmengine", "mmdet", "mmpose"} & set(sys.modules))'
    )
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == 'set()'


def test_without_mmdet_the_fix_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zoo, 'find_spec', lambda name: None)
    detectors.cache_clear()
    with pytest.raises(ValueError, match='mmdet is not installed'):
        find_detector('rtmdet')
    detectors.cache_clear()
