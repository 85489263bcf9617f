"""Runs of a study one after another: train, test, write down; what is done already is not done again."""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ..utils.files import write_json
from .study import PLACE, Run, Study

Say = Callable[[str], None]


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
    """Study -> one record a run and seed: {run, seed, minutes, metrics}; all are in <out>/<study>.json too.

    Stopped and started again it goes on: finished runs are read from their metrics.json, an unfinished training
    is resumed from its newest checkpoint.

    Args:
        study: what to run.
        out: folder of logs, checkpoints and results.
        root: folder that holds tools/ and configs/.
        seeds: instead of the study's.
        only: names of the runs wanted; what they need has to be there.
        amp: train in mixed precision.
        say: is told what happens.

    Raises:
        ValueError: a run that the study has not.
        RuntimeError: a tool failed; names its log.
    """
    runs = study.pick(only)
    folder = out / study.name
    for i, step in enumerate(study.prepare):
        done = folder / f'prepared_{i}'  # what a stopped tool has made so far is there too
        if not (done.exists() and Path(step.makes).exists()):
            say(' '.join(step.command))
            call_tool(root, step.command, log=folder / f'prepare_{i}.log')
            done.touch()
    for seed in seeds or study.seeds:
        for run in runs:
            make(run, folder, seed=seed, root=root, amp=amp, say=say)
    records = read_records(study, folder)
    write_json(records, out / f'{study.name}.json')
    return records


def make(run: Run, folder: Path, *, seed: int, root: Path, say: Say, amp: bool = False) -> None:
    """Train and test one run, unless its metrics.json is there."""
    place = folder / run.name / ('once' if run.once else f'seed{seed}')
    if (place / 'metrics.json').exists():
        return
    say(f'{run.name}, seed {seed}')
    start = time.perf_counter()
    options = [_fill(option, folder, seed) for option in (*run.options, f'randomness.seed={seed}')]
    config = root / 'configs' / run.train
    flags = ['--resume', *(['--amp'] if amp else [])]
    train: list[str | Path] = [run.tool, config, '--work-dir', place, *flags, '--cfg-options', *options]
    call_tool(root, train, log=place / 'train.log')
    notes = place / 'notes.json'
    metrics = json.loads(notes.read_text()) if notes.exists() else {}
    if run.scored:
        found = place / 'tested.json'
        config = root / 'configs' / (run.test or run.train)
        test: list[str | Path] = [
            'test.py',
            config,
            last_checkpoint(place),
            '--work-dir',
            place / 'test',
            '--out',
            found,
        ]
        options = [_fill(option, folder, seed) for option in run.test_options]
        call_tool(root, [*test, *(['--cfg-options', *options] if options else [])], log=place / 'test.log')
        metrics |= json.loads(found.read_text())
    minutes = round((time.perf_counter() - start) / 60, 2)  # of this start, where it was resumed
    record = {'run': run.name, 'seed': seed, 'minutes': minutes, 'metrics': metrics}
    write_json(record, place / 'metrics.json')


def _fill(option: str, folder: Path, seed: int) -> str:
    """Option -> the same with checkpoints and seed in it."""

    def find(match: re.Match[str]) -> str:
        kind, name = match.groups()
        place = folder / name / 'once'
        place = place if place.is_dir() else folder / name / f'seed{seed}'
        return last_checkpoint(place) if kind == 'checkpoint' else str(place)

    return re.sub(PLACE, find, option.replace('{seed}', str(seed)))


def last_checkpoint(place: Path) -> str:
    """Work folder -> path of the checkpoint that its training ended with.

    Raises:
        RuntimeError: there is none.
    """
    if (place / 'deploy.pth').is_file():  # of a distilled student
        return str(place / 'deploy.pth')
    note = place / 'last_checkpoint'
    if not note.is_file():
        raise RuntimeError(f'there is no checkpoint in {place}: run that training first')
    return str(place / Path(note.read_text().strip()).name)


def call_tool(root: Path, command: Sequence[str | Path], *, log: Path) -> None:
    """One of tools/ and its arguments -> its end, with all it says added to the log.

    Raises:
        RuntimeError: it failed.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    tool, *arguments = map(str, command)
    with open(log, 'ab') as file:
        whole = [sys.executable, str(root / 'tools' / tool), *arguments]
        code = subprocess.run(whole, stdout=file, stderr=subprocess.STDOUT).returncode
    if code:
        raise RuntimeError(f'{tool} ended with code {code}: {log} says why')


def read_records(study: Study, folder: Path) -> list[dict]:
    """Folder -> records of all runs that are done, by run and seed."""
    found = []
    for run in study.runs:
        records = [json.loads(path.read_text()) for path in (folder / run.name).glob('*/metrics.json')]
        found += sorted(records, key=lambda record: record['seed'])
    return found


def table(records: Sequence[dict]) -> str:
    """Records -> Markdown: mean and sample deviation of every metric over the seeds of a run."""
    lines = ['| run | seeds | metric | mean | deviation |', '|---|---|---|---|---|']
    for name in dict.fromkeys(record['run'] for record in records):
        own = [record['metrics'] for record in records if record['run'] == name]
        for metric in dict.fromkeys(key for metrics in own for key in metrics):
            values = [metrics[metric] for metrics in own if metric in metrics]
            spread = f'{statistics.stdev(values):.4f}' if len(values) > 1 else '-'
            lines.append(f'| {name} | {len(values)} | {metric} | {statistics.fmean(values):.4f} | {spread} |')
    return '\n'.join(lines)
