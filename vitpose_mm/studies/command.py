"""What tools/studies.py does: choose studies, say how long they take, run them, renew the page."""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from pathlib import Path

from ..utils.machine import count_cores
from ..utils.precision import cpu_has_bfloat16
from ..utils.steps import Say
from . import STUDIES, find_study
from .estimate import say_how_long
from .page import render, write_page
from .record import describe_machine
from .run import plan, read_done, run_studies, shrink, table
from .schedule import lock_folder
from .train_and_test import Setting

RECORDS = Path('docs/records')
PAGE = Path('docs/results.md')


def has_fast_bfloat16() -> bool:
    """Whether mixed precision is the faster one here."""
    import torch

    return torch.cuda.is_available() or cpu_has_bfloat16()


def command(args: argparse.Namespace, *, root: Path, say: Say) -> None:
    """Do what the arguments of tools/studies.py ask for.

    Raises:
        ValueError: a study or run that there is not, a number that is too small, or a folder in use.
        RuntimeError: a tool failed; names its log.
    """
    for name, numbers, least in (('--jobs', [args.jobs], 1), ('--seeds', args.seeds or [], 0)):
        for number in numbers:
            if number is not None and number < least:
                raise ValueError(f'{name} {number}: give {least} or more.')
    if args.study == 'page':
        write_page(root / PAGE, root / RECORDS)
        say(f'{root / PAGE} is written.')
        return
    os.environ.setdefault('OMP_NUM_THREADS', '1')
    whole = args.study == 'all'
    chosen = [study for study in STUDIES.values() if study.rendered] if whole else [find_study(args.study)]
    amp = has_fast_bfloat16() if args.amp is None else args.amp
    setting = Setting(root, args.out, amp=amp, facts=describe_machine(root))
    if args.quick:
        chosen = [shrink(study) for study in chosen]
        out = args.out / 'quick'  # the paths of data start there too, so that no real data is written over
        setting = replace(setting, out=out, cwd=out.resolve())
    shown = whole or args.page
    records = root / RECORDS if shown and not args.quick else setting.out / 'records'
    workers = args.jobs or count_cores()
    wanted = {'seeds': args.seeds, 'only': args.only, 'records': records}
    with lock_folder(setting.out):
        if shown:
            render((root / PAGE).read_text(encoding='utf-8'), records)  # a marker that is wrong is told now
        jobs = plan(chosen, setting, **wanted)
        known = records if args.quick else root / RECORDS  # a shrunk run has records of its own
        say_how_long(jobs, known, setting.facts['yardstick_seconds'], workers=workers, say=say)
        try:
            run_studies(chosen, setting, workers=workers, say=say, **wanted)
        finally:
            if shown:
                page = setting.out / PAGE.name if args.quick else root / PAGE
                write_page(root / PAGE, records, to=page)
                say(f'{page} is written.')
    if not whole:
        say(table(read_done(chosen[0], setting.out)))
