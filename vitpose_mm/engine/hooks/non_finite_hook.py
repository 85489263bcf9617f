"""Count and log updates that are not finite, stop when there are many, and keep checkpoints free of such weights."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from mmengine.dist import all_gather_object
from mmengine.hooks import CheckpointHook, Hook
from torch import Tensor, nn

from ...registry import HOOKS
from ..optim_wrappers.finite import FiniteOptimWrapper


@HOOKS.register_module()
class NonFiniteHook(Hook):
    """Watches the losses, gradients and weights of a training, together with a :class:`FiniteOptimWrapper`.

    - Each update that the wrapper skips is logged with its samples (image file and annotation id); its loss stays out
      of the logged means. After ``max_in_a_row`` of them the training ends.
    - Weights are checked before each checkpoint is written, before each validation, and with each skipped update. If
      one is not finite the training ends, and the checkpoints that are there stay.

    Args:
        max_in_a_row: Skipped updates, one after another, that end the training.

    Raises:
        ValueError: If max_in_a_row is below 1; in training, as above, or if no update at all was made.
    """

    # before RuntimeInfoHook, which logs the loss, and before CheckpointHook, which removes the oldest checkpoint first
    priority = 'HIGHEST'

    def __init__(self, *, max_in_a_row: int = 10) -> None:
        if max_in_a_row < 1:
            raise ValueError(f'NonFiniteHook got max_in_a_row={max_in_a_row}: choose 1 or more')
        self.max_in_a_row = max_in_a_row
        self.in_a_row = self.num_skipped = self.num_updates = 0
        self._batches: list[tuple[bool, Sequence[Any]]] = []  # of this update: whether its loss is finite, samples

    def before_train(self, runner: Any) -> None:
        """Say where updates cannot be skipped."""
        if not isinstance(runner.optim_wrapper, FiniteOptimWrapper):
            runner.logger.warning(
                f'A {type(runner.optim_wrapper).__name__} makes updates that are not finite too: training will end at '
                f"the next checkpoint after one. Set optim_wrapper.type='vitpose_mm.FiniteOptimWrapper' to skip them"
            )

    def after_train_iter(
        self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: dict | None = None
    ) -> None:
        """Report a skipped update; check the weights where a checkpoint is due."""
        wrapper = runner.optim_wrapper
        if isinstance(wrapper, FiniteOptimWrapper):
            self._batches.append((drop_non_finite(outputs), data_batch['data_samples']))
            if wrapper.should_update():
                batches, self._batches = self._batches, []
                self.num_updates += 1
                self.in_a_row = self.in_a_row + 1 if wrapper.fault else 0
                if wrapper.fault:
                    self.num_skipped += 1
                    self._report(runner, wrapper.fault, batches)
        if any(_saves_now(runner, hook) for hook in runner.hooks):
            check_weights(runner)

    def after_train_epoch(self, runner: Any) -> None:
        """Check the weights before they are saved."""
        check_weights(runner)

    def before_val_epoch(self, runner: Any) -> None:
        """Check the weights before they are scored, and perhaps saved as the best."""
        check_weights(runner)

    def before_save_checkpoint(self, runner: Any, checkpoint: dict) -> None:
        """Check the weights that are written, by any hook."""
        names = [name for name, value in checkpoint['state_dict'].items() if not _is_finite(value)]
        _refuse(runner, names)

    def after_train(self, runner: Any) -> None:
        """Say how many updates were skipped."""
        if not self.num_skipped:
            return
        runner.logger.warning(f'{self.num_skipped} of {self.num_updates} updates were not finite and were skipped')
        if self.num_skipped == self.num_updates:
            raise ValueError(
                f'all {self.num_updates} updates had a loss or gradient that is not finite and were skipped: nothing '
                f'was learned. {ADVICE}'
            )

    def _report(self, runner: Any, fault: str, batches: list[tuple[bool, Sequence[Any]]]) -> None:
        """Log a skipped update with its samples, of the processes and batches whose loss it was; stop after many."""
        names = name_samples(all_gather_object(_samples_at_fault(batches)))
        where = f'the {fault} of iteration {runner.iter + 1} is not finite (samples {names})'
        runner.logger.warning(
            f'{where}: this update is skipped ({self.in_a_row} in a row, {self.num_skipped} of {self.num_updates})'
        )
        check_weights(runner)
        if self.in_a_row >= self.max_in_a_row:
            raise ValueError(
                f'{where}, as in the {self.in_a_row} updates up to here: they were skipped and training stops. '
                f'{_last_checkpoint(runner)} {ADVICE}'
            )


ADVICE = (
    'Look at the named samples, lower optim_wrapper.optimizer.lr, or train without --amp; the number in a row that '
    'ends a training is max_in_a_row of vitpose_mm.NonFiniteHook in custom_hooks.'
)


def drop_non_finite(outputs: dict | None) -> bool:
    """Return whether the loss of a training step is finite; if not, values that are not finite are taken out."""
    if not outputs or 'loss' not in outputs or _is_finite(outputs['loss']):
        return True
    for key in [key for key, value in outputs.items() if not _is_finite(value)]:
        del outputs[key]
    return False


def _samples_at_fault(batches: list[tuple[bool, Sequence[Any]]]) -> tuple[bool, list[str]]:
    """Return whether all losses of an update are finite, and names of the samples of those that are not."""
    finite = all(is_finite for is_finite, _ in batches)
    samples = [sample for is_finite, part in batches for sample in part if finite or not is_finite]
    return finite, [_name(sample) for sample in samples]


def name_samples(processes: Iterable[tuple[bool, list[str]]]) -> str:
    """Return names of the samples of the processes whose loss is not finite, of all where each is."""
    found = list(processes)
    at_fault = [names for finite, names in found if not finite] or [names for _, names in found]
    return ', '.join(name for names in at_fault for name in names)


def _name(sample: Any) -> str:
    """Return the name of a data sample: 'image.jpg#7' with the annotation's id, where it has one."""
    file, number = Path(str(sample.get('img_path', 'image'))).name, sample.get('id')
    return file if number is None else f'{file}#{number}'


