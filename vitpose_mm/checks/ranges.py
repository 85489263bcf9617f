"""Check that each number of a config is a number, and in its range, before anything is built."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from mmengine.config import Config


class Range(NamedTuple):
    """What a number may be.

    Attributes:
        low: the least, itself included unless ``above``.
        high: the largest, itself included unless ``below``.
        whole: whether it has to be an int.
        odd: whether it has to be odd.
    """

    low: float
    high: float = math.inf
    above: bool = False
    below: bool = False
    whole: bool = False
    odd: bool = False

    def holds(self, value: Any) -> bool:
        """Whether a value is such a number."""
        if isinstance(value, bool) or not isinstance(value, int if self.whole else (int, float)):
            return False
        if not math.isfinite(value) or (self.odd and value % 2 == 0):
            return False
        return (value > self.low if self.above else value >= self.low) and (
            value < self.high if self.below else value <= self.high
        )

    def __str__(self) -> str:
        kind = 'an odd whole number' if self.odd else 'a whole number' if self.whole else 'a number'
        low = f'above {self.low:g}' if self.above else f'of {self.low:g} or more'
        high = (
            '' if self.high == math.inf else f' and below {self.high:g}' if self.below else f', {self.high:g} at most'
        )
        return f'{kind} {low}{high}'


COUNT = Range(1, whole=True)
FRACTION = Range(0, 1, below=True)
TRAINING = {
    'train_cfg.max_epochs': COUNT,
    'train_cfg.max_iters': COUNT,
    'train_cfg.val_interval': COUNT,
    'optim_wrapper.accumulative_counts': COUNT,
    'optim_wrapper.clip_grad.max_norm': Range(0, above=True),
    'optim_wrapper.clip_grad.clip_value': Range(0, above=True),
    'optim_wrapper.optimizer.lr': Range(0, 10),
    'optim_wrapper.optimizer.weight_decay': Range(0, 10),
    'optim_wrapper.optimizer.momentum': FRACTION,
    'optim_wrapper.optimizer.betas': FRACTION,
    'optim_wrapper.optimizer.eps': Range(0),
    'auto_scale_lr.base_batch_size': COUNT,
    'train_dataloader.batch_size': COUNT,
    'train_dataloader.num_workers': Range(0, whole=True),
    'val_dataloader.batch_size': COUNT,
    'val_dataloader.num_workers': Range(0, whole=True),
}
TESTING = {'test_dataloader.batch_size': COUNT, 'test_dataloader.num_workers': Range(0, whole=True)}
IN_MODELS = {'drop_path_rate': FRACTION}  # at any depth
IN_CODECS = {  # in each dict with a heatmap_size
    'sigma': Range(0, above=True),
    'blur_kernel_size': Range(1, whole=True, odd=True),
    'input_size': Range(2, whole=True),
    'heatmap_size': Range(2, whole=True),
}


def check_ranges(cfg: Config, *, for_training: bool = True) -> None:
    """Check the numbers of a whole config that a training, or a test, will use.

    Raises:
        ValueError: a value is not a finite number or out of its range, or MMPose's codec draws wrong targets with it.
    """
    for where, allowed in (TRAINING if for_training else TESTING).items():
        _check(find_setting(cfg, where), where, allowed)
    rate = find_setting(cfg, 'optim_wrapper.paramwise_cfg.layer_decay_rate')
    if for_training and rate != 'auto':
        _check(rate, 'optim_wrapper.paramwise_cfg.layer_decay_rate', Range(0, 1, above=True))
    for where, node in _dicts(cfg.get('model'), 'model'):
        for name, allowed in IN_MODELS.items():
            _check(node.get(name), f'{where}.{name}', allowed)
    for key in ('codec', 'model', *(f'{name}_dataloader' for name in ('train', 'val', 'test'))):
        for where, node in _dicts(cfg.get(key), key):
            if 'heatmap_size' in node:
                _check_codec(node, where, for_training=for_training)


def _check_codec(codec: Mapping, where: str, *, for_training: bool) -> None:
    for name, allowed in IN_CODECS.items():
        _check(codec.get(name), f'{where}.{name}', allowed)
    sigma, sides = codec.get('sigma'), codec['heatmap_size']
    if not isinstance(sigma, (int, float)):
        return
    if isinstance(sides, Sequence) and sigma > min(sides):
        raise ValueError(f'{where}.sigma={sigma!r} is wider than a heatmap of {tuple(sides)}: choose a smaller one.')
    if for_training and codec.get('type') == 'UDPHeatmap' and not float(3 * sigma).is_integer():
        raise ValueError(
            f"{where}.sigma={sigma!r} with MMPose's UDPHeatmap puts targets near the left and upper edge a pixel off "
            f"(3 * sigma is not a whole number): set {where}.type='vitpose_mm.BatchedUDPHeatmap'."
        )


def _check(value: Any, where: str, allowed: Range) -> None:
    """Check a number, or each of several; None stands for one that is not given."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        for i, one in enumerate(value):
            _check(one, f'{where}[{i}]', allowed)
    elif value is not None and not allowed.holds(value):
        raise ValueError(f'{where}={value!r} is out of range: choose {allowed}.')


def find_setting(cfg: Config, where: str) -> Any:
    """Return what is at 'a.b.c' of a config, None where nothing is."""
    first, *others = where.split('.')
    found = cfg.get(first)
    for name in others:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _dicts(node: Any, where: str) -> Iterator[tuple[str, Mapping]]:
    """Yield each dict of a config with its path."""
    if isinstance(node, Mapping):
        yield where, node
        for name, value in node.items():
            yield from _dicts(value, f'{where}.{name}')
    elif isinstance(node, (list, tuple)):
        for i, value in enumerate(node):
            yield from _dicts(value, f'{where}[{i}]')
