"""The one estimator class of every config."""

from __future__ import annotations

from typing import Any

import torch
from mmpose.models.pose_estimators import TopdownPoseEstimator
from torch import Tensor

from vitpose_mm.checkpoints import convert_on_load
from vitpose_mm.registry import MODELS

from ..dataset_names import DatasetNames


@MODELS.register_module()
class PoseEstimator(TopdownPoseEstimator):
    """Maps (B, 3, h, w) person crops to keypoints in image pixels, by the expert and the head of each sample's dataset.

    Over mmpose's top-down estimator it does two things: it hands the expert of each sample's dataset to the
    backbone, and it runs the flip test as one batch of 2B crops.

    Args:
        backbone: config; called with (crops) or, where ``expert_ids`` is given, with (crops, expert ids).
        head: config of a head with mmpose's ``loss`` and ``predict``.
        neck: config, or None.
        train_cfg: passed to the head's loss.
        test_cfg: passed to the head's predict.
        data_preprocessor: config.
        init_cfg: mmengine's.
        metainfo: path of a metainfo file that replaces the dataset's, or None.
        expert_ids: dataset name to the backbone's expert, or None for a backbone without experts. Where the head
            is a DatasetRouter, its datasets, aliases and default are those of the experts too.

    Raises:
        ValueError: expert_ids do not fit the backbone's number of experts or the head's datasets.
    """

    def __init__(
        self,
        backbone: dict,
        head: dict | None = None,
        *,
        neck: dict | None = None,
        train_cfg: dict | None = None,
        test_cfg: dict | None = None,
        data_preprocessor: dict | None = None,
        init_cfg: dict | list[dict] | None = None,
        metainfo: str | None = None,
        expert_ids: dict[str, int] | None = None,
    ) -> None:
        super().__init__(
            backbone=backbone,
            neck=neck,
            head=head,
            train_cfg=train_cfg,
            test_cfg=test_cfg,
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg,
            metainfo=metainfo,
        )
        self.expert_ids = expert_ids
        self.names = self._find_names()

    def _find_names(self) -> DatasetNames | None:
        """Return the datasets of the router, or else those with an expert; None where there is nothing to choose."""
        ids, experts = self.expert_ids, getattr(self.backbone, 'num_experts', 0)
        if experts and ids is None:
            raise ValueError(
                f'The backbone has {experts} experts: give expert_ids=dict(coco=0, ...) with one for each dataset.'
            )
        names: DatasetNames | None = getattr(self.head, 'names', None) if self.with_head else None
        if ids is None:
            return names
        names = names or DatasetNames(sorted(ids, key=lambda name: ids[name]))
        for name in names.known:
            if name not in ids:
                raise ValueError(f'The head has the dataset {name!r} and expert_ids has no expert for it: add one.')
            if experts and not 0 <= ids[name] < experts:
                raise ValueError(f'expert_ids[{name!r}] is {ids[name]} and the backbone has {experts} experts.')
        return names

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *args: object) -> None:
        """Convert names of any origin: ``load_from`` and the demo open released files as they are."""
        convert_on_load(self, state_dict, prefix)
        super()._load_from_state_dict(state_dict, prefix, *args)

    def extract_feat(self, inputs: Tensor, data_samples: list | None = None) -> tuple[Tensor, ...]:
        """Return the backbone's (and neck's) feature maps of (B, 3, h, w) crops and their samples."""
        experts = () if self.expert_ids is None else (self._expert_ids_of_samples(self.expert_ids, data_samples),)
        feats = self.backbone(inputs, *experts)
        return self.neck(feats) if self.with_neck else feats

    def _expert_ids_of_samples(self, ids: dict[str, int], data_samples: list | None) -> Tensor | int:
        """Return the (B,) expert id of each sample; without samples (FLOPs, export) that of the default dataset."""
        assert self.names is not None
        if data_samples is None:
            return ids[self.names.default]
        return torch.tensor([ids[name] for name in self.names.of_samples(data_samples)])

    def loss(self, inputs: Tensor, data_samples: list) -> dict:
        """Return the head's losses of (B, 3, h, w) crops and their samples."""
        feats = self.extract_feat(inputs, data_samples)
        return self.head.loss(feats, data_samples, train_cfg=self.train_cfg)

    def predict(self, inputs: Tensor, data_samples: list) -> list:
        """Add ``pred_instances`` in image pixels to the samples of (B, 3, h, w) crops."""
        feats = self.extract_test_feat(inputs, data_samples)
        preds = self.head.predict(feats, data_samples, test_cfg=self.test_cfg)
        instances, fields = preds if isinstance(preds, tuple) else (preds, None)
        return self.add_pred_to_datasample(instances, fields, data_samples)

    def extract_test_feat(self, inputs: Tensor, data_samples: list) -> Any:
        """Return the features of (B, 3, h, w) crops; in the flip test [features, features of the flipped crops]."""
        if not self.test_cfg.get('flip_test', False):
            return self.extract_feat(inputs, data_samples)
        both = self.extract_feat(torch.cat([inputs, inputs.flip(-1)]), [*data_samples, *data_samples])
        halves = [feat.chunk(2) for feat in both]
        return [tuple(original for original, _ in halves), tuple(flipped for _, flipped in halves)]

    def _forward(self, inputs: Tensor, data_samples: list | None = None) -> Any:
        """Return what the head's forward gives for (B, 3, h, w) crops (or the features without a head).

        MMEngine calls this without samples: of several heads the default dataset's is used, with its expert.
        """
        feats = self.extract_feat(inputs, data_samples)
        return self.head.forward(feats) if self.with_head else feats
