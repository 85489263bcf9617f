"""Runs of jobs that are killed and gone on with, and what became of them."""

from __future__ import annotations

import os
import random
import select
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.helpers.forks import Forks
from tests.soak.jobs import ROOT, Job
from tests.soak.kills import Kill, Writes, draw_kill, kill_here

MAX_KILLS = 4  # of a run


@dataclass(frozen=True)
class Whole:
    """A run that was never killed: its result, seconds and writes."""

    result: str
    seconds: float
    writes: int


class Soak:
    """Kills jobs.

    Args:
        folder: for everything.
        jobs: what is killed, by turns.
        seed: of the kills.
        commands: share of attempts that are made by the real command line.
        say: gets a line for each kill and each run.
    """

    def __init__(
        self,
        folder: Path,
        jobs: Sequence[Job],
        *,
        seed: int = 0,
        commands: float = 0.0,
        say: Callable[[str], object] = str,
    ) -> None:
        self.folder, self.seed, self.commands, self.say = folder.resolve(), seed, commands, say
        self.jobs = jobs
        self.wholes: dict[str, Whole] = {}
        self.kills: Counter[str] = Counter()  # by job
        self.kinds: Counter[str] = Counter()
        self.runs: Counter[str] = Counter()
        self.failures: list[str] = []
        self.start = time.monotonic()

    def kill_often(self, number: int) -> None:
        """Make runs until the wanted number of kills has happened."""
        run = 0
        while self.kills.total() < number:
            run += 1
            self.run(run, at_most=number - self.kills.total())

    def run(self, number: int, *, at_most: int = MAX_KILLS) -> None:
        """Make a run of a job, kill it, continue it until it ends, and compare its result."""
        job = self.jobs[(number - 1) % len(self.jobs)]
        rng = random.Random(f'{self.seed} {number}')
        whole = self.whole(job)
        work_dir = self.folder / f'run{number}' / 'work'
        planned = min(rng.randint(2, MAX_KILLS), at_most)
        for _ in range(planned):
            kill = draw_kill(rng, seconds=whole.seconds, writes=whole.writes, num_processes=job.num_processes)
            if job.command and rng.random() < self.commands:
                codes = self.command(job, work_dir, rng.uniform(0, 10 + whole.seconds))
                kill = Kill('time', 0, 0.0, None)
                name = 'a real command'
            else:
                codes, name = self.attempt(job, work_dir, kill), str(kill)
            if -signal.SIGKILL not in codes:
                break
            self.kills[job.name] += 1
            self.kinds['a real command' if name == 'a real command' else kill.kind] += 1
            self.say(f'[{self.kills.total()}] run {number} ({job.name}): killed {name}; exit codes {codes}')
            if None in codes:
                return self.fail(number, job, 'the other process does not end')
        else:
            by_command = job.command and rng.random() < self.commands
            codes = self.command(job, work_dir, None) if by_command else self.attempt(job, work_dir, None)
        self.compare(number, job, work_dir, codes)

    def compare(self, number: int, job: Job, work_dir: Path, codes: list[int | None]) -> None:
        """Note how a run has ended."""
        self.runs[job.name] += 1
        if any(code != 0 for code in codes):
            return self.fail(number, job, 'is stuck' if None in codes else f'failed with exit codes {codes}')
        result = job.result(work_dir)
        if result != self.whole(job).result:
            return self.fail(number, job, f'ended with {result} and not with {self.whole(job).result}')
        self.say(f'run {number} ({job.name}): equal')
        shutil.rmtree(work_dir.parent)

    def fail(self, number: int, job: Job, reason: str) -> None:
        """Note a failure; its folder stays."""
        self.failures.append(f'run {number} ({job.name}) {reason}: see {self.folder}/run{number}')
        self.say(f'FAILED: {self.failures[-1]}')

    def whole(self, job: Job) -> Whole:
        """Result, seconds and writes of a job that is not killed; made once."""
        if job.name not in self.wholes:
            work_dir = self.folder / 'whole' / job.name.replace(' ', '_') / 'work'
            start = time.monotonic()
            codes = self.attempt(job, work_dir, None)
            seconds = time.monotonic() - start
            if any(code != 0 for code in codes):
                raise RuntimeError(f'{job.name} fails without a kill: see {work_dir.parent}/said')
            writes = int((work_dir.parent / 'writes').read_text())
            self.wholes[job.name] = Whole(job.result(work_dir), seconds, writes)
            self.say(f'{job.name}: {seconds:.1f} s, {writes} file events, result {self.wholes[job.name].result}')
        return self.wholes[job.name]

    def limit(self, job: Job) -> float:
        """Seconds that an attempt may take."""
        whole = self.wholes.get(job.name)
        return 300 if whole is None else 60 + 20 * whole.seconds

    def attempt(self, job: Job, work_dir: Path, kill: Kill | None) -> list[int | None]:
        """Fork a job, kill it, and return exit codes; None for a process that has not ended in time."""
        work_dir.parent.mkdir(parents=True, exist_ok=True)
        read, write = os.pipe()
        forks = Forks(
            run_watched, job, work_dir, kill, write, log=work_dir.parent / 'said', num_processes=job.num_processes
        )
        os.close(write)
        if kill is not None:
            wait_for(kill, forks, read, limit=self.limit(job))
            if forks.running and forks.seconds < self.limit(job):
                forks.send(signal.SIGKILL, rank=kill.rank)
        codes = forks.codes(limit=self.limit(job))
        forks.clear()
        os.close(read)
        return codes

    def command(self, job: Job, work_dir: Path, delay: float | None) -> list[int | None]:
        """Start a job by its command line, kill it after a number of seconds if one is given, and return exit codes."""
        assert job.command is not None
        work_dir.parent.mkdir(parents=True, exist_ok=True)
        with open(work_dir.parent / 'said', 'ab') as log:
            process = subprocess.Popen(
                job.command(work_dir), cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        try:
            return [process.wait(self.limit(job) if delay is None else delay)]
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            code = process.wait()
            return [None if delay is None else code]

    def summary(self) -> str:
        """All counts."""
        lines = [f'{name}: {self.runs[name]} runs, {number} kills' for name, number in self.kills.items()]
        kinds = ', '.join(f'{number} {kind}' for kind, number in self.kinds.items())
        stuck = sum('stuck' in text or 'does not end' in text for text in self.failures)
        equal = self.runs.total() - len(self.failures)
        lines += [
            f'{self.kills.total()} kills ({kinds}) in {(time.monotonic() - self.start) / 60:.1f} minutes',
            f'{equal} of {self.runs.total()} runs ended equal to those that were not killed, {stuck} were stuck',
            *self.failures,
        ]
        return '\n'.join(lines)


def run_watched(job: Job, work_dir: Path, kill: Kill | None, pipe: int) -> None:
    """In a forked process: do the job, be killed at a write or tell of it."""
    first = os.environ['RANK'] == '0'
    number = kill.write if kill is not None and kill.kind != 'time' and first else None
    here = kill is not None and kill.kind == 'before a write' and kill.rank is None and job.num_processes == 1
    writes = Writes(work_dir, number=number, function=kill_here if here else lambda: os.write(pipe, b'!'))

    sys.addaudithook(writes)
    job.run(work_dir)
    if first:
        (work_dir.parent / 'writes').write_text(str(writes.count))


def wait_for(kill: Kill, forks: Forks, pipe: int, *, limit: float) -> None:
    """Return when it is time to kill, or a process has ended."""
    if kill.kind != 'time':
        while forks.running and forks.seconds < limit and not select.select([pipe], [], [], 0.05)[0]:
            pass
    end = time.monotonic() + kill.delay
    while forks.running and time.monotonic() < end:
        time.sleep(min(0.05, max(end - time.monotonic(), 0)))
