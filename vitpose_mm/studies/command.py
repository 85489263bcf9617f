"""What tools/studies.py does: choose studies, say how long they take, run them, renew the page."""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from pathlib import Path

from ..utils.machine import count_cores
from ..utils.steps import Say
from . import STUDIES, find_study
from .estimate import say_how_long
from .record import describe_machine
from .run import Setting, plan, read_done, run_studies, shrink, table

RECORDS = Path('docs/records')
PAGE = Path('docs/results.md')


def command(args: argparse.Namespace, *, root: Path, say: Say) -> None:
    """Do what the arguments of tools/studies.py ask for.

    Raises:
        ValueError: a study or run that there is not.
        RuntimeError: a tool failed; names its log.
    """
    chosen = [s for s in STUDIES.values() if s.rendered] if args.study == 'all' else [find_study(args.study)]
    os.environ.setdefault('OMP_NUM_THREADS', '1')
    workers = args.jobs or count_cores()
    setting = Setting(root, args.out, amp=args.amp)
    records = root / RECORDS if args.study == 'all' else args.out / 'records'
    if args.quick:
        chosen = [shrink(study) for study in chosen]
        out = args.out / 'quick'
        out.mkdir(parents=True, exist_ok=True)
        setting, records = replace(setting, out=out, cwd=out.resolve()), out / 'records'
    setting = replace(setting, facts=describe_machine(root))
    jobs = plan(chosen, setting, seeds=args.seeds, only=args.only, records=records)
    say_how_long(jobs, root / RECORDS, setting.facts['yardstick_seconds'], workers=workers, say=say)
    run_studies(chosen, setting, seeds=args.seeds, only=args.only, workers=workers, records=records, say=say)
    for study in chosen:
        say(f'{study.name}\n{table(read_done(study, setting.out))}')
