"""docs/results.md says what the records say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vitpose_mm.studies import STUDIES
from vitpose_mm.studies.orderings import ORDERINGS, verdict
from vitpose_mm.studies.page import provenance, render, shown, studies_of, write_page
from vitpose_mm.studies.plot import digest
from vitpose_mm.studies.seed_statistics import Difference

ROOT = Path(__file__).resolve().parents[2]
RECORDS = ROOT / 'docs' / 'records'
PAGE = ROOT / 'docs' / 'results.md'
END = '<!-- written by `make evidence` -->\n'


def test_the_page_is_what_the_records_give() -> None:
    text = PAGE.read_text()
    assert render(text, RECORDS) == text, 'run `python tools/studies.py page`'
    assert set(studies_of(text)) >= {study.name for study in STUDIES.values() if study.rendered}


def test_every_plot_is_of_the_records() -> None:
    for name in studies_of(PAGE.read_text()):
        records, table = shown(name, RECORDS)
        file = ROOT / 'docs' / 'images' / 'results' / f'{name}.svg'
        assert not records or digest(records, table) in file.read_text(), f'{name}: run `python tools/studies.py page`'


@pytest.mark.parametrize('file', sorted(RECORDS.rglob('*.json')), ids=lambda file: f'{file.parent.name}/{file.stem}')
def test_a_record_is_complete_and_in_its_folder(file: Path) -> None:
    record = json.loads(file.read_text())
    assert {'study', 'run', 'seed', 'metrics', 'minutes', 'date', 'device', 'versions'} <= set(record)
    assert file.parent.name == record['study']
    if record['study'] in STUDIES:
        run = STUDIES[record['study']].find(record['run'])
        assert file.stem == f'{run.name}-{run.work_dir("", record["seed"]).name}'


def keep(folder: Path, run: str, seed: int, ap: float) -> None:
    """Write a record of a folder that belongs to none of the studies."""
    folder.mkdir(parents=True, exist_ok=True)
    record = {'study': 'own', 'run': run, 'seed': seed, 'metrics': {'coco/AP': ap}, 'date': '2026-01-01', 'device': 'x'}
    (folder / f'{run}-seed{seed}.json').write_text(json.dumps(record))


def test_a_folder_of_records_is_a_table(tmp_path: Path) -> None:
    for seed, (first, second) in enumerate(((0.1, 0.4), (0.2, 0.6))):
        keep(tmp_path / 'records' / 'own', 'first', seed, first)
        keep(tmp_path / 'records' / 'own', 'second', seed, second)
    page = tmp_path / 'page.md'
    page.write_text(f'before\n<!-- study: own -->\nold\n{END}after <!-- study -->\n')
    write_page(page, tmp_path / 'records')
    text = page.read_text()
    assert '| second | 2 | .500 ± .141 |  |  | +.350 | +3.1 |  |' in text
    assert text.startswith('before\n<!-- study: own -->\n') and text.endswith(f'{END}after <!-- study -->\n')
    assert 'old' not in text and '2026-01-01; x.' in text
    assert (tmp_path / 'images' / 'results' / 'own.svg').read_text().startswith('<?xml')
    write_page(page, tmp_path / 'records')
    assert page.read_text() == text
    keep(tmp_path / 'records' / 'own', 'second', 1, 0.8)
    assert render(text, tmp_path / 'records') != text


def test_what_has_no_records_says_so(tmp_path: Path) -> None:
    text = render(f'<!-- study: decoders -->\n{END}<!-- orderings -->\n{END}', tmp_path)
    assert 'Not run yet: `python tools/studies.py decoders --page`.' in text
    assert text.count('| not run yet |') == len(ORDERINGS)


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('a page', 'has no marker'),
        (
            f'<!-- study: decoders -->\n### Scale\n<!-- study: scale -->\n{END}',
            '<!-- study: decoders --> has no <!-- wr',
        ),
        (f'{END}<!-- orderings -->\nrest', '<!-- orderings --> has no <!-- written'),
        (f'<!-- study: scales -->\n{END}', "There is no study 'scales', nor records in"),
    ],
)
def test_markers_that_are_wrong(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=words):
        render(text, tmp_path)


def test_records_that_are_not_where_they_belong(tmp_path: Path) -> None:
    file = tmp_path / 'decoders' / 'vit_simple-seed0.json'
    file.parent.mkdir()
    record = {'run': 'vit_simple', 'seed': 0, 'metrics': {'coco/AP': 0.1}, 'date': '2026-01-01'}
    file.write_text(json.dumps(record))
    page = f'<!-- study: decoders -->\n{END}'
    assert '| vit_simple | 1 | .100 |' in render(page, tmp_path)
    copy = file.with_name('vit_simple-seed0 (1).json')
    copy.write_text(file.read_text())
    with pytest.raises(
        ValueError, match=r'seed0 \(1\).json has the record of vit_simple, seed 0: give it its own name'
    ):
        render(page, tmp_path)
    copy.unlink()
    file.write_text(json.dumps({**record, 'metrics': {'coco/AP': None}}))
    with pytest.raises(ValueError, match=r'vit_simple-seed0.json is not the record of a run'):
        render(page, tmp_path)


def test_orderings_name_runs_of_their_study() -> None:
    for ordering in ORDERINGS:
        for run in (*ordering.better, *ordering.worse):
            assert STUDIES[ordering.study].find(run).scored


@pytest.mark.parametrize(
    ('value', 'pooled_sds', 'words'),
    [
        (0.1, 3.0, 'yes'),
        (0.1, 2.9, 'no: within three SDs'),
        (-0.1, -3.0, 'no: the opposite'),
        (-0.1, -1.0, 'no: within three SDs'),
        (0.1, None, 'the same sign, one seed'),
        (-0.1, None, 'the opposite sign, one seed'),
    ],
)
def test_an_ordering_is_seen_from_three_sds_on(value: float, pooled_sds: float | None, words: str) -> None:
    assert verdict(Difference(value, pooled_sds, 1 if pooled_sds is None else 3)) == words
    if pooled_sds is not None:
        assert verdict(Difference(value, pooled_sds, 2)) == f'{words}, two seeds'


def test_a_metric_that_is_not_a_number_shows_no_ordering() -> None:
    assert verdict(Difference(float('nan'), float('nan'), 3)) == 'no: not a number'


@pytest.mark.parametrize(('second', 'words'), [(True, 'trained in bf16.'), (None, 'trained in bf16: a.')])
def test_runs_in_bf16_are_named_where_others_are_not(second: bool | None, words: str, tmp_path: Path) -> None:
    records = [{'run': 'a', 'date': '2026-11-30', 'amp': True}, {'run': 'b', 'date': '2026-11-30', 'amp': second}]
    assert next(provenance(records, tmp_path)) == f'2026-11-30; {words}'
