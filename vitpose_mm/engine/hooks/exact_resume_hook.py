"""Resume inside an epoch, bit for bit: the next unseen sample and the random state of the next iteration."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import set_random_seed
from torch.utils.data import DataLoader

from ...datasets.multi_dataset import MultiDataset
from ...datasets.samplers.seeded_sampler import SeededSampler
from ...datasets.seeding import STEP, mix_seed
from ...registry import HOOKS

# where a checkpoint keeps the position: checkpoint['meta'][META_KEY]
META_KEY = 'position'


@HOOKS.register_module()
class ExactResumeHook(Hook):
    """Makes ``--resume`` go on as if the run had never stopped, with a :class:`SeededSampler`.

    - A checkpoint keeps (epoch, samples done, the sampler's seed). After a resume the epoch continues with
      the next unseen sample, with the batch numbers it would have had; a checkpoint of an epoch's last
      iteration runs what follows it (schedulers by epoch, validation). mmengine begins the epoch again.
    - Before each iteration python's, numpy's and torch's generators of this process are seeded from
      (seed, rank, iteration), so that drop path and dropout are resumed too.
    - IterBasedTrainLoop reads all batches of the past to get to its position; here it does not.

    Batch size and number of processes may change: the position is kept in samples. With gradient
    accumulation, gradients of a step begun are lost, as everywhere in mmengine: save between steps. With
    several processes, BatchNorms that are not synchronised go on inside an epoch with rank 0's statistics.
    """

    # after DistSamplerSeedHook (NORMAL), which begins the epoch, and before CheckpointHook (VERY_LOW)
    priority = 'LOW'

    def __init__(self) -> None:
        self._saved: dict[str, int] | None = None
        self._sampler: SeededSampler | None = None
        self._epoch = self._done = self._per_iter = 0

    def after_load_checkpoint(self, runner: Any, checkpoint: dict) -> None:
        """Remember where the run of the checkpoint was; refuse one whose optimizer counts heads in another order."""
        if getattr(runner, '_resume', False):
            check_order(checkpoint.get('state_dict', {}))
        self._saved = checkpoint.get('meta', {}).get(META_KEY)

    def before_save_checkpoint(self, runner: Any, checkpoint: dict) -> None:
        """Write down where this run is."""
        if self._sampler is not None:
            position = {'epoch': self._epoch, 'done': self._done, 'seed': self._sampler.seed}
            checkpoint['meta'][META_KEY] = position

    def before_train(self, runner: Any) -> None:
        """Find the sampler; say what a resume cannot restore."""
        loader = runner.train_dataloader
        self._sampler = find_sampler(loader)
        if self._sampler is None:
            _warn('the train_dataloader has no vitpose_mm.SeededSampler: its order is not resumed exactly')
            return
        if not isinstance(loader.dataset, MultiDataset):
            _warn(
                f'the train_dataloader reads a {type(loader.dataset).__name__} and not a vitpose_mm.MultiDataset: its '
                f'augmentation depends on the number of workers and is not resumed exactly'
            )
        self._per_iter = loader.batch_sampler.batch_size * self._sampler.world_size
        if runner.iter == 0:
            self._saved = None
            return
        if self._saved is None:
            _warn('the checkpoint was saved without ExactResumeHook: its epoch begins again')
        step = getattr(runner.optim_wrapper, '_accumulative_counts', 1)
        if runner.iter % step:
            _warn(f'iteration {runner.iter} lies inside an accumulation of {step}: its gradients begin again')

    def before_train_epoch(self, runner: Any) -> None:
        """Set sampler, batch numbers and iterator to the position of the checkpoint, once."""
        if self._sampler is None:
            return
        loop = runner.train_loop
        by_epoch = not hasattr(loop, 'dataloader_iterator')
        saved, self._saved = self._saved, None
        self._epoch, self._done = (runner.epoch if by_epoch else self._sampler.epoch), 0
        if saved is not None:
            self._sampler.seed = saved['seed']
            if not by_epoch:
                self._epoch, self._done = saved['epoch'], saved['done']
            elif saved['epoch'] == runner.epoch:
                self._done = saved['done']
        if by_epoch or saved is not None:
            self._sampler.set_epoch(self._epoch)
            self._sampler.start = self._done
        if by_epoch and self._done:
            loop.run_iter = partial(_run_numbered, loop, self._done // self._per_iter)
        elif saved is not None and not by_epoch:
            loop.dataloader_iterator = _SkipPast(loop.dataloader_iterator, runner, self._epoch)

    def before_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None) -> None:
        """Seed this process from (seed, rank, iteration)."""
        # the sampler's seed is the one that every checkpoint keeps; FlexibleRunner forgets its own
        seed = runner.seed if self._sampler is None else self._sampler.seed
        set_random_seed(mix_seed(seed, STEP, get_rank(), runner.iter))

    def after_train_iter(
        self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: dict | None = None
    ) -> None:
        """Count the samples of the epoch; an iteration-based loop moves the sampler's epoch by itself."""
        if self._sampler is None:
            return
        if self._sampler.epoch != self._epoch:
            self._epoch, self._done = self._sampler.epoch, 0
        self._done = min(self._done + self._per_iter, self._sampler.total_size)

    def after_train_epoch(self, runner: Any) -> None:
        """Batch numbers begin at 0 again."""
        runner.train_loop.__dict__.pop('run_iter', None)


def check_order(names: Iterable[str]) -> None:
    """Check that a checkpoint has its heads in the order of their names.

    Raises:
        ValueError: its heads are in another order, and so is its optimizer's state.
    """
    heads = list(dict.fromkeys(name.split('.')[2] for name in names if name.startswith('head.heads.')))
    if heads != sorted(heads):
        raise ValueError(
            f'The checkpoint has its heads in the order {", ".join(heads)}, not in that of their names, and its '
            f'optimizer too: train on with load_from instead of --resume.'
        )


def find_sampler(loader: DataLoader) -> SeededSampler | None:
    """Return the SeededSampler of a data loader, below a batch sampler too."""
    for sampler in (loader.sampler, getattr(loader.batch_sampler, 'sampler', None)):
        if isinstance(sampler, SeededSampler):
            return sampler
    return None


def _run_numbered(loop: Any, offset: int, idx: int, data_batch: Any) -> None:
    # the class's method: the instance's one is this function
    type(loop).run_iter(loop, idx + offset, data_batch)


class _SkipPast:
    """Iterator of an iteration-based loop that answers its calls for past batches with None, unread."""

    def __init__(self, iterator: Any, runner: Any, epoch: int) -> None:
        self._iterator = type(iterator)(runner.train_dataloader)
        self._iterator._epoch = epoch
        self._past = runner.iter

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if self._past:
            self._past -= 1
            return None
        return next(self._iterator)


def _warn(text: str) -> None:
    print_log(f'ExactResumeHook: {text}', logger='current', level=logging.WARNING)
