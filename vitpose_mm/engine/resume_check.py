"""Check that a checkpoint holds the state of the run that resumes from it; MMEngine logs a misfit and trains on."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.runner import Runner
from torch import Tensor
from torch.optim import Optimizer

from ..checkpoints.pickle_records import printable
from ..checks.pretrained import find_missing_tensors
from ..utils.counted import counted, part_of

MAX_COUNT = 10**9  # more epochs or iterations are not a real training
HUB_PARTS = ('log_scalars', 'runtime_info', 'resumed_keys')
# settings of an optimizer that came with newer versions of torch, and mean the same where they are missing
NEWER_SETTINGS = {'foreach', 'maximize', 'capturable', 'differentiable', 'fused', 'decoupled_weight_decay'}
ADAM_STATE = {'step', 'exp_avg', 'exp_avg_sq'}
LIKE_WEIGHT = {'exp_avg', 'exp_avg_sq', 'max_exp_avg_sq', 'momentum_buffer'}  # states of a weight's shape
SCALER_STATE = {'scale', 'growth_factor', 'backoff_factor', 'growth_interval', '_growth_tracker'}


def check_resume(runner: Any, checkpoint: Mapping[str, Any]) -> None:
    """Check that a checkpoint fits a runner that has built its model and optimizer.

    With FlexibleRunner (FSDP), progress and logs are looked at here, and the rest by its strategy.

    Raises:
        ValueError: the first thing that does not fit.
    """
    problems = chain(progress_problems(runner, checkpoint), log_problems(checkpoint))
    if isinstance(runner, Runner):
        model: Any = runner.model.module if is_model_wrapper(runner.model) else runner.model
        problems = chain(
            problems,
            weight_problems(model, checkpoint),
            optimizer_problems(runner.optim_wrapper, checkpoint.get('optimizer')),
            scheduler_problems(runner.param_schedulers, checkpoint.get('param_schedulers')),
        )
    for problem in problems:
        raise ValueError(
            f'{runner._load_from} does not fit the training that is to go on from it: {problem}; to begin a new '
            f'training from its weights use load_from without --resume.'
        )


def progress_problems(runner: Any, checkpoint: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the epoch, the iteration and the seed of a checkpoint."""
    meta = checkpoint.get('meta') or {}
    for key in ('epoch', 'iter'):
        if not _is_count(meta.get(key), MAX_COUNT):
            yield f'its meta.{key} is {printable(meta.get(key))}'
    if meta.get('seed') is not None and not _is_count(meta['seed'], 2**32 - 1):
        yield f'its meta.seed is {printable(meta["seed"])}'
    position = meta.get('position', {})
    if not isinstance(position, Mapping) or not all(_is_count(number, 2**63) for number in position.values()):
        yield f'its meta.position is {printable(position)}'
    loop = runner.train_loop
    done, limit = ('iter', 'max_iters') if hasattr(loop, 'dataloader_iterator') else ('epoch', 'max_epochs')
    if meta[done] > getattr(loop, limit, MAX_COUNT):
        yield f'it was saved after {done} {meta[done]} and train_cfg.{limit} is {getattr(loop, limit)}'


