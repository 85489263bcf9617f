"""The pose models of a server, and the detector that they share."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..inference import PosePredictor
from ..inference.pose_result import PoseResult


@dataclass(frozen=True, kw_only=True)
class Job:
    """An image on its way through a model.

    Attributes:
        pixels: (H, W, 3) uint8 BGR.
        model: name of the pose model.
        heatmap: whether the result is to have the highest heat of all people and keypoints.
    """

    pixels: np.ndarray
    model: str
    heatmap: bool = False


class ServedModels:
    """Runs jobs, those of one model together.

    Args:
        predictors: by name, the default one first. The detector of the first one serves all.

    Raises:
        ValueError: there is none.
    """

    def __init__(self, predictors: Mapping[str, PosePredictor]) -> None:
        if not predictors:
            raise ValueError('A server needs a pose model: name one.')
        self.predictors = dict(predictors)
        self.default = next(iter(self.predictors))
        self.find_people: Any = self.predictors[self.default].detect

    def run(self, jobs: Sequence[Job]) -> list[PoseResult | Exception]:
        """Return a result for each job, or why there is none."""
        results: list[PoseResult | Exception] = [RuntimeError('not run')] * len(jobs)
        for kind in {(job.model, job.heatmap): None for job in jobs}:
            chosen = [i for i, job in enumerate(jobs) if (job.model, job.heatmap) == kind]
            for i, result in zip(chosen, self._predict([jobs[i].pixels for i in chosen], *kind), strict=True):
                results[i] = result if result.error is None else RuntimeError(result.error)
        return results

    def _predict(self, images: list[np.ndarray], name: str, heatmap: bool) -> list[PoseResult]:
        predictor = self.predictors[name]
        predictor.pose_model.test_cfg['output_heatmaps'] = heatmap
        return predictor.predict(images, boxes=self.find_people, batch_size=len(images))

    def describe(self) -> list[dict[str, Any]]:
        """Return name, keypoint names, links and colours (R, G, B) of each model."""
        return [describe_keypoints(name, one.metainfo) for name, one in self.predictors.items()]

    def warm_up(self) -> None:
        """Predict an image with every model, so that the first request does not wait for what is made once."""
        image = np.zeros((256, 192, 3), np.uint8)
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            self.run([Job(pixels=image, model=name) for name in self.predictors])


def describe_keypoints(model: str, metainfo: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a page needs to draw a keypoint set of mmpose's, with the name of its model."""
    names = metainfo['keypoint_id2name']
    return {
        'name': model,
        'dataset': metainfo['dataset_name'],
        'keypoints': [names[k] for k in range(metainfo['num_keypoints'])],
        'keypoint_colors': np.asarray(metainfo['keypoint_colors']).tolist(),
        'skeleton': [list(map(int, link)) for link in metainfo['skeleton_links']],
        'skeleton_colors': np.asarray(metainfo['skeleton_link_colors']).tolist(),
    }
