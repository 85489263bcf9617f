"""How much a knowledge token can lower the loss of a trained teacher: a bound on what a student can get from it.

Stage 1 of the distillation looks for t* = argmin MSE(T({t; X}), K_gt) (ViTPose sec. 3.4). What t* knows of the task
shows in this loss, so tokens are tuned here by the training people and, as a bound, by the very people they are then
scored on: no token that is tuned otherwise can lower that loss by more. As a control, the bias of the teacher's last
norm, which has as many parameters as one token, is tuned in the same way.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from torch import Tensor, nn

from ..distillation.crops import batches, labelled_validation_set
from ..models.backbones import ViT
from ..models.distillers.label_loss import label_loss, target_size
from ..models.distillers.teacher import Teacher, load_teacher
from ..models.distillers.token_tuner import START_STD
from ..utils.counted import counted
from .machine_description import describe_machine
from .report import Report
from .token_signals import attention_to_token, gradient_signal

LEARNING_RATE = 1e-2  # as in configs/_base_/schedules/token_tuning.py
SEED = 0
GRADIENT_BATCHES = 64
ATTENTION_CROPS = 32
BIAS = 'bias of the last norm'  # as many parameters as one token
Batch = tuple[Tensor, list]  # (B, 3, h, w) crops after the preprocessor, and their labelled samples
LossOf = Callable[[Teacher, Batch], Tensor]


class Tuned(NamedTuple):
    """Validation loss before tuning, after tuning on the training people, and after tuning on the validation people."""

    parameters: int
    start: float
    by_training: float
    by_validation: float


def benchmark_token(
    cfg: Config, checkpoint: str, *, counts: Sequence[int], steps: int, amp: bool, say: Callable[[str], None]
) -> Report:
    """Tune tokens with a teacher and report what they lower; the teacher's weights stay as they are.

    Args:
        cfg: config of a pose model with a :class:`ViT`, one dataset and target heatmaps.
        checkpoint: its trained weights.
        counts: numbers of tokens, each tuned alone.
        steps: on the training people, and as many on the validation people.
        amp: tune in bf16; losses are measured in fp32.
        say: takes a line of progress.

    Raises:
        ValueError: files that do not fit, a teacher without a ViT, or a number below 1.
    """
    for name, number in (('--steps', steps), *(('--tokens', count) for count in counts)):
        if number < 1:
            raise ValueError(f'{name} {number} tunes nothing: give 1 or more.')
    init_default_scope('mmpose')
    teacher = load_teacher(cfg.model.to_dict(), checkpoint)
    if not isinstance(teacher.model.backbone, ViT):
        raise ValueError(f'{cfg.filename} has a {type(teacher.model.backbone).__name__}, which takes no tokens.')
    people = People(cfg, teacher, steps=steps, amp=amp)
    say(f'{people.num_training} training people, {people.num_validation} validation people')
    tuned = tune_all(people, counts, say)
    say('gradients and attention ...')
    one = random_token(teacher, 1)
    some = itertools.islice(people.training(), GRADIENT_BATCHES)
    signal = gradient_signal([gradient(teacher, one, batch) for batch in some])
    shares = attention_to_token(teacher, one, people.validation[0][0][:ATTENTION_CROPS])
    without = tuned[BIAS].start
    report = Report('Knowledge token', describe_machine(torch.device('cpu')), notes(cfg, people, without))
    report.tables['Loss on validation people'] = [as_row(name, found, without) for name, found in tuned.items()]
    report.tables['Gradient of one random token'] = [{name: f'{value:.3g}' for name, value in signal.items()}]
    report.tables["Patch tokens' attention to one random token, next to uniform attention"] = [
        {f'block {number}': f'{share:.2f}' for number, share in enumerate(shares, 1)}
    ]
    losses = {name: found._asdict() for name, found in tuned.items()}
    report.raw = {'losses': losses, 'gradient': signal, 'attention_to_token': shares}
    return report


def tune_all(people: People, counts: Sequence[int], say: Callable[[str], None]) -> dict[str, Tuned]:
    """Tune each number of tokens, and then the bias of the teacher's last norm, whose start is the teacher itself."""
    found = {}
    for count in counts:
        name = counted(count, 'token')
        say(f'{name}: {people.steps} steps on training people, as many on validation people ...')
        token = random_token(people.teacher, count)
        found[name] = people.tune(token, loss_with(token))
    say(f'{BIAS}, likewise ...')
    bias = people.teacher.model.backbone.last_norm.bias
    bias.requires_grad_(True)
    found[BIAS] = people.tune(bias, loss_with(None))
    bias.requires_grad_(False)
    return found


