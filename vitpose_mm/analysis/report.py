"""Write an analysis as one HTML file that holds its figures and pictures and loads nothing else."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from pathlib import Path

import cv2

from ..utils.counted import part_of
from ..utils.files import write_text
from ..utils.image_size import ImageError
from . import plots
from .analysis import Analysis
from .breakdown import Group
from .calibration import Calibration
from .taxonomy import KINDS
from .worst_cases import Case, draw_case, find_cases

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1c2530; max-width: 1080px; margin: 2em auto; padding: 0 1em }
h2 { margin-top: 2em; border-bottom: 1px solid #d5dbe1 } img { max-width: 100% }
table { border-collapse: collapse; margin: 1em 0 } th, td { padding: .15em .8em; text-align: right }
th:first-child, td:first-child { text-align: left } tr:nth-child(even) { background: #f3f5f7 }
figure { display: inline-block; vertical-align: top; margin: 0 .8em .8em 0 }
figcaption { font-size: 12px; max-width: 260px }
figure.case img { height: 240px; max-width: 480px } .key { display: inline-block; width: .8em; height: .8em }
"""
EXPLAINED = {
    'good': 'within the deviation of annotators: similarity ks to its label of at least .85',
    'jitter': 'near its label: ks from .5 to .85',
    'inversion': 'at its mirror partner of the same person, such as left and right knee exchanged',
    'swap': 'at the same keypoint, or its partner, of another person',
    'miss': 'near none of these',
}


def write_report(
    analysis: Analysis, file: Path, *, title: str, images: Path | None = None, number: int = 6
) -> list[str]:
    """Write the report; return sentences on pictures that could not be drawn.

    Args:
        analysis: to show.
        file: .html to write; it appears when it is complete.
        title: of the page.
        images: folder of the annotation file's images; None: no pictures.
        number: of pictures of each kind of error.
    """
    pictures, notes = _worst_cases(analysis, images, number)
    sections = (
        _summary(analysis),
        _fixes(analysis),
        _kinds(analysis),
        '<h2>Precision and recall</h2>' + _plot(plots.plot_precision(analysis)),
        _calibration(analysis),
        _groups(analysis),
        pictures,
    )
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style>'
    text = f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body><h1>{escape(title)}</h1>\n'
    whole = text + '\n'.join(sections) + '\n</body></html>\n'
    write_text(whole.encode('utf-8', 'backslashreplace').decode(), file)  # names may hold halves of surrogate pairs
    return notes


def _plot(svg: str) -> str:
    return f'<p><img alt="" src="data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"></p>'


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    cells = [''.join(f'<td>{escape(cell)}</td>' for cell in row) for row in rows]
    lines = ''.join(f'<tr>{row}</tr>\n' for row in cells)
    return f'<table><tr>{"".join(f"<th>{escape(cell)}</th>" for cell in head)}</tr>\n{lines}</table>'


def _summary(analysis: Analysis) -> str:
    found, people = len(analysis.pairs.people), len(analysis.labels.people.areas)
    unmatched = part_of(len(analysis.false_positives), len(analysis.detections.scores), 'prediction', verb='match')
    notes = ''.join(f'<li>{escape(note)}</li>' for note in analysis.labels.notes)
    return (
        f'<p>AP <b>{100 * analysis.matches.ap:.1f}</b> ({analysis.matches.ap:.4f}). '
        f'{part_of(found, people, "labelled person", plural="labelled people", verb="are")} found (a prediction has '
        f'OKS of at least .1 with them); {unmatched} nobody.</p>' + (f'<ul>{notes}</ul>' if notes else '')
    )


def _fixes(analysis: Analysis) -> str:
    rows = [
        (kind, f'{100 * ap:.1f}', f'{100 * (ap - analysis.matches.ap):+.1f}') for kind, ap in analysis.fixed.items()
    ]
    return (
        '<h2>What each kind of error costs</h2><p>AP when all errors of one kind, and no others, are fixed. Keypoints '
        'move to their labels, scores become the OKS, false positives are removed, missed people are added.</p>'
        + _plot(plots.plot_fixes(analysis))
        + _table(('fixed', 'AP', 'gain'), rows)
    )


