"""What both decoders add to mmpose's HeatmapHead: a flip test by sample, and checks of the targets.

In configs of heads ``decoder=`` is mmpose's name for the codec, which decodes heatmaps to keypoints; the decoder of the
paper is the head itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import torch
from mmengine.structures import PixelData
from mmpose.models.heads import HeatmapHead
from mmpose.models.utils.tta import flip_heatmaps
from torch import Tensor

from ...utils.counted import counted
from .oks_scorer import OKSScorer

Features = tuple[Tensor, ...]

# a target's maximum is lower only where its centre is out of the heatmap by more than a pixel or so
TARGET_MAXIMUM = 0.75
MSE_LOSS = {'type': 'mmpose.KeypointMSELoss', 'use_target_weight': True}


def upcast_bfloat16(heatmaps: Tensor) -> Tensor:
    """Return heatmaps in float32 where they are bfloat16: they are decoded and scored in numpy."""
    return heatmaps.float() if heatmaps.dtype == torch.bfloat16 else heatmaps


def flip_back_heatmaps(heatmaps: Tensor, samples: Sequence[Any], *, shift: bool) -> Tensor:
    """Flip (B, K, h, w) heatmaps of flipped crops back to the crops, by each sample's ``flip_indices``.

    Args:
        heatmaps: of crops that were flipped left to right.
        samples: B samples; those with the same ``flip_indices`` go through one call.
        shift: move the result one pixel to the right (for codecs that are not unbiased).
    """
    groups: dict[tuple[int, ...], list[int]] = {}
    for index, sample in enumerate(samples):
        groups.setdefault(tuple(sample.metainfo['flip_indices']), []).append(index)
    result = torch.empty_like(heatmaps)
    for flip_indices, group in groups.items():
        result[group] = flip_heatmaps(heatmaps[group], list(flip_indices), shift_heatmap=shift)
    return result


class HeatmapPredictor:
    """The two halves of mmpose's ``predict``, so that heatmaps of several models can be averaged between them."""

    def heatmaps(self, feats: Features | list[Features], samples: list, test_cfg: Any = None) -> list[Tensor]:
        """Return B heatmaps (K, h, w) of features, or of [features, features of the flipped crops].

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
        oks_scorer: predicts the scores of keypoints; None for the maxima of their heatmaps.

    Raises:
        ValueError: an ``oks_scorer`` and no codec that decodes batches.
    """

    num_upsamples: int
    oks_scorer: OKSScorer | None

    def __init__(self, *args: Any, oks_scorer: dict | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if oks_scorer is None:
            self.oks_scorer = None
        elif getattr(self.decoder, 'support_batch_decoding', False):
            self.oks_scorer = OKSScorer(self.out_channels, self.decoder.input_size, **oks_scorer)
        else:
            raise ValueError(
                'oks_scorer needs a codec that decodes batches: set decoder of the head to a '
                'vitpose_mm.BatchedUDPHeatmap.'
            )

    def forward(self, feats: Features) -> Tensor:
        """Map a tuple whose last map is (B, C, H, W) to (B, K, h, w) heatmaps, float32 under bfloat16 too."""
        return upcast_bfloat16(super().forward(feats))

    def heatmaps(self, feats: Features | list[Features], samples: list, test_cfg: Any = None) -> list[Tensor]:
        """Return heatmaps as HeatmapPredictor does; K is the same for all."""
        test_cfg = test_cfg or {}
        flip = test_cfg.get('flip_test', False)
        return list(self._flip_test(feats, samples, test_cfg) if flip else self.forward(cast('Features', feats)))

    def decode_each(self, heatmaps: list[Tensor], samples: list) -> list:
        """Decode B heatmaps (K, h, w) to keypoints of each in input space, pixels."""
        return self.decode(torch.stack(heatmaps))

    def decode(self, batch_outputs: Tensor) -> list:
        """Decode (B, K, h, w) heatmaps to keypoints in input space, pixels, with the scores of the ``oks_scorer``."""
        people = super().decode(batch_outputs)
        return people if self.oks_scorer is None else self.oks_scorer.rescore(people)

    def _flip_test(self, feats: Any, samples: list, test_cfg: Any) -> Tensor:
        mode = test_cfg.get('flip_mode', 'heatmap')
        if mode != 'heatmap':
            raise ValueError(f"flip_mode={mode!r} is not for heatmap heads: use 'heatmap'.")
        original, flipped = (self.forward(one) for one in feats)
        return (original + flip_back_heatmaps(flipped, samples, shift=test_cfg.get('shift_heatmap', False))) * 0.5

    def loss(self, feats: Features, batch_data_samples: list, train_cfg: Any = None) -> dict:
        """Return ``loss_kpt`` (and ``acc_pose``) of features and B samples with (K, h, w) heatmaps and weights.

        With an ``oks_scorer`` also its ``loss_oks``.

        Raises:
            ValueError: the targets have another number of keypoints or another size than the head's heatmaps.
        """
        self._check_targets(feats[-1], batch_data_samples)
        if self.oks_scorer is None:
            return super().loss(feats, batch_data_samples, train_cfg or {})
        predicted: list[Tensor] = []
        hook = self.final_layer.register_forward_hook(lambda _module, _inputs, output: predicted.append(output))
        try:
            losses = super().loss(feats, batch_data_samples, train_cfg or {})
        finally:
            hook.remove()
        return losses | {'loss_oks': self.oks_loss(predicted[0].detach(), batch_data_samples)}

    @torch.compiler.disable
    def oks_loss(self, heatmaps: Tensor, samples: list) -> Tensor:
        """Return the loss of the ``oks_scorer`` on (B, K, h, w) heatmaps without a gradient and their B samples.

        Labels are read off the target heatmaps; those outside the crop do not count: only a part of their target is
        seen.
        """
        assert self.oks_scorer is not None
        targets = torch.stack([sample.gt_fields.heatmaps for sample in samples])
        weights = torch.cat([sample.gt_instance_labels.keypoint_weights for sample in samples])
        with torch.autocast(heatmaps.device.type, enabled=False):
            decoded = [self.decoder.batch_decode(maps.float()) for maps in (heatmaps, targets)]
        (keypoints, maxima), (labelled, target_maxima) = (
            [torch.as_tensor(np.concatenate(part)).to(weights) for part in parts] for parts in decoded
        )
        inside = target_maxima > TARGET_MAXIMUM
        return self.oks_scorer.loss(keypoints, maxima, labelled, weights * inside, samples)

    def heatmap_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return the (h, w) of heatmaps that are made of (H, W) features."""
        return size[0] << self.num_upsamples, size[1] << self.num_upsamples

    def _check_targets(self, feature: Tensor, samples: list) -> None:
        ours = (self.out_channels, *self.heatmap_size((feature.shape[-2], feature.shape[-1])))
        for sample in samples:
            target = tuple(sample.gt_fields.heatmaps.shape)
            if target == ours:
                continue
            name = sample.metainfo.get('dataset_name', 'the dataset')
            if target[0] != ours[0]:
                raise ValueError(
                    f"{name} labels {counted(target[0], 'keypoint')} and the head predicts {ours[0]}: set the head's "
                    f"out_channels to {target[0]}, or use an annotation file with the head's keypoints."
                )
            raise ValueError(
                f'The codec makes heatmaps of {target[2]}x{target[1]} (w x h) and the head of {ours[2]}x{ours[1]}: '
                f"set the codec's heatmap_size to ({ours[2]}, {ours[1]}) or change the head's num_upsamples."
            )
