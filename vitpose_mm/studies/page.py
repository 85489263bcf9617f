"""Write the tables and plots of studies in docs/results.md, between markers, from the records."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..utils.files import complete
from . import STUDIES
from .orderings import orderings_table
from .plot import draw
from .record import read_folder, read_records
from .seed_statistics import SeedStatistics, difference, plain
from .study import Table

START = r'<!-- (?:study: ([\w-]+)|orderings) -->[ \t]*\n'
BLOCK = START + r'(.*?)<!-- written by `make evidence` -->(?:\n|\Z)'
IMAGES = Path('images/results')


def write_page(page: Path, records: Path, *, to: Path | None = None) -> None:
    """Renew what is between the markers of a page, and the plots beside it.

    Args:
        page: Markdown file with the markers.
        records: folder of records.
        to: file to write to, where it is not the page.

    Raises:
        ValueError: the page has no marker.
    """
    to = to or page
    text = render(page.read_text(encoding='utf-8'), records)
    for name in studies_of(text):
        found, table = shown(name, records)
        if found:
            draw(found, table, to.parent / IMAGES / f'{name}.svg')
    with complete(to) as part:
        part.write_text(text, encoding='utf-8')


def studies_of(text: str) -> list[str]:
    """Return the names of the studies that a page shows."""
    return [name for name, _ in re.findall(BLOCK, text, re.DOTALL) if name]


def render(text: str, records: Path) -> str:
    """Return the text of a page with everything between its markers renewed.

    Raises:
        ValueError: there is no marker, one without its end, or one of a study that there is not.
    """
    starts = list(re.finditer(START, text))
    if not starts:
        raise ValueError('The page has no marker such as <!-- study: decoders -->: put one where a table goes.')
    ends = {match.start(): match.end() for match in re.finditer(BLOCK, text, re.DOTALL)}
    for start, following in zip(starts, [*starts[1:], None], strict=True):
        if ends.get(start.start(), math.inf) > (len(text) if following is None else following.start()):
            raise ValueError(f'{start[0].strip()} has no <!-- written by `make evidence` --> after it: put it there.')

    def renew(match: re.Match[str]) -> str:
        name = match[1]
        lines = study_lines(name, records) if name else orderings_table(records)
        start = f'<!-- study: {name} -->' if name else '<!-- orderings -->'
        return '\n'.join([start, '', *lines, '', '<!-- written by `make evidence` -->', ''])

    return re.sub(BLOCK, renew, text, flags=re.DOTALL)


def shown(name: str, records: Path) -> tuple[list[dict], Table]:
    """Return the records of a study and how they are shown; another folder as it is."""
    study = STUDIES.get(name)
    found = read_records(study, records) if study else read_folder(records / name)
    found = [record for record in found if record['metrics']]
    table = study.table if study else None
    return found, table or Table(reference=found[0]['run'] if found else '')


def study_lines(name: str, records: Path) -> Iterator[str]:
    """Yield the table of a study, its plot, and what it was measured with."""
    found, table = shown(name, records)
    if not found and name not in STUDIES:
        raise ValueError(f'There is no study {name!r}, nor records in {records / name}: correct the marker.')
    if not found:
        yield f'Not run yet: `python tools/studies.py {name} --page`.'
        return
    metric, what = next(iter(table.columns.items()))
    reference = SeedStatistics.of(found, table.reference, metric)
    called = table.names.get(table.reference, table.reference)
    has_paper = bool(table.paper)
    heads = ['run', 'seeds', *table.columns.values(), f'{what} against {called}', 'in SDs']
    heads += [
        'CPU minutes',
        *(['peak RAM, MiB'] if table.has_memory else []),
        *(["the paper's AP"] if has_paper else []),
    ]
    yield f'| {" | ".join(heads)} |'
    yield '|---' * len(heads) + '|'
    for run in dict.fromkeys(record['run'] for record in found):
        own = [record for record in found if record['run'] == run]
        values = [str(SeedStatistics.of(own, run, key) or '') for key in table.columns]
        cells = [table.names.get(run, run), str(len(own)), *values]
        cells += _compared(SeedStatistics.of(own, run, metric), reference, is_reference=run == table.reference)
        cells += [_cpu_minutes(own), *([_memory(own)] if table.has_memory else [])]
        cells += [table.paper.get(run, '')] if has_paper else []
        yield f'| {" | ".join(cells)} |'
    missing = missing_runs(name, found)
    if missing:
        yield ''
        yield f'Not run yet: {", ".join(table.names.get(run, run) for run in missing)}.'
    yield ''
    yield f'![{what} of each run, mean and seeds]({IMAGES.as_posix()}/{name}.svg)'
    yield ''
    yield from provenance(found, records / name)
    if name in STUDIES:
        named = ', '.join(f'`{run}`' for run in dict.fromkeys(record['run'] for record in found))
        yield f'Again: `python tools/studies.py {name} --page --only RUN`, where the rows are {named}.'


def missing_runs(name: str, found: Sequence[dict]) -> list[str]:
    """Return the names of the runs of a study that have a score and no record yet."""
    done = {record['run'] for record in found}
    return [run.name for run in STUDIES[name].runs if run.scored and run.name not in done] if name in STUDIES else []


def _compared(run: SeedStatistics | None, reference: SeedStatistics | None, *, is_reference: bool) -> list[str]:
    """Return the difference of a run and the reference, and how many pooled standard deviations that is."""
    if run is None or reference is None or is_reference:
        return ['', '']
    found = difference([run], [reference])
    return [
        plain(found.value, like=reference.mean, sign=True, is_loss=reference.is_loss),
        '' if found.pooled_sds is None else f'{found.pooled_sds:+.1f}',
    ]


def _cpu_minutes(records: Sequence[dict]) -> str:
    """Return the mean CPU minutes of the runs that were made in one go; '' where none says."""
    known = [record['cpu_seconds'] / 60 for record in records if 'cpu_seconds' in record and not record.get('resumed')]
    return f'{sum(known) / len(known):.1f}' if known else ''


def _memory(records: Sequence[dict]) -> str:
    """Return the mean over the seeds of the process's largest memory; '' where no run in one go says it."""
    known = [record['memory_mib'] for record in records if 'memory_mib' in record and not record.get('resumed')]
    return f'{sum(known) / len(known):,.0f}' if known else ''


def provenance(records: Sequence[dict], folder: Path) -> Iterator[str]:
    """Yield when, on what and with what the runs were made, and where their records are."""

    def each(key: str) -> str:
        return ', '.join(sorted({str(record[key]) for record in records if record.get(key)}))

    versions = sorted({', '.join(f'{k} {v}' for k, v in record.get('versions', {}).items()) for record in records})
    parts = [each('date'), each('device'), f'commit {each("commit")}' if each('commit') else '']
    parts += [text for text in versions if text]
    in_bf16 = [record.get('amp') is True for record in records]
    if any(in_bf16):
        some = dict.fromkeys(record['run'] for record, amp in zip(records, in_bf16, strict=True) if amp)
        parts.append('trained in bf16' if all(in_bf16) else f'trained in bf16: {", ".join(some)}')
    note = ' '.join(sorted({record['note'] for record in records if record.get('note')}))
    yield f'{"; ".join(part for part in parts if part)}. {note}'.rstrip()
    yield f'Every figure: `docs/records/{folder.name}/`.'
