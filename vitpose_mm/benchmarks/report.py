"""A benchmark's figures as Markdown for people and JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..utils.files import write_text


@dataclass
class Report:
    """One run of one benchmark.

    Args:
        title: title of the page.
        machine: description of the machine and versions.
        notes: what a reader must know to use the figures, a sentence each.
        tables: heading to rows of the same columns.
        raw: everything measured, for programs.
        svg: a drawing, or nothing.
    """

    title: str
    machine: dict[str, str]
    notes: list[str] = field(default_factory=list)
    tables: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    raw: dict[str, Any] = field(default_factory=dict)
    svg: str = ''

    def to_markdown(self) -> str:
        """Return the page in Markdown."""
        parts = [f'# {self.title}', *(f'- {name}: {value}' for name, value in self.machine.items()), '']
        parts += [f'- {note}' for note in self.notes]
        for heading, rows in self.tables.items():
            parts += ['', f'## {heading}', '', make_table(rows)]
        return '\n'.join(parts) + '\n'

    def write(self, folder: Path, name: str) -> list[Path]:
        """Write two pages, and the drawing if there is one, to a folder; return the paths."""
        figures = asdict(self)
        drawing = figures.pop('svg')
        pages = {'.md': self.to_markdown(), '.json': json.dumps(figures, indent=1) + '\n'}
        pages |= {'.svg': drawing} if drawing else {}
        paths = [folder / (name + ending) for ending in pages]
        for path, text in zip(paths, pages.values(), strict=True):
            write_text(text, path)
        return paths


def make_table(rows: Sequence[dict[str, str]]) -> str:
    """Return rows of the same columns as a Markdown table, columns aligned."""
    if not rows:
        return '(nothing was measured)'
    columns = list(rows[0])
    widths = [max(len(column), *(len(row[column]) for row in rows)) for column in columns]
    lines = [columns, ['-' * width for width in widths], *([row[column] for column in columns] for row in rows)]
    return '\n'.join(
        '| ' + ' | '.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + ' |' for line in lines
    )
