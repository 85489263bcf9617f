"""A longer job in steps that are done once: started again, it continues with the first step that is not done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmengine.dist import barrier

Say = Callable[[str], None]


@dataclass(frozen=True)
class Step:
    """One step.

    Args:
        title: its name for the user.
        files: files that it writes, the last one when all else is done; the step is done where all are there.
        run: function that does it.
        minutes: about how long it takes; None where it is not known.
    """

    title: str
    files: tuple[Path, ...]
    run: Callable[[], object]
    minutes: float | None = None

    @property
    def done(self) -> bool:
        """Whether an earlier start has done it."""
        return all(file.exists() for file in self.files)


def run_steps(steps: Sequence[Step], *, say: Say, repeat_later: bool = False) -> list[bool]:
    """Run steps in order; return for each whether it ran now. Those that are done are not run again.

    The processes of a distributed job wait for each other before and after each step, so that they decide alike.

    Args:
        steps: steps to run.
        say: gets a line a step.
        repeat_later: a step that runs makes all later ones run too: they were made from what it made before.
    """
    ran: list[bool] = []
    for number, step in enumerate(steps, 1):
        runs = not step.done
        barrier()
        if runs and repeat_later:
            for file in (file for later in steps[number - 1 :] for file in later.files):
                file.unlink(missing_ok=True)
        about = f': about {duration(step.minutes)}' if step.minutes is not None else ''
        say(f'[{number}/{len(steps)}] {step.title}' + (about if runs else ': done before'))
        if runs:
            step.run()
            barrier()
        ran.append(runs)
    return ran


def duration(minutes: float) -> str:
    """Return minutes as text: '20 seconds' or '1.5 minutes'."""
    if minutes < 1:
        return f'{max(round(minutes * 60 / 5), 1) * 5} seconds'
    return f'{minutes:g} minute' + ('s' if minutes != 1 else '')