class People:
    """The training and the validation people of a config, and the tuning on both.

    Args:
        cfg: config with both dataloaders and a codec.
        teacher: in fp32.
        steps: of a tuning.
        amp: tune in bf16.
    """

    def __init__(self, cfg: Config, teacher: Teacher, *, steps: int, amp: bool) -> None:
        self.teacher, self.steps = teacher, steps
        self.tuned_teacher = Teacher(teacher.model, dtype='bfloat16' if amp else None)
        self.preprocess = teacher.model.data_preprocessor
        self.validation: list[Batch] = list(batches(labelled_validation_set(cfg), self.preprocess))
        self.num_validation = sum(len(samples) for _, samples in self.validation)
        loader = copy.deepcopy(cfg.train_dataloader)
        loader.update(num_workers=0, persistent_workers=False)
        self.loader: Any = Runner.build_dataloader(loader, seed=SEED)
        self.num_training = len(self.loader.dataset)

    def training(self) -> Iterator[Batch]:
        """Yield batches of augmented training people without end, the same ones each time."""
        for epoch in itertools.count():
            self.loader.sampler.set_epoch(epoch)
            for data in self.loader:
                data = self.preprocess(data, False)
                yield data['inputs'], data['data_samples']

    def mean_loss(self, loss_of: LossOf) -> float:
        """Return the mean loss of the validation people."""
        with torch.no_grad():
            total = sum(len(batch[1]) * float(loss_of(self.teacher, batch)) for batch in self.validation)
        return total / self.num_validation

    def tune(self, parameter: Tensor, loss_of: LossOf) -> Tuned:
        """Tune a parameter on either people, from the same start, to which it returns."""
        start, losses = parameter.detach().clone(), [self.mean_loss(loss_of)]
        for people in (self.training(), itertools.cycle(self.validation)):
            seen = itertools.islice(people, self.steps)
            minimize(parameter, (loss_of(self.tuned_teacher, batch) for batch in seen), self.steps)
            losses.append(self.mean_loss(loss_of))
            parameter.data.copy_(start)
        return Tuned(parameter.numel(), *losses)


def minimize(parameter: Tensor, losses: Iterable[Tensor], steps: int) -> None:
    """Lower losses, each computed when it is asked for, by AdamW with a cosine schedule, as stage 1 does."""
    optimizer = torch.optim.AdamW([parameter], lr=LEARNING_RATE, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for loss in losses:
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()


def random_token(teacher: Teacher, count: int) -> nn.Parameter:
    """Return (1, T, C) random tokens, drawn as stage 1 draws them."""
    generator = torch.Generator().manual_seed(SEED)
    return nn.Parameter(START_STD * torch.randn(1, count, teacher.width, generator=generator))


def loss_with(token: Tensor | None) -> LossOf:
    """Return the function to a teacher's loss to the labels of a batch, with (1, T, C) tokens or without."""

    def loss_of(teacher: Teacher, batch: Batch) -> Tensor:
        inputs, samples = batch
        return label_loss(teacher.model.head, teacher.heatmaps(inputs, target_size(samples), token), samples)

    return loss_of


def gradient(teacher: Teacher, token: nn.Parameter, batch: Batch) -> Tensor:
    """Return the gradient of a batch's loss by the token, (T * C,)."""
    (found,) = torch.autograd.grad(loss_with(token)(teacher, batch), token)
    return found.flatten()


def as_row(name: str, found: Tuned, without: float) -> dict[str, str]:
    """Return a row of the table of losses, each next to the teacher's without a token."""

    def text(loss: float) -> str:
        return f'{loss:.4e} ({100 * (loss / without - 1):+.2f}%)'

    return {
        'tuned': name,
        'parameters': str(found.parameters),
        'before tuning': text(found.start),
        'tuned on training people': text(found.by_training),
        'tuned on the validation people': text(found.by_validation),
    }


def notes(cfg: Config, people: People, without: float) -> list[str]:
    """Say what was run."""
    name = Path(cfg.filename or 'the config').stem
    number_type = 'fp32' if people.tuned_teacher.dtype is None else 'bf16'
    return [
        f'{name}: {people.num_training} training people, {people.num_validation} validation people; '
        f'{people.steps} steps of AdamW at {LEARNING_RATE:g} with a cosine schedule, in {number_type}; losses in fp32.',
        f'The loss of the validation people without a token is {without:.4e}; percentages are next to it.',
        f'Gradients of {GRADIENT_BATCHES} batches of {people.loader.batch_size} training people.',
    ]
