"""Which prediction is of which person, and AP, by xtcocotools as MMPose's CocoMetric has it."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass

import numpy as np
from xtcocotools.coco import COCO
from xtcocotools.cocoeval import COCOeval

from .people import Detections, Labels

MIN_OKS = 0.1  # below it a prediction matches nobody (Ronchi & Perona 2017, sec. 3.1)
THRESHOLDS = np.linspace(0.5, 0.95, 10)  # of OKS, whose mean AP is COCO's
NOBODY, IGNORED = -1, -2


@dataclass(frozen=True, eq=False)
class Matches:
    """Which prediction matches which person, at an OKS of ``MIN_OKS`` or more, and AP.

    Attributes:
        person_of: (D,) index of the person; NOBODY for a false positive; IGNORED for one that does not count: it
            matches a crowd or a person without keypoints, or is not among the 20 most confident of its image.
        precision: (10, 101) precision at the thresholds and at recalls from 0 to 1, mean of the categories.
    """

    person_of: np.ndarray
    precision: np.ndarray

    @property
    def ap(self) -> float:
        """COCO's AP, 0 to 1."""
        return float(self.precision.mean())


class Scorer:
    """Scores predictions against one set of labels, as often as needed."""

    def __init__(self, labels: Labels) -> None:
        self._sigmas = labels.sigmas
        self._index = {one['id']: i for i, one in enumerate(labels.people.annotations)}
        self._truth = COCO()
        # COCOeval writes into annotations
        self._truth.dataset = {**labels.content, 'annotations': [dict(one) for one in labels.content['annotations']]}
        with contextlib.redirect_stdout(io.StringIO()):
            self._truth.createIndex()

    def match(self, detections: Detections) -> Matches:
        """Return the AP of predictions, and the person of each."""
        evaluation = self._evaluate(detections, np.array([MIN_OKS, *THRESHOLDS]))
        person_of = np.full(len(detections.scores), IGNORED)
        for image in filter(None, evaluation.evalImgs):
            for detection, person, ignored in zip(
                image['dtIds'], image['dtMatches'][0], image['dtIgnore'][0], strict=True
            ):
                if not ignored:
                    person_of[detection - 1] = self._index.get(person, NOBODY)
        return Matches(person_of, _mean_precision(evaluation)[1:])

    def ap(self, detections: Detections) -> float:
        """Return COCO's AP of predictions, 0 to 1."""
        return float(_mean_precision(self._evaluate(detections, THRESHOLDS)).mean())

    def _evaluate(self, detections: Detections, thresholds: np.ndarray) -> COCOeval:
        with contextlib.redirect_stdout(io.StringIO()):
            found = self._truth.loadRes(detections.to_coco())
            evaluation = COCOeval(self._truth, found, 'keypoints', self._sigmas)
            evaluation.params.iouThrs = thresholds
            evaluation.params.areaRng, evaluation.params.areaRngLbl = [[0, 1e10]], ['all']
            evaluation.evaluate()
            evaluation.accumulate()
        return evaluation


def _mean_precision(evaluation: COCOeval) -> np.ndarray:
    """Return (T, R) precision, the mean of the categories that have people."""
    precision = evaluation.eval['precision'][..., 0, 0]
    mean: np.ndarray = precision[..., (precision > -1).all(axis=(0, 1))].mean(axis=-1)
    return mean
