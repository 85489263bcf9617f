"""COCO's AP by faster-coco-eval: the same figures in less time."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from mmpose.evaluation.metrics import CocoMetric

from ..registry import METRICS

STATS = ('AP', 'AP .5', 'AP .75', 'AP (M)', 'AP (L)', 'AR', 'AR .5', 'AR .75', 'AR (M)', 'AR (L)')  # MMPose's names


@METRICS.register_module()
class FasterCocoMetric(CocoMetric):
    """MMPose's CocoMetric, with the package faster-coco-eval (C++) in place of xtcocotools for the last step.

    It takes CocoMetric's arguments; ``iou_type`` stays 'keypoints' and ``use_area`` True, because faster-coco-eval
    scores neither CrowdPose nor labels without areas.

    Raises:
        ValueError: another ``iou_type``, no areas, or faster-coco-eval is not installed.

    Example:
        >>> val_evaluator = dict(type='vitpose_mm.FasterCocoMetric', ann_file=...)
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.iou_type != 'keypoints' or not self.use_area:
            raise ValueError(
                f'FasterCocoMetric has iou_type={self.iou_type!r} and use_area={self.use_area}, and faster-coco-eval '
                "only scores iou_type='keypoints' with areas: use type='CocoMetric'."
            )
        if find_spec('faster_coco_eval') is None:
            raise ValueError(
                'FasterCocoMetric needs faster-coco-eval: pip install "vitpose_mm[eval]", or use type=\'CocoMetric\'.'
            )

    def _do_python_keypoint_eval(self, outfile_prefix: str) -> list[tuple[str, float]]:
        """Score ``<outfile_prefix>.keypoints.json``; return names and values in MMPose's order."""
        from faster_coco_eval import COCO, COCOeval_faster

        labels = COCO(self.coco.dataset)
        found = labels.loadRes(f'{outfile_prefix}.keypoints.json')
        evaluation = COCOeval_faster(labels, found, 'keypoints', kpt_oks_sigmas=self.dataset_meta['sigmas'])
        evaluation.run()
        return list(zip(STATS, (float(value) for value in evaluation.stats[: len(STATS)]), strict=True))
