"""Count the images that could not be read, over all workers and processes, and stop when they are many."""

from __future__ import annotations

from typing import Any

import torch
from mmengine.dist import all_gather_object, all_reduce, get_world_size
from mmengine.hooks import Hook

from ...datasets.corrupt_images import CorruptImage, read_corrupt_images
from ...registry import HOOKS

FEWEST = 10  # inside an epoch, fewer unreadable images do not end the training; at its end one is enough
MAX_NAMED = 3  # files in a message


@HOOKS.register_module()
class BadImageHook(Hook):
    """Logs the unreadable images of a :class:`MultiDataset` in one line an epoch, and raises when they are many.

    A sample that replaces an unreadable one has that in its metainfo, so the count needs no shared
    memory. Processes add up their counts every ``interval`` iterations and then stop together.

    Args:
        max_ratio: Share of unreadable among the samples so far that ends the training.
        interval: Iterations between two looks; in a single process every iteration is looked at.

    Raises:
        ValueError: If max_ratio is not in [0, 1]; in training, if more than max_ratio are unreadable.
    """

    # the checkpoint of an epoch is saved before its count ends the training
    priority = 'LOWEST'

    def __init__(self, *, max_ratio: float = 0.01, interval: int = 50) -> None:
        if not 0 <= max_ratio <= 1:
            raise ValueError(f'BadImageHook got max_ratio={max_ratio}; it is a share: choose it in [0, 1]')
        self.max_ratio, self.interval = max_ratio, interval
        self.num_seen = self.num_bad = 0
        self._files: dict[str, CorruptImage] = {}

    def before_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None) -> None:
        """Count a batch before it is used."""
        samples = data_batch['data_samples']
        bad = [files for sample in samples if (files := read_corrupt_images([sample]))]
        self.num_seen += len(samples)
        self.num_bad += len(bad)
        self._files.update((file.path, file) for files in bad for file in files)
        if get_world_size() == 1 or (batch_idx + 1) % self.interval == 0:
            self._stop_if_many(fewest=FEWEST)

    def after_train_epoch(self, runner: Any) -> None:
        """Say how many there were, and check without a minimum."""
        bad, seen = self._totals()
        if bad:
            runner.logger.warning(
                f'{bad} of {seen} training samples so far had an unreadable image and were replaced: {self._name()}'
            )
        self._stop_if_many(fewest=1)

    def _stop_if_many(self, *, fewest: int) -> None:
        bad, seen = self._totals()
        if bad < fewest or bad <= self.max_ratio * seen:
            return
        raise ValueError(
            f'{bad} of {seen} training samples so far have an unreadable image, more than '
            f'{self.max_ratio:.2%}: {self._name()}; fix these files, remove them from the '
            f'annotation file, or raise max_ratio={self.max_ratio} of vitpose_mm.BadImageHook in custom_hooks'
        )

    def _totals(self) -> tuple[int, int]:
        """(unreadable, samples) so far over all processes."""
        counts = torch.tensor([self.num_bad, self.num_seen])
        all_reduce(counts)
        return int(counts[0]), int(counts[1])

    def _name(self) -> str:
        """The first files of all processes, each once, and the number of the others."""
        files = {path: file for part in all_gather_object(self._files) for path, file in part.items()}
        named = ', '.join(str(file) for file in list(files.values())[:MAX_NAMED])
        return named + (f' and {len(files) - MAX_NAMED} more' if len(files) > MAX_NAMED else '')
