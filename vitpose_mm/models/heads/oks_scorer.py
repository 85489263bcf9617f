"""A small net that predicts the OKS of each keypoint, to be its score in place of its heatmap's maximum.

B people, K keypoints; keypoints in input space, pixels. The OKS of one keypoint is its term of COCO's mean over the
labelled keypoints of a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

AREA_OF_BOX = 0.53  # a person's area as a share of their box, as mmpose's CocoMetric has it where labels have none


class OKSScorer(nn.Module):
    """Predicts the (B, K) OKS of (B, K, 2) keypoints from their positions and their (B, K) heatmap maxima.

    A maximum alone says little of how far its keypoint is off: with equal maxima, the keypoints of a plausible pose are
    more likely to be right. A hidden layer reads all K keypoints and maxima of a person. No gradient flows back into
    the heatmaps.

    Args:
        num_keypoints: K.
        input_size: (w, h) of the crops.
        sigmas: K OKS sigmas of the keypoints, as in ``sigmas`` of a dataset's metainfo.
        hidden_channels: width of the hidden layer.
        loss_weight: factor of the loss; small, so that the scorer adds little to the gradients' norm, by which they are
            clipped.

    Raises:
        ValueError: ``sigmas`` are not K numbers above 0.

    Source: after the OKS head of ProbPose (Purkrabek and Matas, 2024), which reads features of the backbone.
    """

    def __init__(
        self,
        num_keypoints: int,
        input_size: tuple[int, int],
        sigmas: Sequence[float],
        *,
        hidden_channels: int = 64,
        loss_weight: float = 1e-3,
    ) -> None:
        super().__init__()
        valid = isinstance(sigmas, Sequence) and all(isinstance(one, (int, float)) and one > 0 for one in sigmas)
        if not valid or len(sigmas) != num_keypoints:
            raise ValueError(
                f'oks_scorer.sigmas={sigmas!r}: give {num_keypoints} numbers above 0, one for each keypoint.'
            )
        self.loss_weight = loss_weight
        with torch.random.fork_rng(devices=[]):  # other layers start with the weights that they have without a scorer
            self.norm = nn.BatchNorm1d(3 * num_keypoints, affine=False)
            self.layers = nn.Sequential(
                nn.Linear(3 * num_keypoints, hidden_channels),
                nn.GELU(),
                nn.Linear(hidden_channels, num_keypoints),
            )
        self.input_size: Tensor
        self.sigmas: Tensor
        self.register_buffer('input_size', torch.tensor(input_size, dtype=torch.float32), persistent=False)
        self.register_buffer('sigmas', torch.tensor(sigmas, dtype=torch.float32), persistent=False)

    def forward(self, keypoints: Tensor, maxima: Tensor) -> Tensor:
        """Return the (B, K) predicted OKS of (B, K, 2) keypoints; 0 where a heatmap is empty, so its maximum is 0."""
        return self._logits(keypoints, maxima).sigmoid() * (maxima > 0)

    def _logits(self, keypoints: Tensor, maxima: Tensor) -> Tensor:
        inputs = torch.cat([(keypoints / self.input_size).flatten(1), maxima], 1)
        norm = self.norm
        learning = self.training and len(inputs) > 1  # one person has no variance
        return self.layers(F.batch_norm(inputs, norm.running_mean, norm.running_var, training=learning))

    def loss(self, keypoints: Tensor, maxima: Tensor, targets: Tensor, weights: Tensor, samples: list) -> Tensor:
        """Return the cross-entropy to the OKS of predicted keypoints.

        Args:
            keypoints: (B, K, 2), predicted.
            maxima: (B, K), of their heatmaps.
            targets: (B, K, 2), labelled.
            weights: (B, K), above 0 where a label counts.
            samples: B samples with ``gt_instances.bboxes`` and ``bbox_scales``, the size of the crop, image pixels.
        """
        oks = self.oks(keypoints, targets, samples)
        counts = (weights > 0).float()
        with torch.autocast(keypoints.device.type, enabled=False):
            logits = self._logits(keypoints, maxima)
            losses = F.binary_cross_entropy_with_logits(logits, oks, counts, reduction='sum')
        return self.loss_weight * losses / counts.sum().clamp(min=1)

    def oks(self, keypoints: Tensor, targets: Tensor, samples: list) -> Tensor:
        """Return the (B, K) OKS, 0 to 1, of (B, K, 2) keypoints to (B, K, 2) targets."""
        boxes = _stack(samples, 'bboxes', keypoints)
        areas = AREA_OF_BOX * (boxes[:, 2:] - boxes[:, :2]).prod(1)
        offsets = (keypoints - targets) * (_stack(samples, 'bbox_scales', keypoints) / self.input_size)[:, None]
        return torch.exp(-offsets.square().sum(-1) / (8 * self.sigmas**2 * areas[:, None].clamp(min=1)))

    def rescore(self, people: list[Any]) -> list[Any]:
        """Replace ``keypoint_scores`` of B people with one pose each, the maxima, by the predicted OKS, in place."""
        keypoints, maxima = (self._tensor(people, name) for name in ('keypoints', 'keypoint_scores'))
        with torch.no_grad(), torch.autocast(maxima.device.type, enabled=False):
            scores = self(keypoints, maxima).float().cpu().numpy()
        for person, score in zip(people, scores, strict=True):
            person.keypoint_scores = score[None]
        return people

    def _tensor(self, people: list[Any], name: str) -> Tensor:
        arrays = [torch.as_tensor(person[name]) for person in people]
        return torch.cat(arrays).to(self.sigmas)


def _stack(samples: list, name: str, like: Tensor) -> Tensor:
    """Return a field of the one person in each of B samples, as B rows."""
    return torch.stack([torch.as_tensor(sample.gt_instances[name])[0] for sample in samples]).to(like)
