"""Image to token grid by one convolution, with patches that may overlap."""

from __future__ import annotations

from torch import Tensor, nn


class PatchEmbed(nn.Module):
    """Maps (B, 3, h, w) images to (B, H, W, C) tokens, H = h * ratio / patch_size.

    Args:
        dim: C.
        patch_size: side of the kernel, pixels.
        ratio: 1 for one token a patch, 2 for a stride of half a patch (1/8 features from 16x16 patches).
        padding: pixels of zeros on every side; None for the released code's 2 at ratio 1 and 4 at ratio 2.
        in_channels: channels of the image.

    Source: ViTPose sec. 3.2 and the authors' code.
    """

    def __init__(
        self,
        dim: int,
        patch_size: int = 16,
        *,
        ratio: int = 1,
        padding: int | None = None,
        in_channels: int = 3,
    ) -> None:
        super().__init__()
        if ratio not in (1, 2):
            raise ValueError(f'A patch ratio of {ratio} is not known: use 1 (stride = patch) or 2 (half a patch).')
        self.stride = patch_size // ratio
        padding = (2 if ratio == 1 else 4) if padding is None else padding
        self.proj = nn.Conv2d(in_channels, dim, patch_size, self.stride, padding)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, 3, h, w) images to (B, H, W, C) tokens."""
        return self.proj(x).permute(0, 2, 3, 1)

    def grid(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return the (H, W) tokens of (h, w) pixels.

        Raises:
            ValueError: a side is not a multiple of the stride, or the padding does not give one token a stride.
        """
        kernel, padding = self.proj.kernel_size[0], int(self.proj.padding[0])
        if any(side % self.stride or side < kernel for side in size):
            raise ValueError(
                f'An input of {size[1]}x{size[0]} (w x h) pixels does not divide into patches: both sides must be '
                f'multiples of {self.stride}, at least {kernel}.'
            )
        rows, columns = ((side + 2 * padding - kernel) // self.stride + 1 for side in size)
        if (rows, columns) != (size[0] // self.stride, size[1] // self.stride):
            raise ValueError(
                f'A patch padding of {padding} gives {rows}x{columns} tokens for {size[1]}x{size[0]} (w x h) pixels, '
                f'not one per {self.stride} pixels: use {(kernel - self.stride + 1) // 2} or leave it out.'
            )
        return rows, columns
