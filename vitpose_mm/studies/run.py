"""Run a study's trainings one after another: train, test, write the metrics; what is done is not done again."""

from __future__ import annotations

import ctypes
import json
import re
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from ..utils.files import write_json
from ..utils.steps import Say, Step, run_steps
from .study import PLACE, Preparation, Run, Study

PR_SET_PDEATHSIG = 1


def run_study(
    study: Study,
    out: Path,
    *,
    root: Path,
    seeds: Sequence[int] | None = None,
    only: Sequence[str] | None = None,
    amp: bool = False,
    say: Say = lambda text: None,
) -> list[dict]:
    """Run a study; return one record a run and seed: {run, seed, minutes, metrics}, all in <out>/<study>.json too.

    Stopped and started again it goes on: finished runs are read from their metrics.json, an unfinished training
    is resumed from its newest checkpoint.

    Args:
        study: study to run.
        out: folder of logs, checkpoints and results.
        root: folder that holds tools/ and configs/.
        seeds: seeds in place of the study's.
        only: names of the runs wanted; what they need has to be there.
        amp: train in mixed precision.
        say: called with a line for each step.

    Raises:
        ValueError: a run that the study does not have.
        RuntimeError: a tool failed; names its log.
    """
    runs = study.pick(only)
    folder = out / study.name
    steps = []
    for i, preparation in enumerate(study.prepare):
        marker = folder / f'prepared_{i}'  # what a stopped tool has made so far is there too
        make = partial(prepare, preparation, marker, root=root)
        steps.append(Step(' '.join(preparation.command), (Path(preparation.makes), marker), make))
    trainings: dict[Path, Step] = {}
    for seed in seeds or study.seeds:
        for run in runs:
            work_dir = folder / run.name / ('once' if run.once else f'seed{seed}')
            make = partial(train_and_test, run, work_dir, seed=seed, root=root, amp=amp)
            trainings.setdefault(work_dir, Step(f'{run.name}, seed {seed}', (work_dir / 'metrics.json',), make))
    run_steps([*steps, *trainings.values()], say=say)
    records = read_records(study, folder)
    write_json(records, out / f'{study.name}.json')
    return records


def prepare(preparation: Preparation, marker: Path, *, root: Path) -> None:
    """Run the tool that makes data or weights; the marker is there when it is done."""
    call_tool(root, preparation.command, log=marker.with_name(f'{marker.name}.log'))
    marker.touch()


def train_and_test(run: Run, work_dir: Path, *, seed: int, root: Path, amp: bool = False) -> None:
    """Train and test one run, and write its record to metrics.json in its work folder."""
    folder = work_dir.parents[1]
    start = time.perf_counter()
    options = [_fill(option, folder, seed) for option in (*run.options, f'randomness.seed={seed}')]
    config = root / 'configs' / run.train
    flags = ['--resume', *(['--amp'] if amp else [])]
    train: list[str | Path] = [run.tool, config, '--work-dir', work_dir, *flags, '--cfg-options', *options]
    call_tool(root, train, log=work_dir / 'train.log')
    notes = work_dir / 'notes.json'
    metrics = json.loads(notes.read_text()) if notes.exists() else {}
    if run.scored:
        found = work_dir / 'tested.json'
        config = root / 'configs' / (run.test or run.train)
        test: list[str | Path] = [
            'test.py',
            config,
            last_checkpoint(work_dir),
            '--work-dir',
            work_dir / 'test',
            '--out',
            found,
        ]
        options = [_fill(option, folder, seed) for option in run.test_options]
        call_tool(root, [*test, *(['--cfg-options', *options] if options else [])], log=work_dir / 'test.log')
        metrics |= json.loads(found.read_text())
    minutes = round((time.perf_counter() - start) / 60, 2)  # of this start, where it was resumed
    record = {'run': run.name, 'seed': seed, 'minutes': minutes, 'metrics': metrics}
    write_json(record, work_dir / 'metrics.json')


def _fill(option: str, folder: Path, seed: int) -> str:
    """Fill checkpoints and the seed into an option."""

    def find(match: re.Match[str]) -> str:
        kind, name = match.groups()
        work_dir = folder / name / 'once'
        work_dir = work_dir if work_dir.is_dir() else folder / name / f'seed{seed}'
        return last_checkpoint(work_dir) if kind == 'checkpoint' else str(work_dir)

    return re.sub(PLACE, find, option.replace('{seed}', str(seed)))


def last_checkpoint(work_dir: Path) -> str:
    """Return the path of the checkpoint that the training of a work folder ended with.

    Raises:
        RuntimeError: there is none.
    """
    if (work_dir / 'deploy.pth').is_file():  # of a distilled student
        return str(work_dir / 'deploy.pth')
    from ..checkpoints import newest_readable  # brings torch

    found = newest_readable(
        work_dir
    )  # a kill can leave last_checkpoint behind: empty, or with the name of an older file
    if found is None:
        raise RuntimeError(f'there is no checkpoint in {work_dir}: run that training first')
    return str(found)


def call_tool(root: Path, command: Sequence[str | Path], *, log: Path) -> None:
    """Run one of tools/ to its end, with all its output added to the log.

    Where this process is killed the tool stops, as by Ctrl-C: a second start would train in the same folder beside it.

    Raises:
        RuntimeError: it failed.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    tool, *arguments = map(str, command)
    with open(log, 'ab') as file:
        whole = [sys.executable, str(root / 'tools' / tool), *arguments]
        code = subprocess.run(whole, stdout=file, stderr=subprocess.STDOUT, preexec_fn=stop_with_parent).returncode
    if code:
        raise RuntimeError(f'{tool} ended with code {code}: {log} has the reason')


def stop_with_parent() -> None:
    """Have Linux send SIGINT to this process when its parent is gone.

    Not SIGTERM: a scheduler sends that to all processes, and a second one would end a training that is saving.
    """
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)


def read_records(study: Study, folder: Path) -> list[dict]:
    """Return the records of all runs that are done in a folder, by run and seed."""
    found = []
    for run in study.runs:
        records = [json.loads(path.read_text()) for path in (folder / run.name).glob('*/metrics.json')]
        found += sorted(records, key=lambda record: record['seed'])
    return found


def table(records: Sequence[dict]) -> str:
    """Return a Markdown table: mean and sample deviation of every metric over the seeds of a run."""
    lines = ['| run | seeds | metric | mean | deviation |', '|---|---|---|---|---|']
    for name in dict.fromkeys(record['run'] for record in records):
        own = [record['metrics'] for record in records if record['run'] == name]
        for metric in dict.fromkeys(key for metrics in own for key in metrics):
            values = [metrics[metric] for metrics in own if metric in metrics]
            spread = f'{statistics.stdev(values):.4f}' if len(values) > 1 else '-'
            lines.append(f'| {name} | {len(values)} | {metric} | {statistics.fmean(values):.4f} | {spread} |')
    return '\n'.join(lines)
