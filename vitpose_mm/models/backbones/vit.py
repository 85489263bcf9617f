"""The plain vision transformer of ViTPose, with the kind of attention of every block as data."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch
from mmpose.models.backbones.base_backbone import BaseBackbone
from torch import Tensor, nn

from vitpose_mm.checkpoints import convert_on_load
from vitpose_mm.registry import MODELS
from vitpose_mm.utils.position_grid import find_grid, read_grid, resize_position

from ..layers import (
    Attention,
    Block,
    ExpertFeedForward,
    FeedForward,
    ParallelConv,
    PatchEmbed,
    checkpoint_block,
    sincos_position,
)
from .arch import attention_arguments, attention_of_blocks, find_arch, frozen_names


@MODELS.register_module()
class ViT(BaseBackbone):
    """Maps (B, 3, h, w) crops to a tuple with one (B, C, h/16, w/16) feature map (1/8 with ``patch_ratio=2``).

    Args:
        arch: 'small', 'base', 'large', 'huge', or a dict of embed_dims, num_layers, num_heads, mlp_ratio.
        input_size: (w, h) pixels of the crops.
        patch_size: side of the patch kernel, pixels.
        patch_padding: zeros around the image, pixels; None for the released models' 2 (4 at ratio 2).
        patch_ratio: how many times smaller than the patch the stride is: 1, or 2 for overlapping patches and a 1/8 map.
        in_channels: channels of the image.
        attention: kind of every block, or a pattern that repeats: 'full', 'window', 'shift', 'pool', 'shift+pool'.
        window_size: (h, w) tokens of a window.
        rel_pos: which blocks have a relative position bias: 'none', 'windows' (all but full ones) or 'all'.
        parallel_conv: add ViTAE's convolution beside every attention.
        num_experts: experts of ViTPose++'s feed-forward networks; 0 for plain ones.
        expert_features: channels that come from the expert; None for a quarter, as in the released models.
        drop_path_rate: rate of the last block; the first has 0 and it grows linearly.
        dynamic_input: take crops of any size and resize the position embedding to them.
        frozen_blocks: number of first blocks that are not trained; patches and positions are frozen with them.
        frozen_parts: 'attention', 'ffn' or a list of both, of all blocks. Attention takes norm1 with it; the FFN
            takes norm2, the patch embedding and the position embedding, as in the authors' partial finetuning.
        num_tokens: T, the knowledge tokens of a distilled model; not the number of patch tokens, to which these T are
            appended. They are the constant buffer ``tokens`` (1, T, C), the same for every image.
        with_cp: recompute blocks in the backward pass to save memory (non-reentrant).
        init_cfg: mmengine's; without one, weights start as MAE's do.

    Checkpoints of the official code, mmpose, Hugging Face, MAE, timm and DINO load as they are
    (:func:`vitpose_mm.checkpoints.convert_on_load`). A position embedding of another grid is resized (bicubic). Its
    grid is read from ``pos_grid``, which our checkpoints carry. Without it, the number of its tokens decides: a square
    where it is one, else an upright 4:3 grid, else the model's own. Where it fits both an upright 4:3 grid and the
    model's own, as 16x12 and 12x16, the values of the embedding tell which of them it is.

    Raises:
        ValueError: an unknown name in an argument, or sizes that do not divide, also those of a forward pass.

    Source: ViTPose sec. 3.1 and 3.2.

    Example:
        >>> vit = ViT('base', input_size=(192, 256))
        >>> vit(torch.zeros(1, 3, 256, 192))[0].shape
        torch.Size([1, 768, 16, 12])
    """

    def __init__(
        self,
        arch: str | dict = 'base',
        input_size: tuple[int, int] = (192, 256),
        *,
        patch_size: int = 16,
        patch_padding: int | None = None,
        patch_ratio: int = 1,
        in_channels: int = 3,
        attention: str | Sequence[str] = 'full',
        window_size: tuple[int, int] = (8, 8),
        rel_pos: str = 'windows',
        parallel_conv: bool = False,
        num_experts: int = 0,
        expert_features: int | None = None,
        drop_path_rate: float = 0.0,
        dynamic_input: bool = False,
        frozen_blocks: int = 0,
        frozen_parts: str | Sequence[str] = (),
        num_tokens: int = 0,
        with_cp: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.arch = find_arch(arch)
        self.input_size = tuple(input_size)
        self.dynamic_input = dynamic_input
        self.with_cp = with_cp
        self.num_experts = num_experts
        dim, depth = self.arch.embed_dims, self.arch.num_layers
        self.patch_embed = PatchEmbed(
            dim, patch_size, ratio=patch_ratio, padding=patch_padding, in_channels=in_channels
        )
        self.grid = self.patch_embed.grid((input_size[1], input_size[0]))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + self.grid[0] * self.grid[1], dim))
        self.register_buffer('pos_grid', torch.tensor(self.grid))
        self.register_buffer('tokens', torch.zeros(1, num_tokens, dim) if num_tokens else None)

        make_attention = partial(attention_arguments, grid=self.grid, window=window_size, rel_pos=rel_pos)
        experts = partial(ExpertFeedForward, num_experts=num_experts, expert_features=expert_features)
        make_mlp = experts if num_experts else FeedForward
        rates = torch.linspace(0, drop_path_rate, depth, device='cpu').tolist()
        self.blocks = nn.ModuleList(
            Block(
                dim,
                Attention(dim, self.arch.num_heads, **make_attention(kind)),
                make_mlp(dim, int(dim * self.arch.mlp_ratio)),
                conv=ParallelConv(dim) if parallel_conv else None,
                drop_path=rate,
            )
            for kind, rate in zip(attention_of_blocks(attention, depth), rates, strict=True)
        )
        self.last_norm = nn.LayerNorm(dim, eps=1e-6)
        self._frozen = frozen_names(depth, frozen_blocks, frozen_parts)
        self._freeze()

    def forward(
        self, x: Tensor, expert: Tensor | int | None = None, tokens: Tensor | None = None
    ) -> tuple[Tensor, ...]:
        """Map (B, 3, h, w) crops to ((B, C, H, W),); experts (B,) or one for all, (B, T, C) tokens to append.

        ``tokens`` are knowledge tokens, not patch tokens; they come after those of the backbone.
        """
        self._check_size(x)
        x = self.embed(x)
        grid = (x.shape[1], x.shape[2])
        x = self._append(x.flatten(1, 2), self.tokens, tokens)
        checkpointed = self.with_cp and torch.is_grad_enabled()
        for block in self.blocks:
            x = checkpoint_block(block, x, grid, expert) if checkpointed else block(x, grid, expert)
        x = self.last_norm(x[:, : grid[0] * grid[1]])
        return (x.transpose(1, 2).unflatten(2, grid),)

    def _append(self, x: Tensor, *tokens: Tensor | None) -> Tensor:
        """Append tokens, several (1 or B, T, C) or None, to a (B, L, C) sequence: (B, L + T, C)."""
        given = [part.expand(x.shape[0], -1, -1) for part in tokens if part is not None]
        return torch.cat([x, *given], 1) if given else x

    def _check_size(self, x: Tensor) -> None:
        size = (x.shape[-1], x.shape[-2])
        if size == self.input_size:
            return
        if not self.dynamic_input:
            raise ValueError(
                f'The backbone was made for {self.input_size} (w, h) pixels and got {size}: set input_size, or '
                f'dynamic_input=True to resize the position embedding as needed.'
            )
        self.patch_embed.grid((x.shape[-2], x.shape[-1]))  # raises where a side does not divide

    def embed(self, x: Tensor) -> Tensor:
        """Return (B, H, W, C) tokens of (B, 3, h, w) crops: patches and positions, as the first block gets them."""
        x = self.patch_embed(x)
        return x + self._position((x.shape[1], x.shape[2]))

    def _position(self, grid: tuple[int, int]) -> Tensor:
        """Return the (1, H, W, C) position embedding, with the first token (MAE's class token) added to all."""
        table: Tensor = self.pos_embed
        if grid != self.grid:
            table = resize_position(table, self.grid, grid)
        return (table[:, 1:] + table[:, :1]).unflatten(1, grid)

    def init_weights(self) -> None:
        """Initialise as MAE does (Xavier-uniform, sine-cosine positions), then apply ``init_cfg``."""
        self.apply(_init_module)
        kernel = self.patch_embed.proj.weight
        nn.init.xavier_uniform_(kernel.data.view(kernel.shape[0], -1))
        self.pos_embed.data.copy_(sincos_position(self.arch.embed_dims, self.grid))
        super().init_weights()

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *args: object) -> None:
        """Convert foreign names and the position embedding of another grid; ``pos_grid`` may be missing."""
        convert_on_load(self, state_dict, prefix)
        key = prefix + 'pos_embed'
        stored = state_dict.get(prefix + 'pos_grid')
        if key in state_dict:
            source = read_grid(stored) if stored is not None else find_grid(state_dict[key], self.grid)
            state_dict[key] = resize_position(state_dict[key], source, self.grid)
        state_dict[prefix + 'pos_grid'] = torch.tensor(self.grid)
        if self.tokens is None and prefix + 'tokens' in state_dict:
            raise ValueError(
                f'The checkpoint is of a distilled model with {state_dict[prefix + "tokens"].shape[1]} appended tokens '
                f'and this backbone has none: set num_tokens of the backbone to their number, or use the deploy config '
                f'that was saved next to the checkpoint.'
            )
        super()._load_from_state_dict(state_dict, prefix, *args)

    def get_layer_depth(self, name: str, prefix: str = '') -> tuple[int, int]:
        """Return (depth, number of depths) of a parameter, for layer decay (paper: ``rate ** (depths - 1 - depth)``).

        Patches, positions and tokens have depth 0, block i has i + 1, all else (last norm, heads) the largest.
        """
        num_depths = self.arch.num_layers + 2
        if not name.startswith(prefix):
            return num_depths - 1, num_depths
        parts = name[len(prefix) :].split('.')
        if parts[0] in ('pos_embed', 'patch_embed', 'tokens'):
            return 0, num_depths
        if parts[0] == 'blocks':
            return int(parts[1]) + 1, num_depths
        return num_depths - 1, num_depths

    def _freeze(self) -> None:
        for name in self._frozen:
            if name == 'pos_embed':
                self.pos_embed.requires_grad_(False)
            else:
                self.get_submodule(name).requires_grad_(False).eval()

    def train(self, mode: bool = True) -> ViT:
        """Set the mode of all but the frozen parts, which stay in eval mode."""
        super().train(mode)
        self._freeze()
        return self


def _init_module(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)
    elif isinstance(module, nn.LayerNorm):
        module.reset_parameters()
