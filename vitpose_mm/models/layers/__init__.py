"""Pure tensor modules: tensors in, tensors out."""

from .activation_checkpoint import checkpoint_block
from .attention import Attention
from .block import Block
from .feed_forward import ExpertFeedForward, FeedForward
from .parallel_conv import ParallelConv
from .patch_embed import PatchEmbed
from .position import RelativePosition, sincos_position
from .windows import count_windows
from .zero_loss import zero_loss

__all__ = [
    'Attention',
    'Block',
    'ExpertFeedForward',
    'FeedForward',
    'ParallelConv',
    'PatchEmbed',
    'RelativePosition',
    'checkpoint_block',
    'count_windows',
    'sincos_position',
    'zero_loss',
]
