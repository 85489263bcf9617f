"""The paper's picture of rate against accuracy: its AP, at our rates."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..utils.json_files import read_json
from .report import Report

# AP on COCO val2017 at 256x192 (ViTPose-S: the authors' release) and crops per second on an A100, batch 64; from the
# ViTPose paper's comparison on COCO
PAPER = {
    'small-classic': ('ViTPose-S', 73.8, None),
    'base-classic': ('ViTPose-B', 75.8, 944),
    'large-classic': ('ViTPose-L', 78.3, 411),
    'huge-classic': ('ViTPose-H', 79.1, 241),
    'simplebaseline-r152': ('SimpleBaseline-R152', 73.5, 829),
    'hrnet-w48': ('HRNet-W48', 75.1, 649),
    'tokenpose-l': ('TokenPose-L/D24', 75.8, 602),
    'transpose-h': ('TransPose-H/A6', 75.8, 309),
    'hrformer-b': ('HRFormer-B', 75.6, 158),
}


@dataclass
class Front:
    """Models that were measured in one place: their names, crops per second and AP."""

    label: str
    points: list[tuple[str, float, float]] = field(default_factory=list)


def draw_rates(files: Sequence[str]) -> Report:
    """Return a report with a table and a drawing of the rates in pages of ``benchmark.py model`` and of the paper.

    Raises:
        ValueError: a file is not such a page, or has no model whose AP the paper gives.
    """
    fronts = [front for file in files for front in read_page(file)]
    paper = Front('the paper, A100')
    paper.points = [(name, float(rate), ap) for name, ap, rate in PAPER.values() if rate]
    fronts.append(paper)
    rows = [
        {'measured by': front.label, 'model': name, 'crops/s': f'{rate:,.4g}', "AP, the paper's": f'{ap}'}
        for front in fronts
        for name, rate, ap in front.points
    ]
    note = (
        'AP is that of the paper (ViTPose-S: of its authors), on COCO val2017 at 256x192 with flip test; rates are of '
        'forward passes without flip test. Models that were measured have random weights: we have trained none on COCO.'
    )
    title = "ViTPose S, B, L, H and others: the paper's AP over measured rates"
    return Report(title, {'pages': ', '.join(map(str, files))}, [note], {'Rates': rows}, svg=draw(fronts, title))


def read_page(file: str) -> list[Front]:
    """Return what a page of ``benchmark.py model`` has of our models, of MMPose's and of the others.

    Raises:
        ValueError: the file is not such a page.
    """
    content, _ = read_json(file, content='page of benchmark.py model')
    try:
        tables = {name: rows for name, rows in content['tables'].items() if name.startswith('Speed')}
        rows = [
            (row['model'], row['setting'], float(row['crops/s'].replace(',', '')))
            for table in tables.values()
            for row in table
        ]
        device = str(content['machine']['device'])
    except (AttributeError, KeyError, TypeError, ValueError):
        raise ValueError(f'{file} is not a page that benchmark.py model --tasks speed --out FOLDER wrote.') from None
    fronts: dict[str, Front] = {}
    for model, setting, rate in rows:
        owner, name = re.fullmatch(r'(?:(ours|mmpose)-)?(.+)', model).groups()  # type: ignore[union-attr]
        if name in PAPER:
            label = {'ours': 'this package', 'mmpose': "MMPose's ViTPose"}.get(owner, 'MMPose')
            label = f'{label}, {device}, {setting}'
            front = fronts.setdefault(label, Front(label))
            front.points.append((PAPER[name][0], rate, PAPER[name][1]))
    if not fronts:
        raise ValueError(f'{file} has no model whose AP the paper gives: measure some of {", ".join(PAPER)}.')
    return list(fronts.values())


def draw(fronts: Sequence[Front], title: str) -> str:
    """Draw an SVG of AP over crops per second, with a line for each place that has several sizes of ViTPose."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 5), layout='constrained')
    FigureCanvasSVG(figure)
    panel: Any = figure.subplots()
    for front, marker in zip(fronts, 'osD^vP' * len(fronts), strict=False):
        line = sorted(point[1:] for point in front.points if point[0].startswith('ViTPose'))
        (curve,) = panel.plot(*zip(*line, strict=True), marker=marker, markersize=6) if line else panel.plot([], [])
        others = [point for point in front.points if not point[0].startswith('ViTPose')]
        panel.plot([p[1] for p in others], [p[2] for p in others], marker, color=curve.get_color(), mfc='none')
        panel.plot([], [], '-' + marker, color=curve.get_color(), label=front.label)
        for name, rate, ap in front.points:
            size = name.removeprefix('ViTPose-')
            offset = (5, 4) if size != name else (5, -10)  # ViTPose's sizes above, the others below
            panel.annotate(size, (rate, ap), xytext=offset, textcoords='offset points', fontsize=8)
    panel.set(xscale='log', xlabel='crops per second', ylabel="the paper's AP")
    panel.margins(x=0.12, y=0.1)
    panel.grid(alpha=0.3, which='both')
    figure.legend(fontsize=8, loc='outside lower center')
    panel.set_title(title, fontsize=11)
    drawn = io.StringIO()
    with matplotlib.rc_context({'svg.hashsalt': 'vitpose_mm'}):
        figure.savefig(drawn, format='svg', metadata={'Date': None})
    return drawn.getvalue()
