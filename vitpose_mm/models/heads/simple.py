"""The simple decoder: ReLU, bilinear upsampling, one 3x3 convolution."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from vitpose_mm.registry import MODELS

from .base import MSE_LOSS, Features, PoseHeatmapHead, upcast_bfloat16


@MODELS.register_module()
class SimpleHead(PoseHeatmapHead):
    """Maps (B, C, H, W) features to (B, K, s * H, s * W) heatmaps, s = 2 ** num_upsamples.

    ReLU comes before the bilinear upsampling (align_corners=False), as in the paper's equation.

    Args:
        in_channels: C.
        out_channels: K, the number of keypoints.
        num_upsamples: the upsampling is x2 to this power: 2 for stride 16, 3 for a ResNet's stride 32.
        loss: config of the loss; mmpose's KeypointMSELoss with target weights by default.
        decoder: config of the codec that turns heatmaps into keypoints.
        oks_scorer: options of OKSScorer, as in ``dict(sigmas=[..])``: keypoints are scored by their predicted OKS; None
            for the maxima of their heatmaps.
        init_cfg: mmengine's; normal with standard deviation .001 by default.

    Source: ViTPose eq. 3.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        num_upsamples: int = 2,
        loss: dict | None = None,
        decoder: dict | None = None,
        oks_scorer: dict | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(
            in_channels=in_channels,
            out_channels=out_channels,
            deconv_out_channels=None,
            deconv_kernel_sizes=None,
            final_layer={'kernel_size': 3, 'padding': 1},
            loss=loss or MSE_LOSS,
            decoder=decoder,
            oks_scorer=oks_scorer,
            init_cfg=init_cfg,
        )
        self.num_upsamples = num_upsamples

    def forward(self, feats: Features) -> Tensor:
        """Map a tuple whose last map is (B, C, H, W) to (B, K, h, w) heatmaps."""
        x = F.relu(feats[-1])
        size = self.heatmap_size((x.shape[-2], x.shape[-1]))
        return upcast_bfloat16(self.final_layer(F.interpolate(x, size=size, mode='bilinear', align_corners=False)))
