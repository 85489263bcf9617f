"""The classic decoder: deconvolutions, then a 1x1 convolution."""

from __future__ import annotations

from vitpose_mm.registry import MODELS

from .base import MSE_LOSS, PoseHeatmapHead


@MODELS.register_module()
class ClassicHead(PoseHeatmapHead):
    """Maps (B, C, H, W) features to (B, K, s * H, s * W) heatmaps, s = 2 ** num_upsamples.

    Each step is ConvTranspose2d (kernel 4, stride 2, padding 1, no bias), BatchNorm, ReLU; a
    1x1 convolution ends it.

    Args:
        in_channels: C.
        out_channels: K, the number of keypoints.
        num_upsamples: steps of x2: 2 for stride 16, 3 for a ResNet's stride 32, 1 for 1/8 features.
        num_channels: channels of every step; the paper's 256, or fewer for a model that a CPU trains.
        loss: config of the loss; mmpose's KeypointMSELoss with target weights by default.
        decoder: config of the codec that turns heatmaps into keypoints.
        oks_scorer: options of OKSScorer, as in ``dict(sigmas=[..])``: keypoints are scored by their predicted OKS; None
            for the maxima of their heatmaps.
        init_cfg: mmengine's; normal with standard deviation .001 by default.

    Source: ViTPose eq. 2.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        num_upsamples: int = 2,
        num_channels: int = 256,
        loss: dict | None = None,
        decoder: dict | None = None,
        oks_scorer: dict | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(
            in_channels=in_channels,
            out_channels=out_channels,
            deconv_out_channels=(num_channels,) * num_upsamples,
            deconv_kernel_sizes=(4,) * num_upsamples,
            final_layer={'kernel_size': 1},
            loss=loss or MSE_LOSS,
            decoder=decoder,
            oks_scorer=oks_scorer,
            init_cfg=init_cfg,
        )
        self.num_upsamples = num_upsamples
