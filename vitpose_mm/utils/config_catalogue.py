"""Write the catalogue in configs/README.md from the metafiles and the first line of every config (`make catalogue`)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from .files import complete

START = '<!-- the rest is written by `make catalogue` -->\n'
SOURCES = {  # how a metafile names the source of a figure, and how the catalogue does
    'the ViTPose paper (arXiv 2204.12484), not measured by us': 'paper',
    "the ViTPose authors' released model, not measured by us": "authors' release",
}


def write_catalogue(configs: Path) -> None:
    """Renew what is after the marker in the README of a folder of configs.

    Raises:
        ValueError: the README has no marker.
    """
    readme = configs / 'README.md'
    head, marker, _ = readme.read_text(encoding='utf-8').partition(START)
    if not marker:
        raise ValueError(f'{readme} has no line {START.strip()}: put one where the catalogue begins.')
    with complete(readme) as part:
        part.write_text(f'{head}{START}\n{make_catalogue(configs)}', encoding='utf-8')


def make_catalogue(configs: Path) -> str:
    """Return the catalogue of a folder of configs in Markdown, a table for each of its folders."""
    folders = [folder for folder in configs.iterdir() if folder.is_dir() and folder.name[0] not in '._']
    folders.sort(key=lambda folder: (folder.name != 'coco', folder.name))  # the main models come first
    return '\n'.join(line for folder in folders for line in _table(folder))


def _table(folder: Path) -> Iterator[str]:
    metafile = folder / 'metafile.yml'
    content = yaml.safe_load(metafile.read_text(encoding='utf-8')) if metafile.is_file() else {}
    entries = {entry['Name']: entry for entry in content.get('Models', [])}
    yield f'## {folder.name}\n'
    yield '| config | what it is | figure | weights |'
    yield '|---|---|---|---|'
    for config in sorted(folder.glob('*.py')):
        entry = entries.get(config.stem, {})
        link = f'[`{config.stem}`]({folder.name}/{config.name})'
        yield f'| {link} | {_first_comment(config)} | {_figure(entry)} | {_weights(entry)} |'
    yield ''


def _first_comment(config: Path) -> str:
    """Return the lines of comment that a config begins with, as one."""
    lines = []
    for line in config.read_text(encoding='utf-8').splitlines():
        if not line.startswith('#'):
            break
        lines.append(line.lstrip('# '))
    return ' '.join(lines).replace('|', r'\|')


def _figure(entry: dict[str, Any]) -> str:
    """Return 'AP 75.8 (paper)' of an entry with results, with the dataset where it is not COCO val2017."""
    parts = []
    for result in entry.get('Results', []):
        figures = ', '.join(f'{metric} {value}' for metric, value in result['Metrics'].items())
        dataset = '' if result['Dataset'] == 'COCO val2017' else f'{result["Dataset"]}, '
        parts.append(f'{figures} ({dataset}{SOURCES[entry["Metadata"]["Results From"]]})')
    return '; '.join(parts)


def _weights(entry: dict[str, Any]) -> str:
    """Return a link to the weights of an entry, by the short name that the zoo gives them."""
    if not entry.get('Weights'):
        return ''
    name = f'`{entry["Alias"]}`' if 'Alias' in entry else "MMPose's"
    return f'[{name}]({entry["Weights"]})'


if __name__ == '__main__':
    write_catalogue(Path(sys.argv[1]))
