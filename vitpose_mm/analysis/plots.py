"""Figures of an analysis as SVG text."""

from __future__ import annotations

import io
from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .analysis import Analysis
from .breakdown import Group
from .calibration import Calibration
from .matching import THRESHOLDS
from .taxonomy import KINDS

COLOURS = dict(zip(KINDS, ('#2a9d5c', '#e9b824', '#8a4fc4', '#2878c8', '#d64541'), strict=True))
SHOWN_THRESHOLDS = (0.5, 0.75, 0.85, 0.95)


def to_svg(figure: Figure) -> str:
    """Return a figure as SVG; the same figure is the same text."""
    text = io.StringIO()
    with matplotlib.rc_context({'svg.hashsalt': 'vitpose_mm', 'svg.fonttype': 'path'}):
        figure.savefig(text, format='svg', metadata={'Date': None}, bbox_inches='tight')
    return text.getvalue()


def _new(width: float, height: float, columns: int = 1) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(width, height), layout='constrained')
    axes = list(figure.subplots(1, columns, squeeze=False)[0])
    for axis in axes:
        axis.spines[['top', 'right']].set_visible(False)
    return figure, axes


def plot_fixes(analysis: Analysis) -> str:
    """AP that fixing each kind of error adds, in bars."""
    figure, (axis,) = _new(7, 3)
    names = list(analysis.fixed)[::-1]
    gains = [100 * (analysis.fixed[name] - analysis.matches.ap) for name in names]
    bars = axis.barh(names, gains, color=[COLOURS.get(name, '#607080') for name in names])
    axis.bar_label(bars, fmt='%+.1f', padding=3)
    axis.set_xlabel('AP points gained when this alone is fixed')
    axis.margins(x=0.12)
    return to_svg(figure)


def plot_kinds(groups: Sequence[Group]) -> str:
    """Share of each kind of error in each group, in stacked bars."""
    figure, (axis,) = _new(7, 0.8 + 0.24 * len(groups))
    left = np.zeros(len(groups))
    names = [group.name for group in groups]
    for index, kind in enumerate(KINDS):
        shares = np.array([100 * group.kinds[index] for group in groups])
        axis.barh(range(len(groups)), shares, left=left, color=COLOURS[kind], label=kind, height=0.75)
        left += shares
    axis.set_yticks(range(len(groups)), names)
    axis.invert_yaxis()
    axis.set_xlim(0, 100)
    axis.set_xlabel('percent of the labelled keypoints of people who were found')
    axis.legend(ncols=len(KINDS), loc='lower center', bbox_to_anchor=(0.5, 1), frameon=False)
    return to_svg(figure)


def plot_precision(analysis: Analysis) -> str:
    """Precision over recall at some thresholds of OKS."""
    figure, (axis,) = _new(7.5, 3.6)
    recalls = np.linspace(0, 1, analysis.matches.precision.shape[1])
    for threshold in SHOWN_THRESHOLDS:
        curve = analysis.matches.precision[np.argmin(np.abs(THRESHOLDS - threshold))]
        axis.plot(recalls, curve, label=f'OKS {threshold:.2f}: AP {100 * curve.mean():.1f}')
    mean = analysis.matches.precision.mean(axis=0)
    axis.plot(recalls, mean, 'k--', label=f'mean of .50 to .95: AP {100 * mean.mean():.1f}')
    axis.set(xlabel='recall', ylabel='precision', xlim=(0, 1), ylim=(0, 1.02))
    axis.legend(frameon=False, loc='center left', bbox_to_anchor=(1, 0.5))
    return to_svg(figure)


def plot_calibration(analysis: Analysis) -> str:
    """Score against quality, of people and of keypoints."""
    figure, axes = _new(8, 3.4, columns=2)
    subjects = (
        (analysis.person_scores, 'people', 'mean OKS (0 of a false positive)'),
        (analysis.keypoint_scores, 'keypoints', 'share at the right keypoint'),
    )
    for axis, (found, title, label) in zip(axes, subjects, strict=True):
        _draw_calibration(axis, found)
        axis.set(title=title, xlabel='score', ylabel=label, ylim=(0, 1.02))
    return to_svg(figure)


def _draw_calibration(axis: Axes, found: Calibration | None) -> None:
    axis.plot((0, 1), (0, 1), color='#b0b0b0', linestyle=':', label='score = quality')
    if found is not None:
        axis.plot(found.scores, found.quality, 'o-', color='#2878c8', label='mean of a tenth of all')
    axis.legend(frameon=False, fontsize=8)


def plot_groups(groups: Sequence[Group]) -> str:
    """AP of each group, in bars."""
    figure, (axis,) = _new(7, 0.6 + 0.26 * len(groups))
    names = [group.name if group.subject == 'all' else f'{group.subject}: {group.name}' for group in groups]
    bars = axis.barh(names, [100 * group.ap for group in groups], color='#2878c8')
    axis.bar_label(bars, fmt='%.1f', padding=3)
    axis.invert_yaxis()
    axis.set(xlim=(0, 108), xlabel='AP')
    return to_svg(figure)
