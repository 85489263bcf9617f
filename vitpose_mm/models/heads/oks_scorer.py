"""A small net that predicts the OKS of each keypoint, to be its score in place of the height of its heatmap.

B people, K keypoints; keypoints in input space, pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

AREA_OF_BOX = 0.53  # a person's area as a share of their box, as mmpose's CocoMetric has it where labels have none


class OKSScorer(nn.Module):
    """Predicts (B, K) OKS from (B, K, 2) keypoints and (B, K) heights of their peaks.

    The height of a heatmap's peak says little of how far the keypoint is off: a person whose whole pose is where a
    person would stand has better keypoints than the same heights elsewhere. A hidden layer reads all K keypoints and
    heights of a person and predicts the OKS of each keypoint. Nothing flows back into the heatmaps.

    Args:
        num_keypoints: K.
        input_size: (w, h) of the crops.
        sigmas: K deviations of the keypoints, as in ``sigmas`` of a dataset's metainfo.
        hidden_channels: width of the hidden layer.
        loss_weight: factor of the loss; small, so that clipping by the norm of all gradients is as without it.

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
        if len(sigmas) != num_keypoints or not all(sigma > 0 for sigma in sigmas):
            raise ValueError(
                f'oks_scorer.sigmas={list(sigmas)}: give {num_keypoints} numbers above 0, one for each keypoint.'
            )
        self.loss_weight = loss_weight
        self.layers = nn.Sequential(
            nn.BatchNorm1d(3 * num_keypoints),
            nn.Linear(3 * num_keypoints, hidden_channels),
            nn.GELU(),
            nn.Linear(hidden_channels, num_keypoints),
        )
        self.input_size: Tensor
        self.sigmas: Tensor
        self.register_buffer('input_size', torch.tensor(input_size, dtype=torch.float32), persistent=False)
        self.register_buffer('sigmas', torch.tensor(sigmas, dtype=torch.float32), persistent=False)

    def forward(self, keypoints: Tensor, heights: Tensor) -> Tensor:
        """Return (B, K) logits of the OKS to expect of (B, K, 2) keypoints with (B, K) heights."""
        return self.layers(torch.cat([(keypoints / self.input_size - 0.5).flatten(1), heights], 1))

    def loss(self, keypoints: Tensor, heights: Tensor, targets: Tensor, weights: Tensor, samples: list) -> Tensor:
        """Return the cross-entropy to the OKS of (B, K, 2) keypoints; ``targets`` are where they are labelled.

        Args:
            keypoints: predicted.
            heights: (B, K), of their peaks.
            targets: (B, K, 2), labelled.
            weights: (B, K), above 0 where a keypoint is labelled.
            samples: B samples with ``gt_instances.bboxes`` and ``bbox_scales``, the size of the crop, image pixels.
        """
        oks = self.oks(keypoints, targets, samples)
        labelled = (weights > 0).float()
        with torch.autocast(keypoints.device.type, enabled=False):
            losses = F.binary_cross_entropy_with_logits(self(keypoints, heights), oks, labelled, reduction='sum')
        return self.loss_weight * losses / labelled.sum().clamp(min=1)

    def oks(self, keypoints: Tensor, targets: Tensor, samples: list) -> Tensor:
        """Return the (B, K) OKS, 0 to 1, of (B, K, 2) keypoints to (B, K, 2) targets."""
        boxes = _stack(samples, 'bboxes', keypoints)
        areas = AREA_OF_BOX * (boxes[:, 2:] - boxes[:, :2]).prod(1)
        offsets = (keypoints - targets) * (_stack(samples, 'bbox_scales', keypoints) / self.input_size)[:, None]
        return torch.exp(-offsets.square().sum(-1) / (8 * self.sigmas**2 * areas[:, None].clamp(min=1)))

    def predict(self, people: list[Any]) -> list[Any]:
        """Replace ``keypoint_scores`` of B people with one pose each, in place, by the OKS to expect."""
        keypoints, heights = (self._tensor(people, name) for name in ('keypoints', 'keypoint_scores'))
        with torch.no_grad(), torch.autocast(heights.device.type, enabled=False):
            scores = self(keypoints, heights).sigmoid().cpu().numpy()
        for person, score in zip(people, scores, strict=True):
            person.keypoint_scores = score[None]
        return people

    def _tensor(self, people: list[Any], name: str) -> Tensor:
        arrays = [torch.as_tensor(person[name], dtype=torch.float32) for person in people]
        return torch.cat(arrays).to(self.sigmas.device)


def _stack(samples: list, name: str, like: Tensor) -> Tensor:
    """Return a field of the one person in each of B samples, as B rows."""
    return torch.stack([torch.as_tensor(sample.gt_instances[name])[0] for sample in samples]).to(like)
