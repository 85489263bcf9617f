"""What both decoders share over mmpose's HeatmapHead: the flip test by sample and checks of what comes in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import torch
from mmengine.structures import PixelData
from mmpose.models.heads import HeatmapHead
from mmpose.models.utils.tta import flip_heatmaps
from torch import Tensor

Features = tuple[Tensor, ...]

MSE_LOSS = {'type': 'mmpose.KeypointMSELoss', 'use_target_weight': True}


def for_numpy(heatmaps: Tensor) -> Tensor:
    """Return heatmaps in float32 where they are bfloat16: they are decoded and scored in numpy."""
    return heatmaps.float() if heatmaps.dtype == torch.bfloat16 else heatmaps


def unmirror(heatmaps: Tensor, samples: Sequence[Any], *, shift: bool) -> Tensor:
    """Turn (B, K, h, w) heatmaps of mirrored crops into those of the crops, by each sample's ``flip_indices``.

    Args:
        heatmaps: heatmaps of crops flipped left to right.
        samples: B samples; those with the same ``flip_indices`` are done together.
        shift: move the result one pixel to the right (for codecs that are not unbiased).
    """
    groups: dict[tuple[int, ...], list[int]] = {}
    for index, sample in enumerate(samples):
        groups.setdefault(tuple(sample.metainfo['flip_indices']), []).append(index)
    flipped = torch.empty_like(heatmaps)
    for flip_indices, group in groups.items():
        flipped[group] = flip_heatmaps(heatmaps[group], list(flip_indices), shift_heatmap=shift)
    return flipped


class HeatmapPredictor:
    """The two halves of mmpose's ``predict``, so that heatmaps of several models can be averaged between them."""

    def heatmaps(self, feats: Features | list[Features], samples: list, test_cfg: Any = None) -> list[Tensor]:
        """Return B heatmaps (K, h, w) of features, or of [features, features of the mirrored images].

        Args:
            feats: what ``forward`` takes; a list of two where ``test_cfg.flip_test`` is set.
            samples: B samples; the flip test reads ``flip_indices`` of each.
            test_cfg: ``flip_test``, ``shift_heatmap``.
        """
        raise NotImplementedError

    def decode_each(self, heatmaps: list[Tensor], samples: list) -> list:
        """Decode B heatmaps (K, h, w) of B samples to keypoints of each in input space, pixels."""
        raise NotImplementedError

    def predict(self, feats: Features | list[Features], batch_data_samples: list, test_cfg: Any = None) -> Any:
        """Predict keypoints in input space, pixels, and with ``test_cfg.output_heatmaps`` the heatmaps too."""
        test_cfg = test_cfg or {}
        heatmaps = self.heatmaps(feats, batch_data_samples, test_cfg)
        preds = self.decode_each(heatmaps, batch_data_samples)
        if test_cfg.get('output_heatmaps', False):
            return preds, [PixelData(heatmaps=heatmap.detach()) for heatmap in heatmaps]
        return preds


class PoseHeatmapHead(HeatmapPredictor, HeatmapHead):
    """A HeatmapHead whose batch may hold samples with different flip indices.

    Attributes:
        num_upsamples: the heatmaps are 2 to this power times as large as the features.
    """

    num_upsamples: int

    def forward(self, feats: Features) -> Tensor:
        """Map a tuple whose last map is (B, C, H, W) to (B, K, h, w) heatmaps, float32 under bfloat16 too."""
        return for_numpy(super().forward(feats))

    def heatmaps(self, feats: Features | list[Features], samples: list, test_cfg: Any = None) -> list[Tensor]:
        """Return heatmaps as HeatmapPredictor does; K is the same for all."""
        test_cfg = test_cfg or {}
        flip = test_cfg.get('flip_test', False)
        return list(self._flip_test(feats, samples, test_cfg) if flip else self.forward(cast('Features', feats)))

    def decode_each(self, heatmaps: list[Tensor], samples: list) -> list:
        """Decode B heatmaps (K, h, w) to keypoints of each in input space, pixels."""
        return self.decode(torch.stack(heatmaps))

    def _flip_test(self, feats: Any, samples: list, test_cfg: Any) -> Tensor:
        mode = test_cfg.get('flip_mode', 'heatmap')
        if mode != 'heatmap':
            raise ValueError(f"flip_mode={mode!r} is not for heatmap heads: use 'heatmap'.")
        straight, mirrored = (self.forward(one) for one in feats)
        return (straight + unmirror(mirrored, samples, shift=test_cfg.get('shift_heatmap', False))) * 0.5

    def loss(self, feats: Features, batch_data_samples: list, train_cfg: Any = None) -> dict:
        """Return ``loss_kpt`` (and ``acc_pose``) of features and B samples with (K, h, w) heatmaps and weights.

        Raises:
            ValueError: the targets have another number of keypoints or another size than the head's heatmaps.
        """
        self._check_targets(feats[-1], batch_data_samples)
        return super().loss(feats, batch_data_samples, train_cfg or {})

    def upsampled(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return (h, w) of the heatmaps for (H, W) of the features."""
        return size[0] << self.num_upsamples, size[1] << self.num_upsamples

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
