"""What both decoders share over mmpose's HeatmapHead: the flip test by sample and checks of what comes in."""

from __future__ import annotations

from typing import Any

from mmengine.structures import PixelData
from mmpose.models.heads import HeatmapHead
from torch import Tensor

from .flip import flip_back

Features = tuple[Tensor, ...]

MSE_LOSS = {'type': 'mmpose.KeypointMSELoss', 'use_target_weight': True}


class PoseHeatmapHead(HeatmapHead):
    """A HeatmapHead whose batch may hold samples with different flip indices."""

    def predict(self, feats: Features | list[Features], batch_data_samples: list, test_cfg: Any = None) -> Any:
        """Features, or [features, features of the mirrored images], -> keypoints in input space, pixels.

        Args:
            feats: what :meth:`forward` takes; a list of two where ``test_cfg.flip_test`` is set.
            batch_data_samples: B samples; the flip test reads ``flip_indices`` of each.
            test_cfg: ``flip_test``, ``shift_heatmap``, ``output_heatmaps``.
        """
        test_cfg = test_cfg or {}
        if test_cfg.get('flip_test', False):
            heatmaps = self._flip_test(feats, batch_data_samples, test_cfg)
        else:
            heatmaps = self.forward(feats)
        preds = self.decode(heatmaps)
        if test_cfg.get('output_heatmaps', False):
            return preds, [PixelData(heatmaps=heatmap) for heatmap in heatmaps.detach()]
        return preds

    def _flip_test(self, feats: Any, samples: list, test_cfg: Any) -> Tensor:
        mode = test_cfg.get('flip_mode', 'heatmap')
        if mode != 'heatmap':
            raise ValueError(f"flip_mode={mode!r} is not for heatmap heads: use 'heatmap'.")
        straight, mirrored = (self.forward(one) for one in feats)
        order = [sample.metainfo['flip_indices'] for sample in samples]
        return (straight + flip_back(mirrored, order, shift=test_cfg.get('shift_heatmap', False))) * 0.5

    def loss(self, feats: Features, batch_data_samples: list, train_cfg: Any = None) -> dict:
        """Features and B samples with heatmaps (K, h, w) and keypoint weights -> ``loss_kpt`` (and ``acc_pose``).

        Raises:
            ValueError: the targets have another number of keypoints or another size than the head's heatmaps.
        """
        self._check_targets(feats[-1], batch_data_samples)
        return super().loss(feats, batch_data_samples, train_cfg or {})

    def upsampled(self, size: tuple[int, int]) -> tuple[int, int]:
        """(H, W) of the features -> (h, w) of the heatmaps."""
        raise NotImplementedError

    def _check_targets(self, feature: Tensor, samples: list) -> None:
        ours = (self.out_channels, *self.upsampled((feature.shape[-2], feature.shape[-1])))
        for sample in samples:
            target = tuple(sample.gt_fields.heatmaps.shape)
            if target == ours:
                continue
            name = sample.metainfo.get('dataset_name', 'the dataset')
            if target[0] != ours[0]:
                raise ValueError(
                    f"{name} labels {target[0]} keypoints and the head predicts {ours[0]}: set the head's "
                    f"out_channels to {target[0]}, or use an annotation file with the head's keypoints."
                )
            raise ValueError(
                f'The codec makes heatmaps of {target[2]}x{target[1]} (w x h) and the head of {ours[2]}x{ours[1]}: '
                f"set the codec's heatmap_size to ({ours[2]}, {ours[1]}) or change the head's num_upsamples."
            )
