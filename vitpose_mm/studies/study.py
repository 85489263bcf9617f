"""What a study is: trainings by name, each repeated with several seeds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

COCO = {'coco/AP': 'AP', 'coco/AP .5': 'AP50', 'coco/AR': 'AR'}
PLACE = r'\{(checkpoint|folder):([^}]*)\}'  # what an option has of another run of the same seed


@dataclass(frozen=True)
class Run:
    """One training and the test of what it ends with.

    Attributes:
        name: unique in its study; the name of its folder.
        train: config below configs/.
        options: words of `--cfg-options`; `{checkpoint:NAME}` stands for the last checkpoint of an earlier run of the
            same seed, `{folder:NAME}` for its folder, `{seed}` for the seed.
        test: config to test with; None: the training config.
        test_options: words of `--cfg-options` of the test.
        scored: whether there is a test; a first stage may have none.
        tool: of tools/, which trains; `train.py` or one with the same flags. Numbers that it leaves in notes.json
            are metrics too.
        once: made with the first seed only, for the runs of all seeds.
        amp: whether it may be trained in mixed precision; MMPretrain's masked autoencoders may not on a CPU.
        home: name of the study that makes this run, where several studies show it; '' for the study's own.
        evaluates: name of an earlier run whose checkpoint is tested with the config `train`; nothing is trained.
            '' to train.
    """

    name: str
    train: str
    options: tuple[str, ...] = ()
    test: str | None = None
    test_options: tuple[str, ...] = ()
    scored: bool = True
    tool: str = 'train.py'
    once: bool = False
    amp: bool = True
    home: str = ''
    evaluates: str = ''

    def needs(self) -> list[str]:
        """Names of the runs whose checkpoints or folders this one asks for."""
        found = [name for option in (*self.options, *self.test_options) for _, name in re.findall(PLACE, option)]
        return [*found, *([self.evaluates] if self.evaluates else [])]

    def work_dir(self, study: str, seed: int) -> Path:
        """Folder of this run of a study and a seed, below that of all studies."""
        return Path(self.home or study, self.name, 'once' if self.once else f'seed{seed}')


@dataclass(frozen=True)
class Preparation:
    """A command line of tools/, such as ('make_synthetic.py', 'data/x', ...), and the file or folder that it makes."""

    makes: str
    command: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """How a study is shown in docs/results.md.

    Attributes:
        reference: run that the others are compared with.
        paper: what the paper has for a run.
        names: what a run is called in the table, where it is not its name.
        columns: metrics by their key, and what they are called; the first one is compared and drawn.
        not_drawn: runs that are left out of the plot, too far from the others.
        has_memory: whether the peak RAM of the process is shown, libraries and data included.
    """

    reference: str
    paper: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    columns: dict[str, str] = field(default_factory=lambda: dict(COCO))
    not_drawn: tuple[str, ...] = ()
    has_memory: bool = False


@dataclass(frozen=True)
class Study:
    """Runs in the order in which they are made.

    Attributes:
        name: name of the study and its folder.
        about: one sentence.
        runs: runs in order.
        seeds: each run is repeated with each of them.
        prepare: commands that make the data.
        table: how it is shown.
        rendered: whether all that it needs can be made here, so that `studies.py all` has it.
    """

    name: str
    about: str
    runs: tuple[Run, ...]
    seeds: tuple[int, ...] = (0,)
    prepare: tuple[Preparation, ...] = ()
    table: Table | None = None
    rendered: bool = True

    def __post_init__(self) -> None:
        seen: list[str] = []
        for run in self.runs:
            if run.name in seen:
                raise ValueError(f'{self.name}: two runs are called {run.name!r}: rename one')
            missing = [name for name in run.needs() if name not in seen]
            if missing:
                raise ValueError(f'{self.name}: run {run.name!r} needs {missing[0]!r}: put that one before it')
            seen.append(run.name)

    def find(self, name: str) -> Run:
        """Return the run of a name."""
        return next(run for run in self.runs if run.name == name)

    def pick(self, names: Sequence[str] | None) -> tuple[Run, ...]:
        """Return the runs of these names, in order; all of them for None.

        Raises:
            ValueError: a name that the study does not have.
        """
        known = [run.name for run in self.runs]
        unknown = [name for name in names or () if name not in known]
        if unknown:
            raise ValueError(f'{self.name} has no run {unknown[0]!r}: it has {", ".join(known)}')
        return tuple(run for run in self.runs if names is None or run.name in names)
