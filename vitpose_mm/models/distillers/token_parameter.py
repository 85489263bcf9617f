"""How a backbone holds a token in training: as the constant that it will be, as a parameter, or behind a map."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrize


class MappedToken(nn.Module):
    """(1, T, C') token -> (1, T, C) by a linear map that is trained; takes the place of a backbone's tokens."""

    def __init__(self, token: Tensor, width: int) -> None:
        super().__init__()
        self._start = token
        self.weight = nn.Parameter(torch.empty(width, token.shape[-1]))
        nn.init.xavier_uniform_(self.weight)

    def forward(self, token: Tensor) -> Tensor:
        """(1, T, C') -> (1, T, C)."""
        return F.linear(token, self.weight)

    def right_inverse(self, tokens: Tensor) -> Tensor:
        """What stands behind the backbone's tokens at the start."""
        return self._start


def prepare_backbone(backbone: nn.Module, token: Tensor, *, train_map: bool) -> None:
    """Let a ViT with room for tokens hold this one, through a trained map where that is asked for.

    Raises:
        ValueError: the token has another shape than the room for it.
    """
    room = token_parameter(backbone)
    if train_map and token.shape[1] == room.shape[1]:
        mapped = MappedToken(token.clone(), room.shape[-1])
        parametrize.register_parametrization(backbone, 'tokens', mapped, unsafe=True)
    elif token.shape != room.shape:
        raise ValueError(
            f'The token file holds {token.shape[1]} tokens {token.shape[2]} wide and the student takes '
            f'{room.shape[1]} of {room.shape[2]}: use the token.pth that tools/distill.py writes for this student, '
            f'or set model.num_tokens.'
        )


def make_trainable(backbone: nn.Module) -> None:
    """Turn what stands behind a ViT's tokens from a constant into a parameter, under the same name."""
    holder, name = _holder(backbone)
    token = getattr(holder, name)
    delattr(holder, name)
    setattr(holder, name, nn.Parameter(token.clone()))


def token_parameter(backbone: nn.Module) -> Tensor:
    """A ViT -> what is stored of its tokens: themselves, or what a trained map begins with."""
    holder, name = _holder(backbone)
    return getattr(holder, name)


def _holder(backbone: nn.Module) -> tuple[nn.Module, str]:
    if parametrize.is_parametrized(backbone, 'tokens'):
        return backbone.get_submodule('parametrizations.tokens'), 'original'
    return backbone, 'tokens'


def student_weights(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """State dict of a distiller -> of its student alone, with the token as a constant."""
    own = {name.removeprefix('student.'): value for name, value in state.items() if name.startswith('student.')}
    stem = 'backbone.parametrizations.tokens.'
    if f'{stem}original' in own:
        own['backbone.tokens'] = F.linear(own.pop(f'{stem}original'), own.pop(f'{stem}0.weight'))
    return own
