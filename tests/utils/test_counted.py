"""Sentences with one thing and with several."""

from __future__ import annotations

import re

import pytest

from tests.helpers.documents import ROOT
from vitpose_mm.utils.counted import counted, part_of


def test_nouns() -> None:
    assert [counted(number, 'image') for number in (0, 1, 2)] == ['0 images', '1 image', '2 images']
    assert counted(1, 'person', 'people') == '1 person' and counted(0, 'person', 'people') == '0 people'


@pytest.mark.parametrize(
    ('number', 'total', 'text'),
    [(0, 1, '0 of 1 box are'), (1, 1, '1 of 1 box is'), (1, 5, '1 of 5 boxes is'), (5, 5, '5 of 5 boxes are')],
)
def test_parts(number: int, total: int, text: str) -> None:
    assert part_of(number, total, 'box', plural='boxes', verb='are') == text
    assert part_of(number, total, 'box', plural='boxes') == text.rsplit(' ', 1)[0]


def test_checks_of_labels_count_by_the_helper() -> None:
    """A number that is written straight before a plural is wrong where it is 1."""
    written = re.compile(r'\{(len|sum)\([^}]*\} (images|people|boxes|annotations|frames)\b')
    files = [path for part in ('checks', 'labelling', 'video') for path in (ROOT / 'vitpose_mm' / part).glob('*.py')]
    assert len(files) > 20
    assert [f'{path.name}: {found[0]}' for path in files for found in written.finditer(path.read_text())] == []
