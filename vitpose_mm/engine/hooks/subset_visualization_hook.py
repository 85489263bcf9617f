"""Pictures of predictions, each with the skeleton of its own dataset."""

from __future__ import annotations

import os
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from mmpose.engine.hooks import PoseVisualizationHook

from ...datasets.multi_dataset import SUBSET_KEY
from ...registry import HOOKS


@HOOKS.register_module()
class SubsetVisualizationHook(PoseVisualizationHook):
    """mmpose's hook, which draws all samples with one skeleton, asked sample by sample.

    A sample of a named subset of a MultiDataset is drawn with that subset's keypoint set, into a folder of its own;
    any other with the whole's.
    """

    out_dir: str | None

    def after_val_iter(self, runner: Any, batch_idx: int, data_batch: dict, outputs: Sequence[Any]) -> None:
        """Draw the first sample of every ``interval``-th batch."""
        if self.enable:
            _, meta = _subset(outputs[0], runner.val_evaluator.dataset_meta)
            evaluator = SimpleNamespace(dataset_meta=meta)
            view = SimpleNamespace(iter=runner.iter, val_evaluator=evaluator)
            super().after_val_iter(view, batch_idx, data_batch, outputs)

    def after_test_iter(self, runner: Any, batch_idx: int, data_batch: dict, outputs: Sequence[Any]) -> None:
        """Draw all samples of the batch."""
        if not self.enable:
            return
        out_dir = self.out_dir
        for sample in outputs:
            name, meta = _subset(sample, runner.test_evaluator.dataset_meta)
            evaluator = SimpleNamespace(dataset_meta=meta)
            view = SimpleNamespace(work_dir=runner.work_dir, timestamp=runner.timestamp, test_evaluator=evaluator)
            self.out_dir = out_dir and os.path.join(out_dir, name)
            super().after_test_iter(view, batch_idx, data_batch, [sample])
        self.out_dir = out_dir  # MMPose makes it longer with every batch


def _subset(sample: Any, whole: dict) -> tuple[str, dict]:
    """Return name and metainfo of a sample's subset; '' and the metainfo of the whole where it has none."""
    name = sample.metainfo.get(SUBSET_KEY, '')
    return name, whole.get('subsets', {}).get(name, whole)
