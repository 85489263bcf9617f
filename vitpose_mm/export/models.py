"""What is exported: one tensor in, one or two tensors out, float32 on both sides."""

from __future__ import annotations

from typing import Any

import torch
from mmdet.models.dense_heads import RTMDetHead
from torch import Tensor, nn

from ..models.layers import ExpertFeedForward, FeedForward


class HeatmapModel(nn.Module):
    """Maps (N, 3, H, W) crops to (N, K, h, w) heatmaps, both float32.

    Args:
        model: a top-down pose estimator of heatmaps; it is changed: in half precision, or with fewer experts.
        half: compute in float16.
        swap: take crops whose channels are in the other order than the model's, normalised by position with the mean
            and std of the model's order, as tools do that normalise a frame of OpenCV by the numbers of an RGB model.
    """

    scale: Tensor
    shift: Tensor

    def __init__(self, model: Any, *, half: bool = False, swap: bool = False) -> None:
        super().__init__()
        merge_experts(model)
        self.model = model.half() if half else model
        self.half_precision = half
        self.swap = swap
        if swap:
            mean, std = (getattr(model.data_preprocessor, name).float().cpu().flatten() for name in ('mean', 'std'))
            self.register_buffer('scale', (std.flip(0) / std)[:, None, None])
            self.register_buffer('shift', ((mean.flip(0) - mean) / std)[:, None, None])

    def forward(self, input: Tensor) -> Tensor:  # the input's name in a torch.export program
        """Map (N, 3, H, W) crops to (N, K, h, w) heatmaps."""
        if self.swap:
            input = input.flip(1) * self.scale + self.shift
        heatmaps = self.model(input.half() if self.half_precision else input, None, mode='tensor')
        return heatmaps.float()


class KeypointModel(nn.Module):
    """Maps (N, 3, H, W) crops to (N, K, 3) keypoints: x, y in pixels of the crop, and the score; float32.

    Args:
        heatmaps: maps crops to heatmaps.
        decoder: maps heatmaps to keypoints.
    """

    def __init__(self, heatmaps: nn.Module, decoder: nn.Module) -> None:
        super().__init__()
        self.heatmaps = heatmaps
        self.decoder = decoder

    def forward(self, input: Tensor) -> Tensor:
        """Map (N, 3, H, W) crops to (N, K, 3) keypoints."""
        return self.decoder(self.heatmaps(input))


class DetectorModel(nn.Module):
    """Maps (N, 3, H, W) images to (N, A, 4) boxes x1, y1, x2, y2 in their pixels and (N, A, C) scores, before NMS.

    Args:
        model: MMDetection's RTMDet; it is changed to half precision where that is asked for.
        half: compute in float16; boxes are computed in float32.

    Raises:
        ValueError: another detector.
    """

    def __init__(self, model: Any, *, half: bool = False) -> None:
        super().__init__()
        if not isinstance(getattr(model, 'bbox_head', None), RTMDetHead):
            raise ValueError(f'A {type(model).__name__} is not exported: choose an RTMDet, such as rtmdet-t.')
        self.model = model.half() if half else model
        self.half_precision = half

    def forward(self, input: Tensor) -> tuple[Tensor, Tensor]:
        """Map (N, 3, H, W) images to boxes (N, A, 4) and scores (N, A, C)."""
        head = self.model.bbox_head
        scores, distances = self.model(input.half() if self.half_precision else input, mode='tensor')  # by level
        sizes = [level.shape[-2:] for level in scores]
        points = torch.cat(head.prior_generator.grid_priors(sizes, device=input.device))  # (A, 2)
        scores, distances = (
            torch.cat([level.permute(0, 2, 3, 1).flatten(1, 2) for level in levels], 1).float()
            for levels in (scores, distances)
        )
        left_top, right_bottom = distances.split(2, -1)
        return torch.cat((points - left_top, points + right_bottom), -1), scores.sigmoid()


def channel_order(model: Any) -> str:
    """Return the order of channels that a model takes: 'rgb' where its data_preprocessor converts BGR images."""
    return 'rgb' if getattr(model.data_preprocessor, '_channel_conversion', False) else 'bgr'


def choose_dataset(model: Any) -> None:
    """Make the exported dataset the default of a model of several: the one that it uses without samples."""
    for part in (model, *getattr(model, 'members', ())):
        names = getattr(part, 'names', None)
        if names is not None:
            names.default = names.resolve(model.dataset_meta['dataset_name'])


def merge_experts(model: Any) -> None:
    """Replace feed-forward networks with experts by those of the default dataset, without experts."""
    ids, names = getattr(model, 'expert_ids', None), getattr(model, 'names', None)
    for parent in list(model.modules()):
        for name, mlp in list(parent.named_children()):
            if isinstance(mlp, ExpertFeedForward):
                assert ids is not None and names is not None  # the estimator has checked it
                setattr(parent, name, plain_network(mlp, ids[names.default]))


@torch.no_grad()
def plain_network(mlp: ExpertFeedForward, expert: int) -> FeedForward:
    """Return the FeedForward, without experts, that equals an ExpertFeedForward for one expert."""
    own: Any = mlp.experts[expert]
    plain = FeedForward(mlp.dim, mlp.fc1.out_features)
    plain.fc1 = mlp.fc1
    plain.fc2.weight.copy_(torch.cat((mlp.fc2.weight, own.weight)))
    plain.fc2.bias.copy_(torch.cat((mlp.fc2.bias, own.bias)))
    return plain.eval()
