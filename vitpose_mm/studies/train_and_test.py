"""Make one run of a study: train, test, write its record."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from ..utils.files import write_json
from ..utils.json_files import read_json
from .call import Cost, call_tool
from .record import describe_machine, hash_config, make_record, read_record
from .study import PLACE, Run, Study

Fill = Callable[[str], str]


@dataclass(frozen=True)
class Setting:
    """Where and how runs are made.

    Attributes:
        root: folder that holds tools/ and configs/.
        out: folder of logs, checkpoints and results.
        cwd: folder that the paths of data start at.
        amp: train in mixed precision what may be.
        facts: what every record bears of the machine.
    """

    root: Path
    out: Path
    cwd: Path = field(default_factory=Path.cwd)
    amp: bool = False
    facts: dict[str, Any] = field(default_factory=dict)


def train_and_test(run: Run, study: Study, seed: int, setting: Setting) -> None:
    """Train and test one run, and write its record to metrics.json in its work folder."""
    work_dir = (setting.out / run.work_dir(study.name, seed)).resolve()
    fill = partial(_fill, study=study, seed=seed, out=setting.out.resolve())
    cost, resumed, amp = Cost(), False, setting.amp and run.amp
    if run.evaluates:
        evaluated = setting.out / study.find(run.evaluates).work_dir(study.name, seed)
        amp = read_record(evaluated / 'metrics.json').get('amp', amp)
    else:
        cost, resumed = _train(run, seed, setting, work_dir, fill)
    notes = work_dir / 'notes.json'
    metrics = read_metrics(notes) if notes.exists() else {}
    if run.scored:
        cost += _test(run, setting, work_dir, fill)
        metrics |= read_metrics(work_dir / 'tested.json')
    facts = {
        'config': hash_config(setting.root / 'configs' / run.train, run.test_options if run.evaluates else run.options),
        'amp': amp,
        'resumed': resumed,  # cost and minutes are of the last start then
        **(setting.facts or describe_machine(setting.root)),
    }
    record = make_record(run, run.home or study.name, seed, metrics=metrics, cost=cost, facts=facts)
    write_json(record, work_dir / 'metrics.json')


def read_metrics(file: Path) -> dict[str, float]:
    """Read the numbers that a tool has written.

    Raises:
        ValueError: the file is damaged.
    """
    metrics = read_json(file, content='metrics of a test')[0]
    if not isinstance(metrics, dict) or any(type(value) not in (int, float) for value in metrics.values()):
        raise ValueError(f'{file} has other metrics than numbers: remove it, and start the study again to make it.')
    return metrics


def _train(run: Run, seed: int, setting: Setting, work_dir: Path, fill: Fill) -> tuple[Cost, bool]:
    """Train a run, from its newest checkpoint if there is one; return what it has cost, and whether there was one."""
    found: list[Path] = []

    def begin() -> bool:
        found.extend(work_dir.glob('*.pth'))
        return True

    options = [fill(option) for option in (*run.options, f'randomness.seed={seed}')]
    flags = ['--resume', *(['--amp'] if setting.amp and run.amp else []), '--cfg-options', *options]
    words: list[str | Path] = [run.tool, setting.root / 'configs' / run.train, '--work-dir', work_dir, *flags]
    cost = call_tool(setting.root, words, log=work_dir / 'train.log', cwd=setting.cwd, begin=begin)
    return cost, bool(found)


def _test(run: Run, setting: Setting, work_dir: Path, fill: Fill) -> Cost:
    """Test what a run ended with, or the run that it evaluates; the metrics go to tested.json."""
    config = setting.root / 'configs' / (run.test or run.train)
    checkpoint = fill(f'{{checkpoint:{run.evaluates}}}') if run.evaluates else last_checkpoint(work_dir)
    words: list[str | Path] = [
        'test.py',
        config,
        checkpoint,
        '--work-dir',
        work_dir / 'test',
        '--out',
        work_dir / 'tested.json',
    ]
    options = [fill(option) for option in run.test_options]
    words += ['--cfg-options', *options] if options else []
    return call_tool(setting.root, words, log=work_dir / 'test.log', cwd=setting.cwd)


def _fill(option: str, *, study: Study, seed: int, out: Path) -> str:
    """Fill checkpoints and the seed into an option."""

    def find(match: re.Match[str]) -> str:
        kind, name = match.groups()
        run = study.find(name)
        work_dir = out / run.work_dir(study.name, seed)
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

    # a kill can leave last_checkpoint behind: empty, or with the name of an older file
    found = newest_readable(work_dir)
    if found is None:
        raise RuntimeError(f'there is no checkpoint in {work_dir}: run that training first')
    return str(found)
