"""configs/README.md: its catalogue is that of the metafiles, and its grammar is that of the names."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.helpers.shipped_configs import CONFIGS, LEAVES, ident, read
from vitpose_mm.models.backbones.arch import ARCH
from vitpose_mm.utils.config_catalogue import START, make_catalogue, write_catalogue

README = (CONFIGS / 'README.md').read_text()
GRAMMAR, CATALOGUE = README.split(START)

NAME = re.compile(
    r"""
    (?P<model>vitpose | vitpose-plus | resnet-18 | resnet-50 | resnet-152 | mae | rtmdet)
    (?:_ (?P<size>small | base | large | huge | g | midi | mini | micro)
        (?:- (?P<start>
            dino | dinov2 | dinov3 | eva02 | siglip2 | mae | mae-imagenet | mae-coco-(?:aic-)?(?:crops|images) | vitae
        ))? )?
    (?:_ (?P<variant>
        classic | simple | stride8-[a-z0-9-]+ | frozen-[a-z]+ | from-[a-z-]+ | [a-z]+-token | dark | steps | one-cycle
        | oks-scorer
    ))?
    _ (?P<data>[a-z0-9-]+?) - (?P<input>\d+ (?:x\d+)?)
    """,
    re.VERBOSE,
)
every_leaf = pytest.mark.parametrize('path', LEAVES, ids=ident)


def parts(path: Path) -> dict[str, str]:
    """Return the parts of its name that a config has."""
    match = NAME.fullmatch(path.stem)
    assert match, f'{path.stem} does not follow the grammar'
    return {part: value for part, value in match.groupdict().items() if value}


def test_the_catalogue_is_what_the_metafiles_give() -> None:
    assert f'\n{make_catalogue(CONFIGS)}' == CATALOGUE, 'run `make catalogue`'


def test_every_config_is_in_it_once() -> None:
    links = re.findall(r'\]\(([\w-]+/[\w-]+\.py)\)', CATALOGUE)
    assert sorted(links) == sorted(path.relative_to(CONFIGS).as_posix() for path in LEAVES)


def test_a_line_has_figure_source_and_weights() -> None:
    (line,) = (line for line in CATALOGUE.splitlines() if '[`vitpose_base_classic_coco-256x192`]' in line)
    _, _, what, figure, weights, _ = (cell.strip() for cell in line.split('|'))
    assert what == 'ViTPose-B with the classic decoder on COCO at 256x192.'
    assert figure == 'AP 75.8 (paper)'
    assert re.fullmatch(r'\[`vitpose_base`\]\(https://\S+-216eae50_20230314\.pth\)', weights)


def test_it_is_renewed_behind_the_marker(tmp_path: Path) -> None:
    shutil.copytree(CONFIGS / 'mpii', tmp_path / 'mpii')
    (tmp_path / 'README.md').write_text(f'head\n{START}old')
    write_catalogue(tmp_path)
    text = (tmp_path / 'README.md').read_text()
    assert text.startswith(f'head\n{START}\n## mpii\n') and 'old' not in text
    (tmp_path / 'README.md').write_text('no marker')
    with pytest.raises(ValueError, match='has no line <!-- the rest is written'):
        write_catalogue(tmp_path)


@every_leaf
def test_a_name_follows_the_grammar_and_the_grammar_explains_its_words(path: Path) -> None:
    found = parts(path)
    words = [found['model'], found.get('size'), found.get('start', '').split('-')[0]]
    words += [word for word in ('classic', 'simple') if found.get('variant') == word]
    data = re.sub(r'^(human-art|coco-test-dev)$', r'_\1', found['data'])  # one word each
    words += [data[1:]] if data[0] == '_' else data.split('-')
    for word in filter(None, words):
        assert re.search(rf'`{word}[`-]', GRAMMAR), f'{word} is not explained in configs/README.md'


@every_leaf
def test_a_name_says_what_the_config_is(path: Path) -> None:
    cfg, found = read(path), parts(path)
    if not found['model'].startswith(('vitpose', 'resnet')):
        return
    model = cfg.model.get('student', cfg.model)
    sides = [int(side) for side in found['input'].split('x')]
    assert tuple(cfg.codec.input_size) == (sides[-1], sides[0])
    if 'arch' in model.backbone and found.get('start') != 'dino':
        named = {'g': 'giant'}.get(found['size'], found['size'])
        assert (model.backbone.arch == named) == (named in ARCH)
    head = model.head.get('shared', model.head).type
    assert ('Simple' in head) == (found.get('variant') == 'simple')
    assert ('num_experts' in model.backbone) == (found['model'] == 'vitpose-plus')
