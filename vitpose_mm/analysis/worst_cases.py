"""The predictions that cost most, by kind of error, and pictures of them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from ..inference.images import read_image
from ..utils.files import printable
from ..utils.image_size import ImageError
from .analysis import Analysis
from .fixes import FALSE_POSITIVES, MISSED_PEOPLE, missed_people
from .plots import COLOURS
from .taxonomy import ERRORS, GOOD, KINDS

HEIGHT = 300  # pixels of a picture
MARGIN = 0.15  # around what is drawn, of its larger side
WHITE, GREY, BLACK = (255, 255, 255), (190, 190, 190), (0, 0, 0)  # BGR


class Case(NamedTuple):
    """One picture to draw.

    Attributes:
        kind: 'jitter', 'inversion', 'swap', 'miss', 'false positives' or 'missed people'.
        image_id: Where it is.
        caption: What it says below.
        pair: Index in the pairs; None where there is no prediction or no person.
        detection: Index of the prediction, or None.
        person: Index of the person, or None.
    """

    kind: str
    image_id: int
    caption: str
    pair: int | None = None
    detection: int | None = None
    person: int | None = None


def find_cases(analysis: Analysis, number: int) -> list[Case]:
    """Find up to ``number`` cases of each kind, those that cost most first.

    They are the pairs whose keypoints of the kind lose most similarity in all, the most confident false positives, and
    the largest people that were missed.
    """
    cases = [case for kind in ERRORS for case in _worst_pairs(analysis, kind, number)]
    detections, people = analysis.detections, analysis.labels.people
    for index in analysis.false_positives[:number]:
        caption = f'score {detections.scores[index]:.2f}'
        cases.append(Case(FALSE_POSITIVES, int(detections.image_ids[index]), caption, detection=int(index)))
    missed = missed_people(analysis.labels, analysis.pairs)
    for index in missed[np.argsort(-people.areas[missed], kind='stable')][:number]:
        caption = f'annotation {people.annotations[index]["id"]}'
        cases.append(Case(MISSED_PEOPLE, int(people.image_ids[index]), caption, person=int(index)))
    return cases


def _worst_pairs(analysis: Analysis, kind: str, number: int) -> Iterator[Case]:
    pairs, people = analysis.pairs, analysis.labels.people
    chosen = pairs.kinds == KINDS.index(kind)
    lost = ((1 - pairs.similarity) * chosen).sum(axis=1)
    for row in np.argsort(-lost, kind='stable')[:number]:
        if not chosen[row].any():
            return
        person = int(pairs.people[row])
        wrong = ', '.join(np.array(analysis.labels.names)[chosen[row]])
        caption = (
            f'annotation {people.annotations[person]["id"]}, OKS {pairs.oks[row]:.2f}, score {pairs.scores[row]:.2f}: '
            f'{wrong}'
        )
        yield Case(kind, int(people.image_ids[person]), caption, int(row), int(pairs.detections[row]), person)


def draw_case(analysis: Analysis, case: Case, images: Path) -> np.ndarray:
    """Draw a case, (300, W, 3) uint8 BGR: labels white, prediction coloured by kind of error, a line to the label.

    Raises:
        ImageError: its image cannot be read.
    """
    names = {image['id']: image.get('file_name') for image in analysis.labels.content['images']}
    if not isinstance(names[case.image_id], str):
        raise ImageError(f'image {case.image_id} has no file name.')
    image = read_image(_inside(images, names[case.image_id]))
    person, predicted, which = _points(analysis, case)
    crop, scale, corner = _crop(image, np.concatenate([one[which] for one in (person, predicted) if one is not None]))
    person, predicted = (None if one is None else (one - corner) * scale for one in (person, predicted))
    for points, colour in ((person, WHITE), (predicted, GREY)):
        if points is not None:
            links = [one for one in analysis.labels.metainfo['skeleton_links'] if which[list(one)].all()]
            _draw_lines(crop, points, points, links, [colour] * len(links))
    _draw_keypoints(crop, person, predicted, which, None if case.pair is None else analysis.pairs.kinds[case.pair])
    return crop


def _inside(folder: Path, name: str) -> Path:
    """Return the path of a file of a folder by the name that labels give it.

    Raises:
        ImageError: the name leads out of the folder: a report is for others, who get no other pictures with it.
    """
    path = os.path.normpath(folder / name)
    if not path.startswith(os.path.join(os.path.normpath(folder), '')):
        raise ImageError(f'{printable(name)} is not in {folder}.')
    return folder / name


def _points(analysis: Analysis, case: Case) -> tuple[np.ndarray | None, np.ndarray | None, np.ndarray]:
    """Return (K, 2) labels and predictions of a case, None where there are none, and (K,) which are shown."""
    person = predicted = None
    which = np.ones(len(analysis.labels.names), dtype=bool)
    if case.detection is not None:
        predicted = analysis.detections.keypoints[case.detection, :, :2]
    if case.person is not None:
        person = analysis.labels.people.keypoints[case.person, :, :2]
        which = analysis.labels.people.labelled[case.person]
    return person, predicted, which


def _crop(image: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, float, np.ndarray]:
    """Crop the part of an image around (n, 2) points and resize it; return it, its scale and upper left corner."""
    size = np.array(image.shape[1::-1])
    low, high = points.min(axis=0), points.max(axis=0)
    margin = MARGIN * max(float((high - low).max()), 30)
    low = np.clip(low - margin, 0, size - 2).astype(int)
    high = np.maximum(np.clip(high + margin, 0, size).astype(int), low + 2)
    scale = HEIGHT / (high[1] - low[1])
    width = int(np.clip(scale * (high[0] - low[0]), 1, 4 * HEIGHT))
    return cv2.resize(image[low[1] : high[1], low[0] : high[0]], (width, HEIGHT)), scale, low


def _draw_keypoints(
    crop: np.ndarray,
    person: np.ndarray | None,
    predicted: np.ndarray | None,
    which: np.ndarray,
    kinds: np.ndarray | None,
) -> None:
    """Draw a dot for each keypoint, and a line from each error to where it belongs."""
    points = person if predicted is None else predicted
    assert points is not None
    colours = [WHITE if predicted is None else GREY] * len(points)
    if kinds is not None and person is not None:
        colours = [_bgr(KINDS[kind]) for kind in kinds]
        wrong = np.flatnonzero(kinds > GOOD).tolist()
        _draw_lines(crop, points, person, [(i, i) for i in wrong], [colours[i] for i in wrong])
    for index in np.flatnonzero(which):
        for radius, colour in ((5, BLACK), (4, colours[index])):
            cv2.circle(crop, _pixel(points[index]), radius, colour, -1, cv2.LINE_AA)


def _draw_lines(
    crop: np.ndarray, starts: np.ndarray, ends: np.ndarray, pairs: Sequence[tuple[int, int]], colours: Sequence[tuple]
) -> None:
    for (start, end), colour in zip(pairs, colours, strict=True):
        cv2.line(crop, _pixel(starts[start]), _pixel(ends[end]), colour, 1, cv2.LINE_AA)


def _pixel(point: np.ndarray) -> tuple[int, int]:
    x, y = np.clip(point, -1e4, 1e4).round().astype(int).tolist()
    return x, y


def _bgr(kind: str) -> tuple[int, int, int]:
    code = COLOURS[kind].lstrip('#')
    return int(code[4:6], 16), int(code[2:4], 16), int(code[:2], 16)
