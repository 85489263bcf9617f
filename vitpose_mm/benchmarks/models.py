"""Crops a second, latency and training steps of whole models, ours next to others in one run.

Each model is tried in every setting first and then measured in its best one, in turns with all others and with
a matrix product that shows how fast the device is at that moment.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field

import torch
from torch import Tensor

from .benchmark_models import BenchmarkModel, Heatmaps, build
from .machine_description import describe_machine
from .macs import count_macs
from .report import Report
from .settings import Setting, allow_many_compilations
from .timing import Call, Spread, Stand, matmul_call, ratios


@dataclass(frozen=True)
class Task:
    """What is timed.

    Args:
        name: for headings.
        batch: crops a call.
        training: whether a call is a training step, and not a forward pass.
        wait: whether each call ends when its result is there; else a GPU is kept busy.
    """

    name: str
    batch: int
    training: bool = False
    wait: bool = False


@dataclass
class Outcome:
    """Figures of one task by name of the model."""

    task: Task
    settings: dict[str, str] = field(default_factory=dict)
    trials: dict[str, dict[str, float | str]] = field(default_factory=dict)  # seconds a call, or what went wrong
    seconds: dict[str, list[float]] = field(default_factory=dict)  # of each round
    ceilings: dict[str, float] = field(default_factory=dict)  # multiply-accumulates a second by number type


@dataclass(frozen=True)
class Bench:
    """Runs tasks on one device.

    Args:
        stand: device and how to time.
        settings: every model is tried in each of them.
        matmul_side: side of the matrices whose product is the ceiling.
    """

    stand: Stand
    settings: Sequence[str]
    matmul_side: int

    def run(self, task: Task, candidates: Sequence[BenchmarkModel]) -> Outcome:
        """Time one task for all candidates in turns."""
        outcome = Outcome(task)
        for candidate in candidates:
            self._choose_setting(candidate, outcome)
        calls = {
            candidate.name: self._make_call(candidate, outcome.settings[candidate.name], task)
            for candidate in candidates
            if candidate.name in outcome.settings
        }
        numbers = sorted({setting.split('+')[0] for setting in outcome.settings.values()})
        timed = self.stand.time(calls | self._products(numbers))
        for number in numbers:
            outcome.ceilings[number] = self.matmul_side**3 / Spread.of(timed.pop(f'product {number}')).median
        outcome.seconds = timed
        return outcome

    def _choose_setting(self, candidate: BenchmarkModel, outcome: Outcome) -> None:
        """Time a few calls in each setting; the fastest is the candidate's. A single setting needs no trial."""
        if len(self.settings) == 1:
            outcome.settings[candidate.name] = self.settings[0]
            return
        trials: dict[str, float | str] = {}
        for setting in self.settings:
            trials[setting] = self._try(candidate, setting, outcome.task)
            self.stand.say(f'{outcome.task.name}: {candidate.name} {setting}: {trials[setting]}')
        times = {setting: time for setting, time in trials.items() if isinstance(time, float)}
        outcome.trials[candidate.name] = trials
        if times:
            outcome.settings[candidate.name] = min(times, key=lambda setting: times[setting])

    def _try(self, candidate: BenchmarkModel, setting: str, task: Task) -> float | str:
        """Return the seconds of a call, or the first line of what went wrong."""
        try:
            call = self._make_call(candidate, setting, task)
            for _ in range(max(1, self.stand.protocol.warmup // 10)):
                call()
            return self.stand.clock.time(call, max(1, self.stand.protocol.chunk // 2))
        except Exception as error:  # whatever a compiler or a number type cannot do is a result, not an end
            return f'{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ""}'
        finally:
            self._clean()

    def _make_call(self, candidate: BenchmarkModel, setting: str, task: Task) -> Call:
        torch.manual_seed(0)
        model, size = build(candidate.config, self.stand.device)
        crops = torch.randn(task.batch, 3, size[1], size[0], device=self.stand.device)
        call = make_call(model, crops, Setting.parse(setting), training=task.training)
        return waiting(call) if task.wait and self.stand.device.type == 'cuda' else call

    def _products(self, numbers: Sequence[str]) -> dict[str, Call]:
        calls: dict[str, Call] = {}
        for number in numbers:
            setting = Setting.parse(number)
            product = matmul_call(setting.dtype, self.stand.device, self.matmul_side)
            calls[f'product {number}'] = with_setting(setting, product)
        return calls

    def _clean(self) -> None:
        torch.compiler.reset()
        if self.stand.device.type == 'cuda':
            torch.cuda.empty_cache()


def make_call(model: Heatmaps, crops: Tensor, setting: Setting, *, training: bool) -> Call:
    """Return a call of one forward pass of a model on crops, or of one training step (bf16 by autocast)."""
    prepare = setting.prepare_training if training else setting.prepare_forward
    return with_setting(setting, prepare(model, crops))


def with_setting(setting: Setting, call: Callable[[], object]) -> Call:
    """Return the call with the process's switches set first."""

    def activated() -> None:
        setting.activate()
        call()

    return activated


def waiting(call: Call) -> Call:
    """Return the call, which now returns when the GPU has finished it."""

    def call_and_wait() -> None:
        call()
        torch.cuda.synchronize()

    return call_and_wait


def benchmark_models(bench: Bench, tasks: Sequence[Task], candidates: Sequence[BenchmarkModel]) -> Report:
    """Run the tasks; return a report with one table for each."""
    allow_many_compilations()
    report = Report('Speed of models', describe_machine(bench.stand.device), [*NOTES, bench.stand.describe()])
    costs = {}
    for candidate in candidates:
        bench.stand.say(f'counting {candidate.name}')
        model, size = build(candidate.config, bench.stand.device)
        costs[candidate.name] = (sum(p.numel() for p in model.parameters()), count_macs(model, size).total)
    for task in tasks:
        outcome = bench.run(task, candidates)
        report.tables[f'{task.name}, batch {task.batch}'] = [
            _row(candidate, outcome, costs[candidate.name]) for candidate in candidates
        ]
        report.raw[task.name] = asdict(outcome)
    report.raw['costs'] = {name: {'parameters': cost[0], 'macs': cost[1]} for name, cost in costs.items()}
    return report


NOTES = [
    'Random weights and random crops of 256x192; no flip, no pre- or post-processing.',
    'Every model in the fastest of its settings; `bf16` is the type of weights and activations in a forward pass, '
    'and autocast in training. A training step is forward, mean squared error, backward and AdamW.',
    'Crops/s is the median of the rounds; "vs mmpose" is the speed relative to mmpose\'s own model in the same '
    'rounds: median (least to largest).',
    '"of ceiling" is the share of the multiply-accumulates a second that a square matrix product of the same number '
    'type reached in the same rounds.',
]


def _row(candidate: BenchmarkModel, outcome: Outcome, cost: tuple[int, int]) -> dict[str, str]:
    """Return a line of the table."""
    batch, (parameters, macs) = outcome.task.batch, cost
    row = {'model': candidate.name, 'parameters (M)': f'{parameters / 1e6:.1f}', 'GMACs': f'{macs / 1e9:.2f}'}
    seconds = outcome.seconds.get(candidate.name)
    if seconds is None:
        return row | {'setting': 'failed', 'crops/s': '-', 'ms': '-', 'of ceiling': '-', 'vs mmpose': '-'}
    setting = outcome.settings[candidate.name]
    spread = Spread.of(seconds)
    share = macs * batch / spread.median / outcome.ceilings[setting.split('+')[0]]
    baseline = outcome.seconds.get(candidate.baseline or '')
    versus = ratios(seconds, baseline) if baseline else None
    return row | {
        'setting': setting,
        'crops/s': f'{batch / spread.median:.4g}',
        'ms': f'{spread.median * 1e3:.4g}',
        'of ceiling': '-' if outcome.task.training else f'{share:.0%}',
        'vs mmpose': f'{versus.median:.2f} ({versus.low:.2f} to {versus.high:.2f})' if versus else '-',
    }
