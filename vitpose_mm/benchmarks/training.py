"""One step of training on random crops, as the benchmarks time and weigh it."""

from __future__ import annotations

import torch
import torch.nn.functional as F
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