def log_problems(checkpoint: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the logged values of a checkpoint."""
    hub = checkpoint.get('message_hub') or {}
    missing = [part for part in HUB_PARTS if not isinstance(hub.get(part), dict)]
    if missing:
        yield f'it has no message_hub.{missing[0]}'
    for key, value in hub['runtime_info'].items():
        if str(key).startswith('best_score') and not _is_number(value):
            yield f'its {printable(key)} is {printable(value)}'


def weight_problems(model: Any, checkpoint: Mapping[str, Any]) -> Iterator[str]:
    """Yield which of the model's weights a checkpoint does not have."""
    state = checkpoint.get('state_dict')
    if not state:
        yield 'it has no state_dict'
    own = [name for name, value in model.state_dict().items() if value.is_floating_point()]
    missing = find_missing_tensors(model, state or {})
    lost = [name for name in own if name in missing]
    if lost:
        yield f'{part_of(len(lost), len(own), "weight", verb="are")} missing or of another shape, {lost[0]} is one'


def optimizer_problems(wrapper: OptimWrapper | OptimWrapperDict, saved: Any) -> Iterator[str]:
    """Yield what of the state of an optimizer does not fit."""
    if not isinstance(saved, Mapping):
        yield 'it has no state of an optimizer'
    elif isinstance(wrapper, OptimWrapperDict):
        for name, one in wrapper.items():
            yield from optimizer_problems(one, saved.get(name))
    else:
        optimizer = wrapper.optimizer
        yield from _group_problems(optimizer, saved.get('param_groups'))
        yield from _state_problems(optimizer, saved)
        scaler = saved.get('loss_scaler', dict.fromkeys(SCALER_STATE))
        if not isinstance(scaler, Mapping) or (scaler and not scaler.keys() >= SCALER_STATE):
            yield 'the state of its loss scaler is damaged'


def _group_problems(optimizer: Optimizer, saved: Any) -> Iterator[str]:
    """Yield the differences in the groups of parameters."""
    own = optimizer.param_groups
    if not isinstance(saved, list) or not all(
        isinstance(one, dict) and isinstance(one.get('params'), list) for one in saved
    ):
        yield 'its optimizer has no groups of weights'
    sizes, wanted = [len(one['params']) for one in saved], [len(one['params']) for one in own]
    if sizes != wanted:
        yield (
            f'its optimizer has {counted(sum(sizes), "weight")} in {counted(len(sizes), "group")}, and this one '
            f'{sum(wanted)} in {len(wanted)}, or groups of other sizes'
        )
    kind = type(optimizer).__name__
    for group, mine in zip(saved, own, strict=True):
        lost = sorted(optimizer.defaults.keys() - group.keys() - NEWER_SETTINGS)
        if lost:
            yield f'its optimizer is not {kind}: its groups lack {lost[0]}'
        for key, value in mine.items():
            if key != 'params' and key in group and not _same_kind(group[key], value):
                yield f"its optimizer's {printable(key)} is {printable(group[key])}"


def _state_problems(optimizer: Optimizer, saved: Mapping[str, Any]) -> Iterator[str]:
    """Yield the differences in the state that an optimizer keeps of each weight."""
    state, kind = saved.get('state'), type(optimizer).__name__
    if not isinstance(state, Mapping):
        yield 'its optimizer has no state'
        return
    needed = ADAM_STATE if kind in ('Adam', 'AdamW') else set()
    numbers = chain.from_iterable(group['params'] for group in saved['param_groups'])
    weights = chain.from_iterable(group['params'] for group in optimizer.param_groups)
    for number, weight in zip(numbers, weights, strict=True):
        entry = state.get(number, {}) if isinstance(number, int) else None
        if not isinstance(entry, Mapping) or (entry and not entry.keys() >= needed):
            yield f'its optimizer is not {kind}: it keeps another state of each weight'
            return
        for key, value in entry.items():
            if key in LIKE_WEIGHT and value is not None and getattr(value, 'shape', None) != weight.shape:
                yield f'its optimizer is of weights of other shapes: its {key} is not {tuple(weight.shape)}'


def scheduler_problems(own: Any, saved: Any) -> Iterator[str]:
    """Yield the differences in the schedules of the learning rate."""
    if isinstance(own, Mapping):
        for name, one in own.items():
            yield from scheduler_problems(one, saved.get(name) if isinstance(saved, Mapping) else None)
        return
    found = saved if isinstance(saved, list) else []
    if len(own or ()) != len(found) or not all(isinstance(one, Mapping) for one in found):
        yield f'it has {counted(len(found), "param_scheduler")}, and the config {len(own or ())}'
        return
    for one, state in zip(own or (), found, strict=True):
        mine = one.state_dict()
        wrong = [key for key in mine if key not in state or not _same_kind(state[key], mine[key])]
        if wrong:
            yield f'its param_scheduler is not a {type(one).__name__}: {printable(wrong[0])} does not fit'


def _is_count(value: Any, limit: int) -> bool:
    return type(value) is int and 0 <= value <= limit


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _same_kind(saved: Any, own: Any) -> bool:
    """Whether a setting of a file has the type of the setting of this run."""
    if own is None or isinstance(own, bool):
        return saved is None or isinstance(saved, (bool, int, float, Tensor))
    if _is_number(own) or isinstance(own, Tensor):
        return (_is_number(saved) and math.isfinite(saved)) or isinstance(saved, Tensor)
    if isinstance(own, (str, Mapping)):
        return isinstance(saved, str if isinstance(own, str) else Mapping)
    if isinstance(own, Sequence):
        return isinstance(saved, Sequence) and not isinstance(saved, str) and all(map(_same_kind, saved, own))
    return True