def _kinds(analysis: Analysis) -> str:
    counts = analysis.counts
    total = max(sum(counts.values()), 1)
    rows = [(kind, str(counts[kind]), f'{100 * counts[kind] / total:.1f} %') for kind in KINDS]
    keys = ''.join(
        f'<li><span class="key" style="background: {plots.COLOURS[kind]}"></span> <b>{kind}</b>: {text}</li>'
        for kind, text in EXPLAINED.items()
    )
    return (
        f'<h2>Kinds of errors</h2><p>After Ronchi and Perona (2017), for the labelled keypoints of people who are '
        f'found:</p><ul>{keys}</ul>'
        + _table(('kind', 'keypoints', 'share'), rows)
        + _plot(plots.plot_kinds(analysis.keypoints))
        + '<p>The AP of a keypoint is computed with an OKS of that keypoint alone.</p>'
        + _group_table(analysis.keypoints)
    )


def _group_table(groups: Sequence[Group]) -> str:
    rows = [
        (
            group.name if group.subject in ('all', 'keypoint') else f'{group.subject}: {group.name}',
            str(group.people),
            f'{100 * group.found:.1f}',
            f'{100 * group.ap:.1f}',
            *(f'{100 * share:.1f}' for share in group.kinds),
        )
        for group in groups
    ]
    return _table(('', 'people', 'found %', 'AP', *(f'{kind} %' for kind in KINDS)), rows)


def _calibration(analysis: Analysis) -> str:
    def tell(name: str, found: Calibration | None) -> str:
        if found is None:
            return f'<li>{name}: fewer than two, nothing is computed.</li>'
        return f'<li>{name}: rank correlation {found.rank_correlation:.2f}, mean gap {found.gap:.2f}.</li>'

    return (
        '<h2>Are the scores reliable?</h2><p>AP needs scores that rank people by OKS; a threshold needs scores '
        'that mean the same in all images.</p><ul>'
        + tell('Scores of people, compared with their OKS', analysis.person_scores)
        + tell('Scores of keypoints, compared with whether they are correct', analysis.keypoint_scores)
        + '</ul>'
        + _plot(plots.plot_calibration(analysis))
    )


def _groups(analysis: Analysis) -> str:
    return (
        '<h2>Groups of people</h2><p>A group has its people and the predictions that match them. False positives '
        "are in no group, so that these figures are higher than COCO's AP (M) and (L).</p>"
        + _plot(plots.plot_groups(analysis.groups))
        + _group_table(analysis.groups)
    )


def _worst_cases(analysis: Analysis, images: Path | None, number: int) -> tuple[str, list[str]]:
    if images is None:
        return '<h2>Worst cases</h2><p>Give --images FOLDER to see them drawn.</p>', []
    figures: dict[str, list[str]] = {}
    notes = []
    for case in find_cases(analysis, number):
        try:
            figures.setdefault(case.kind, []).append(_figure(analysis, case, images))
        except ImageError as error:
            notes.append(f'not drawn: {error}')
    text = ''.join(f'<h3>{escape(kind)}</h3>{"".join(drawn)}' for kind, drawn in figures.items())
    explained = (
        '<h2>Worst cases</h2><p>White: labels. Dots: the prediction, coloured by kind of error, each joined to its '
        'label by a line. First come the largest errors, the most confident false positives and the largest missed '
        'people.</p>'
    )
    return explained + text, notes


def _figure(analysis: Analysis, case: Case, images: Path) -> str:
    picture = cv2.imencode('.jpg', draw_case(analysis, case, images), [cv2.IMWRITE_JPEG_QUALITY, 85])[1]
    data = base64.b64encode(picture.tobytes()).decode()
    caption = f'image {case.image_id}, {case.caption}'
    return (
        f'<figure class="case"><img alt="" src="data:image/jpeg;base64,{data}">'
        f'<figcaption>{escape(caption)}</figcaption></figure>'
    )
