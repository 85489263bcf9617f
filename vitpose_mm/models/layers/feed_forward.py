"""The feed-forward network of a block, as in any ViT or with an expert for each dataset (ViTPose++).

B images, C channels, E experts of P features.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .zero_loss import zero_loss


class FeedForward(nn.Module):
    """Maps (.., C) to (.., C): linear, GELU, linear, each token alone.

    Args:
        dim: C.
        hidden: channels between the two layers.
    """

    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(dim, hidden)
        self.fc2 = nn.Linear(hidden, dim)

    def forward(self, x: Tensor, expert: Tensor | int | None = None) -> Tensor:
        """Map (B, .., C) to the same shape; the expert is ignored."""
        return self.fc2(F.gelu(self.fc1(x)))


class ExpertFeedForward(nn.Module):
    """Maps (B, .., C) to (B, .., C) as FeedForward does; the last P of the C channels come from an image's expert.

    The images of one expert go together through one linear layer, [shared outputs; the expert's outputs]: for them this
    is, bit by bit, the FeedForward that a model of one dataset has. An expert without an image in the batch is not
    run and gets a gradient of zeros. Weights of a FeedForward load as they are: every expert starts from their last P
    outputs.

    Args:
        dim: C.
        hidden: channels between the two layers.
        num_experts: E.
        expert_features: P; None for a quarter of C, as in the released models.

    Source: ViTPose++ sec. 3.4, and the names of its released weights.
    """

    def __init__(self, dim: int, hidden: int, *, num_experts: int, expert_features: int | None = None) -> None:
        super().__init__()
        expert_features = dim // 4 if expert_features is None else expert_features
        if not 0 < expert_features < dim:
            raise ValueError(
                f'expert_features={expert_features} must be from 1 to {dim - 1} of {dim} channels: {dim // 4} is usual.'
            )
        self.fc1 = nn.Linear(dim, hidden)
        self.fc2 = nn.Linear(hidden, dim - expert_features)
        self.dim = dim
        self.experts = nn.ModuleList(nn.Linear(hidden, expert_features) for _ in range(num_experts))

    def forward(self, x: Tensor, expert: Tensor | int | None = None) -> Tensor:
        """Map (B, .., C) to the same shape; expert: (B,) ids, or the one id of all images.

        Ids on the CPU are read at once; ids on a GPU are waited for.
        """
        if expert is None:
            raise ValueError(
                f'A network with {len(self.experts)} experts needs the expert of each image: pass (B,) ids.'
            )
        hidden = F.gelu(self.fc1(x))
        if isinstance(expert, int):
            others = (one for index, one in enumerate(self.experts) if index != expert)
            return F.linear(hidden, *self._joined(expert, zero_loss(others, hidden.device)))
        return self._by_expert(hidden, expert)

    @torch.compiler.disable  # torch.compile would compile again for every mix of experts in a batch
    def _by_expert(self, hidden: Tensor, expert: Tensor) -> Tensor:
        """Map the (B, .., hidden) values of fc1 to (B, .., C): one linear layer for the images of each expert (B,)."""
        images_of: dict[int, list[int]] = {}
        for image, index in enumerate(expert.tolist()):
            images_of.setdefault(index, []).append(image)
        unused = zero_loss((one for i, one in enumerate(self.experts) if i not in images_of), hidden.device)
        if len(images_of) == 1:
            return F.linear(hidden, *self._joined(next(iter(images_of)), unused))
        order = torch.tensor([image for own in images_of.values() for image in own])
        parts = hidden.index_select(0, order.to(hidden.device, non_blocking=True)).split(
            list(map(len, images_of.values()))
        )
        mixed = [F.linear(part, *self._joined(index, unused)) for index, part in zip(images_of, parts, strict=True)]
        return torch.cat(mixed).index_select(0, order.argsort().to(hidden.device, non_blocking=True))

    def _joined(self, index: int, unused: Tensor) -> tuple[Tensor, Tensor]:
        """Return weight and bias of one linear layer with the outputs [shared; expert]."""
        own: Any = self.experts[index]
        return torch.cat([self.fc2.weight, own.weight]), torch.cat([self.fc2.bias, own.bias + unused])

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *args: object) -> None:
        """Split the fc2 of a FeedForward: the first C - P outputs are shared, missing experts start as the last P."""
        shared = self.fc2.out_features
        for leaf in ('weight', 'bias'):
            whole = state_dict.get(f'{prefix}fc2.{leaf}')
            if whole is None or len(whole) != self.dim:
                continue
            state_dict[f'{prefix}fc2.{leaf}'] = whole[:shared]
            for index in range(len(self.experts)):
                state_dict.setdefault(f'{prefix}experts.{index}.{leaf}', whole[shared:])
        super()._load_from_state_dict(state_dict, prefix, *args)