def _saves_now(runner: Any, hook: Hook) -> bool:
    """Whether a hook saves a checkpoint after this iteration."""
    if not isinstance(hook, CheckpointHook) or hook.by_epoch:
        return False
    is_due = hook.every_n_train_iters(runner, hook.interval, hook.save_begin)
    return is_due or (hook.save_last and hook.is_last_train_iter(runner))


def check_weights(runner: Any) -> None:
    """Check that the weights and buffers of all processes are finite.

    Raises:
        ValueError: One is not.
    """
    found = all_gather_object(find_non_finite(runner.model))
    _refuse(runner, list(dict.fromkeys(name for names in found for name in names)))


def find_non_finite(model: nn.Module) -> list[str]:
    """Return names of parameters and buffers that are not finite, of a whole model or this process's part of it."""
    tensors = dict(_named_tensors(model))
    flags = [value.detach().isfinite().all() for value in tensors.values()]
    finite = torch.stack(flags).tolist() if flags else []
    return [name for name, is_finite in zip(tensors, finite, strict=True) if not is_finite]


def _named_tensors(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    for named in (model.named_parameters(), model.named_buffers()):
        for name, value in named:
            if value.is_floating_point():
                yield name.removeprefix('module.'), value


def _is_finite(value: Any) -> bool:
    return not isinstance(value, Tensor) or bool(value.detach().isfinite().all())


def _refuse(runner: Any, names: list[str]) -> None:
    if names:
        more = f' and {len(names) - 1} more' if len(names) > 1 else ''
        raise ValueError(
            f'the weights {names[0]}{more} are not finite: training stops and does not save them. '
            f'{_last_checkpoint(runner)} Lower optim_wrapper.optimizer.lr, or look at the checkpoint it began with.'
        )


def _last_checkpoint(runner: Any) -> str:
    last = runner.message_hub.runtime_info.get('last_ckpt')
    return f'{last} is as it was.' if last else 'No checkpoint was written before.'
