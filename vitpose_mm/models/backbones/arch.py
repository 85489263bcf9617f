"""Sizes of a ViT, kinds of attention and parts that can be frozen, as tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Arch:
    """Widths and depths of one size, and the layer-wise learning-rate decay that it is finetuned with.

    ``layer_decay_rate`` is what ``layer_decay_rate='auto'`` of an optim_wrapper means for this size: 1 is the same
    learning rate for every layer, None is the rate of the named size of this width and depth.
    """

    embed_dims: int
    num_layers: int
    num_heads: int
    mlp_ratio: float = 4.0
    layer_decay_rate: float | None = None


# ViTPose table 1 and the authors' code; the small one was released with the code. Layer decay as in the released
# configs (the paper's table says 0.80 for the huge one). The giant one is ViT-g's, our guess of ViTPose-G, whose
# sizes were never published.
ARCH = {
    'small': Arch(384, 12, 12, layer_decay_rate=0.8),
    'base': Arch(768, 12, 12, layer_decay_rate=0.75),
    'large': Arch(1024, 24, 16, layer_decay_rate=0.8),
    'huge': Arch(1280, 32, 16, layer_decay_rate=0.85),
    'giant': Arch(1408, 40, 16, mlp_ratio=6144 / 1408, layer_decay_rate=0.85),
}

# Kind of attention: switches (booleans) of layers.Attention. None is full attention, in which no window is set. A new
# switch is an argument of Attention.__init__ in layers/attention.py
ATTENTION: dict[str, dict[str, bool] | None] = {
    'full': None,
    'window': {},
    'shift': {'shift': True},
    'pool': {'pool': True},
    'shift+pool': {'shift': True, 'pool': True},
}

# what is frozen with a part, as in the authors' code: names below a block, names below the backbone
FREEZABLE = {
    'attention': (('attn', 'norm1'), ()),
    'ffn': (('mlp', 'norm2'), ('patch_embed', 'pos_embed')),
}


def find_arch(arch: str | dict) -> Arch:
    """Return the size of a name, or of a dict of fields.

    Raises:
        ValueError: an unknown name, or fields that are not a valid size.
    """
    if isinstance(arch, str):
        if arch not in ARCH:
            raise ValueError(f'arch={arch!r} is not known: choose one of {sorted(ARCH)} or give a dict of sizes.')
        return ARCH[arch]
    try:
        return Arch(**arch)
    except TypeError as error:
        raise ValueError(
            f'arch={dict(arch)!r} is not a valid size: give embed_dims, num_layers, num_heads and, if it is not 4, '
            f'mlp_ratio.'
        ) from error


def recommended_layer_decay(arch: Arch) -> float | None:
    """Return the layer decay to finetune a size with; None where no named size has its width and depth."""
    if arch.layer_decay_rate is not None:
        return arch.layer_decay_rate
    same = (size for size in ARCH.values() if (size.embed_dims, size.num_layers) == (arch.embed_dims, arch.num_layers))
    return next((size.layer_decay_rate for size in same), None)


def attention_of_blocks(attention: str | Sequence[str], num_layers: int) -> tuple[str, ...]:
    """Return the kind of attention of every block, from one kind or a pattern of kinds that repeats.

    Raises:
        ValueError: an unknown kind, or a pattern that does not divide the number of blocks.
    """
    pattern = (attention,) if isinstance(attention, str) else tuple(attention)
    unknown = [kind for kind in pattern if kind not in ATTENTION]
    if unknown:
        raise ValueError(f'Attention {unknown[0]!r} is not known: choose from {sorted(ATTENTION)}.')
    if not pattern or num_layers % len(pattern):
        raise ValueError(
            f'A pattern of {len(pattern)} kinds of attention does not repeat evenly over {num_layers} blocks: '
            f'give one for every block or a divisor of {num_layers}.'
        )
    return pattern * (num_layers // len(pattern))


def attention_arguments(kind: str, grid: tuple[int, int], window: Sequence[int], rel_pos: str) -> dict[str, Any]:
    """Return the arguments of Attention for a kind, (H, W) tokens, (h, w) tokens of a window and ``rel_pos``.

    Raises:
        ValueError: a window of less than one token, or an unknown ``rel_pos``.
    """
    if len(window) != 2 or min(window) < 1:
        raise ValueError(f'window_size={tuple(window)} is not a window: give (h, w) tokens, 1 at least.')
    if rel_pos not in ('none', 'windows', 'all'):
        raise ValueError(f"rel_pos={rel_pos!r} is not known: choose 'none', 'windows' or 'all'.")
    options = ATTENTION[kind]
    size = (window[0], window[1])
    if options is None:
        return {'rel_pos': grid} if rel_pos == 'all' else {}
    return {'window': size, **options} | ({} if rel_pos == 'none' else {'rel_pos': size})


def frozen_names(num_layers: int, num_blocks: int, parts: str | Sequence[str]) -> list[str]:
    """Return the names of modules and parameters that are not trained: those of the first blocks and of parts of all.

    Raises:
        ValueError: more blocks than there are, or a part that is not known.
    """
    parts = (parts,) if isinstance(parts, str) else parts
    if not 0 <= num_blocks <= num_layers:
        raise ValueError(f'frozen_blocks={num_blocks} is out of range: the backbone has {num_layers} blocks.')
    unknown = [part for part in parts if part not in FREEZABLE]
    if unknown:
        raise ValueError(f'frozen_parts: {unknown[0]!r} is not known: choose from {sorted(FREEZABLE)}.')
    names = [f'blocks.{i}' for i in range(num_blocks)]
    names += ['patch_embed', 'pos_embed'] if num_blocks else []
    for part in parts:
        below_block, below_backbone = FREEZABLE[part]
        names += [f'blocks.{i}.{name}' for i in range(num_layers) for name in below_block]
        names += below_backbone
    return names
