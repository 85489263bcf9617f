"""How a model is run: number type, memory format and compiler, in one word each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .training import TrainingStep

DTYPES = {'fp32': torch.float32, 'tf32': torch.float32, 'bf16': torch.bfloat16, 'fp16': torch.float16}
EXTRAS = ('channels_last', 'compile', 'autotune')


@dataclass(frozen=True)
class Setting:
    """A parsed setting such as ``bf16+channels_last+compile``.

    Args:
        number: 'fp32' (TF32 off), 'tf32', 'bf16' or 'fp16'; weights and activations have this type.
        channels_last: whether images and convolutions are stored channels last.
        mode: mode of torch.compile, or None to run as it is; 'max-autotune' captures CUDA graphs too.
    """

    number: str
    channels_last: bool = False
    mode: str | None = None

    @classmethod
    def parse(cls, text: str) -> Setting:
        """Parse 'number[+channels_last][+compile|+autotune]'.

        Raises:
            ValueError: a word that is not known.
        """
        number, *extras = text.split('+')
        unknown = [word for word in extras if word not in EXTRAS]
        if number not in DTYPES or unknown:
            raise ValueError(
                f'The setting {text!r} is not known: write one of {", ".join(DTYPES)}, then any of '
                f'{", ".join("+" + word for word in EXTRAS)}.'
            )
        mode = 'max-autotune' if 'autotune' in extras else 'default' if 'compile' in extras else None
        return cls(number, 'channels_last' in extras, mode)

    @property
    def dtype(self) -> torch.dtype:
        """Of weights and activations."""
        return DTYPES[self.number]

    @property
    def amp(self) -> torch.dtype | None:
        """Of autocast in training, or None for none."""
        return None if self.dtype is torch.float32 else self.dtype

    def activate(self) -> None:
        """Allow or forbid TF32, which is one switch for the whole process."""
        torch.set_float32_matmul_precision('high' if self.number == 'tf32' else 'highest')
        torch.backends.cudnn.allow_tf32 = self.number == 'tf32'

    @property
    def layout(self) -> torch.memory_format:
        """Of images and of the weights of convolutions."""
        return torch.channels_last if self.channels_last else torch.contiguous_format

    def place(self, model: nn.Module, device: torch.device) -> None:
        """Move a model to a device, lay it out and, if asked for, have it compiled at its first call."""
        model.to(device)
        model.to(memory_format=self.layout)  # type: ignore[call-overload]
        if self.mode:
            model.compile(mode=self.mode, dynamic=False)

    def prepare_forward(self, model: nn.Module, crops: Tensor) -> Callable[[], Tensor]:
        """Return a call of one forward pass of a model in eval mode on (B, 3, h, w) crops and their device."""
        self.place(model.to(self.dtype), crops.device)
        crops = crops.to(dtype=self.dtype, memory_format=self.layout)

        def forward() -> Tensor:
            with torch.inference_mode():
                heatmaps: Tensor = model(crops)
            return heatmaps

        return forward

    def prepare_training(self, model: nn.Module, crops: Tensor) -> Callable[[], None]:
        """Return a call of one training step of a model on (B, 3, h, w) crops; weights are fp32, under autocast."""
        self.place(model, crops.device)
        return TrainingStep(model, crops.to(memory_format=self.layout), amp=self.amp)


def allow_many_compilations() -> None:
    """Have each model compiled on its own, and fail rather than fall back to eager in silence.

    All models of a class share the code of ``forward``, and torch gives up on a piece of code that it has
    compiled for a few of them.
    """
    import torch._dynamo

    torch._dynamo.config.recompile_limit = 256
    torch._dynamo.config.accumulated_recompile_limit = 4096
    torch._dynamo.config.fail_on_recompile_limit_hit = True
