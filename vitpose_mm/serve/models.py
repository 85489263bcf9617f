"""The pose models of a server, and the detector that they share."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from mmpose.structures import PoseDataSample

from ..inference import PosePredictor
from ..inference.pipeline import each_alone
from ..inference.pose_result import PoseResult
from ..inference.predictor import whole_image


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
    """Runs jobs through the detector, all together, and then those of one model together.

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
        for predictor in self.predictors.values():
            predictor.detector = self.predictors[self.default].detector

    def detect(self, jobs: Sequence[Job]) -> list[np.ndarray | Exception]:
        """Return the (N, 5) boxes and scores of the people of each job, or why there are none."""
        detect = self.predictors[self.default].detect
        return each_alone(lambda some: detect([job.pixels for job in some]), list(jobs))

    def estimate(self, found: Sequence[tuple[Job, np.ndarray]]) -> list[PoseResult | Exception]:
        """Return a result for each job with the boxes of its people, or why there is none."""
        results: list[PoseResult | Exception] = [RuntimeError('not run')] * len(found)
        for name, heatmap in {(job.model, job.heatmap): None for job, _ in found}:
            chosen = [i for i, (job, _) in enumerate(found) if (job.model, job.heatmap) == (name, heatmap)]
            samples = each_alone(partial(self._estimate, name, heatmap), [found[i] for i in chosen])
            for i, sample in zip(chosen, samples, strict=True):
                results[i] = sample if isinstance(sample, Exception) else self._to_result(found[i][0], sample)
        return results

    def _estimate(self, name: str, heatmap: bool, found: Sequence[tuple[Job, np.ndarray]]) -> list[PoseDataSample]:
        images, boxes = [job.pixels for job, _ in found], [one for _, one in found]
        return self.predictors[name].estimate(images, boxes, output_heatmaps=heatmap)

    def _to_result(self, job: Job, sample: PoseDataSample) -> PoseResult:
        metainfo = self.predictors[job.model].metainfo
        return PoseResult(index=0, name='image', sample=sample, metainfo=metainfo, pixels=job.pixels)

    def describe(self) -> list[dict[str, Any]]:
        """Return name, keypoint names, links and colours (R, G, B) of each model."""
        return [describe_keypoints(name, one.metainfo) for name, one in self.predictors.items()]

    def warm_up(self) -> None:
        """Predict an image with every model, so that the first request does not wait for what is made once."""
        image = np.zeros((256, 192, 3), np.uint8)
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            jobs = [Job(pixels=image, model=name) for name in self.predictors]
            self.detect(jobs[:1])
            self.estimate([(job, whole_image(image)) for job in jobs])


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
