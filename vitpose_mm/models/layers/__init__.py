"""Pure tensor modules: tensors in, tensors out."""

from .attention import Attention, attend
from .block import Block
from .feed_forward import ExpertFeedForward, FeedForward
from .parallel_conv import ParallelConv
from .patch_embed import PatchEmbed
from .position import RelativePosition, sincos_position
from .recompute import recompute
from .unused import nothing_of
from .windows import Windows, pool_windows, reorder

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
    'nothing_of',
    'pool_windows',
    'recompute',
    'reorder',
    'sincos_position',
]
