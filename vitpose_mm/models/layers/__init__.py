"""Pure tensor modules: tensors in, tensors out."""

from .activation_checkpoint import checkpoint_block
from .attention import Attention, attend
from .block import Block
from .feed_forward import ExpertFeedForward, FeedForward
from .parallel_conv import ParallelConv
from .patch_embed import PatchEmbed
from .position import RelativePosition, sincos_position
from .windows import Windows, pool_windows, reorder
from .zero_loss import zero_loss

__all__ = [
    'Attention',
    'Block',
    'ExpertFeedForward',
    'FeedForward',
    'ParallelConv',
    'PatchEmbed',
    'RelativePosition',
    'Windows',
    'attend',
    'checkpoint_block',
    'pool_windows',
    'reorder',
    'sincos_position',
    'zero_loss',
]
