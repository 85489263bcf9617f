"""One step of training on random crops, of which the benchmarks measure time and memory."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from mmengine.structures import InstanceData, PixelData
from mmpose.structures import PoseDataSample
from torch import Tensor, nn


class TrainingStep:
    """Forward, mean squared error to zero heatmaps, backward and AdamW, on one batch that stays the same.

    Args:
        model: maps (B, 3, h, w) crops to (B, K, H, W) heatmaps; set to training mode.
        crops: (B, 3, h, w).
        amp: number type of autocast in the forward pass, or None for none.
    """

    def __init__(self, model: nn.Module, crops: Tensor, *, amp: torch.dtype | None = None) -> None:
        model.train()
        self.model = model
        self.crops = crops
        self.amp = amp
        trained = [p for p in model.parameters() if p.requires_grad]
        self.optimizer = torch.optim.AdamW(trained, lr=1e-5, weight_decay=0.1)

    def __call__(self) -> None:
        with torch.autocast(self.crops.device.type, self.amp, enabled=self.amp is not None):
            heatmaps = self.model(self.crops)
        F.mse_loss(heatmaps.float(), torch.zeros_like(heatmaps, dtype=torch.float32)).backward()
        del heatmaps
        self.optimizer.step()
        self.optimizer.zero_grad()


class LossStep:
    """Forward, the model's own losses, backward and AdamW, on one batch that stays the same.

    Args:
        model: an estimator or distiller on the crops' device; set to training mode.
        crops: (B, 3, h, w).
        samples: B samples with heatmaps.
        amp: number type of autocast in the forward pass, or None for none.
    """

    def __init__(
        self, model: nn.Module, crops: Tensor, samples: list[PoseDataSample], *, amp: torch.dtype | None = None
    ) -> None:
        self.model = model.train()
        self.crops, self.samples, self.amp = crops, samples, amp
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, weight_decay=0.1)

    def __call__(self) -> None:
        with torch.autocast(self.crops.device.type, self.amp, enabled=self.amp is not None):
            losses: dict[str, Tensor] = self.model(self.crops, self.samples, mode='loss')
        torch.stack([loss for name, loss in losses.items() if 'loss' in name]).sum().backward()
        self.optimizer.step()
        self.optimizer.zero_grad()


def random_labels(keypoints: int, size: tuple[int, int], device: torch.device, **metainfo: Any) -> PoseDataSample:
    """Return a sample with random (K, h, w) heatmaps, all keypoints labelled."""
    sample = PoseDataSample(metainfo=metainfo)
    sample.gt_instance_labels = InstanceData(keypoint_weights=torch.ones(1, keypoints, device=device))
    sample.gt_fields = PixelData(heatmaps=torch.rand(keypoints, size[1], size[0], device=device))
    return sample
