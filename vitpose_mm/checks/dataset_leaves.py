"""The datasets of a config that read files, inside any wrappers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple


class Leaf(NamedTuple):
    """A dataset that reads files, inside any wrappers.

    Attributes:
        cfg: Its config.
        where: How the user reaches it in the config.
        converted: Keypoints after a KeypointConverter or SkeletonConverter, its own or a wrapper's; None without one.
    """

    cfg: dict
    where: str
    converted: int | None


def find_leaves(cfg: Any, *, where: str, converted: int | None = None) -> Iterator[Leaf]:
    """Yield the datasets of a config that read files, below MultiDataset and other wrappers."""
    if not isinstance(cfg, Mapping):
        return
    for transform in cfg.get('pipeline') or ():
        if class_name(transform) in ('KeypointConverter', 'SkeletonConverter') and converted is None:
            converted = transform['num_keypoints']
    parts = cfg.get('datasets') or ()
    named = parts.items() if isinstance(parts, Mapping) else enumerate(parts)
    inner = {f'datasets.{name}': part for name, part in named}
    if 'dataset' in cfg:
        inner['dataset'] = cfg['dataset']
    if not inner:
        yield Leaf(cfg, where, converted)  # type: ignore[arg-type]
    for key, part in inner.items():
        yield from find_leaves(part, where=f'{where}.{key}', converted=converted)


def class_name(cfg: Any) -> str:
    kind = cfg.get('type', '') if isinstance(cfg, Mapping) else type(cfg)
    return kind.rsplit('.', 1)[-1] if isinstance(kind, str) else kind.__name__
