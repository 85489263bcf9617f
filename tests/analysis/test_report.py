"""The report is one file that asks for nothing else, and shows the worst cases."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.analysis.test_analysis import analyze_injected
from vitpose_mm.analysis import Labels, write_report
from vitpose_mm.analysis.taxonomy import ERRORS
from vitpose_mm.analysis.worst_cases import Case, draw_case, find_cases


class Sources(HTMLParser):
    """Everything that a page points to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or '' for key, value in attrs if key in ('src', 'href')]


@pytest.fixture(scope='module')
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Grey images of the lynxes, all but the first."""
    folder = tmp_path_factory.mktemp('images')
    for number in range(1, 20):
        cv2.imwrite(str(folder / f'{number}.png'), np.full((400, 900, 3), 90, np.uint8))
    return folder


def test_one_file_with_figures_and_pictures(lynxes: Labels, images: Path, tmp_path: Path) -> None:
    analysis, counts = analyze_injected(lynxes, ERRORS)
    notes = write_report(analysis, tmp_path / 'a.html', title='<b>mine</b>', images=images, number=3)
    text = (tmp_path / 'a.html').read_text()
    page = Sources()
    page.feed(text)
    assert all(source.startswith(('data:image/svg+xml;base64,', 'data:image/jpeg;base64,')) for source in page.found)
    assert 'http' not in text and '<b>mine' not in text
    pictures = sum(source.startswith('data:image/jpeg') for source in page.found)
    assert len(page.found) - pictures == 5 and pictures + len(notes) == 3 * len(ERRORS)
    assert all('0.png' in note for note in notes)
    for kind in ERRORS:
        assert re.search(f'<td>{kind}</td><td>{counts[kind]}</td>', text)


def test_without_images(lynxes: Labels, tmp_path: Path) -> None:
    analysis, _ = analyze_injected(lynxes, ['jitter'])
    assert write_report(analysis, tmp_path / 'a.html', title='a') == []
    assert '--images' in (tmp_path / 'a.html').read_text()
    first = (tmp_path / 'a.html').read_bytes()
    write_report(analysis, tmp_path / 'b.html', title='a')
    assert (tmp_path / 'b.html').read_bytes() == first


def test_cases_come_in_the_order_of_what_they_cost(lynxes: Labels) -> None:
    analysis, counts = analyze_injected(lynxes, ['miss', 'jitter'])
    cases = [case for case in find_cases(analysis, 100) if case.kind == 'miss']
    assert sum(len(case.caption.split(': ')[1].split(', ')) for case in cases) == counts['miss']
    lost = [
        ((analysis.pairs.kinds[case.pair] == 4) * (1 - analysis.pairs.similarity[case.pair])).sum() for case in cases
    ]
    assert lost == sorted(lost, reverse=True)


@pytest.mark.parametrize('case', [Case('a', 1, '', None, 3, None), Case('b', 1, '', None, None, 3)])
def test_false_positives_and_missed_people_are_drawn(case: Case, lynxes: Labels, images: Path) -> None:
    analysis, _ = analyze_injected(lynxes, ['jitter'])
    picture = draw_case(analysis, case, images)
    assert picture.shape[0] == 300 and picture.max() > 180


@pytest.mark.parametrize('name', ['../1.png', '{}/1.png', 'a/../../1.png', '\x1b[31m.png'])
def test_pictures_from_elsewhere_are_not_put_into_the_report(
    lynxes: Labels, images: Path, tmp_path: Path, name: str
) -> None:
    analysis, _ = analyze_injected(lynxes, ['miss'])
    for image in analysis.labels.content['images']:
        image['file_name'] = name.format(images)
    (images / 'inner' / 'a').mkdir(parents=True, exist_ok=True)
    notes = write_report(analysis, tmp_path / 'a.html', title='\ud800', images=images / 'inner', number=3)
    assert 'image/jpeg' not in (tmp_path / 'a.html').read_text() and len(notes) == 3
    assert all(note.isprintable() for note in notes)
