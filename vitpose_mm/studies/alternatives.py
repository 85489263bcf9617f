"""Schedules in place of the cosine, and DARK in place of UDP, on rendered people."""

from __future__ import annotations

from .rendered import PEOPLE, REFERENCE, SEEDS, TESTED, TRAINED
from .study import Run, Study, Table

# the schedules of their configs are counted in steps, so a number of epochs does not fit them
OPTIONS = tuple(option for option in TRAINED if not option.startswith('param_scheduler'))


def changed(name: str, variant: str, *options: str) -> Run:
    """One epoch of the mini model with one thing changed, then the test."""
    config = f'rendered/vitpose_mini_{variant}_synthetic-128x96.py'
    return Run(name, config, (*OPTIONS, *options), test_options=TESTED)


ALTERNATIVES = Study(
    name='alternatives',
    about='the reference with another schedule of the same length, and with DARK in place of UDP',
    prepare=(PEOPLE,),
    seeds=SEEDS,
    runs=(
        REFERENCE,
        changed('steps', 'steps'),
        changed('one_cycle', 'one-cycle'),
        changed('dark', 'dark', 'param_scheduler.1.T_max=1'),
        changed('oks_scorer', 'oks-scorer', 'param_scheduler.1.T_max=1'),
    ),
    table=Table(reference='vit_classic', names={'vit_classic': 'cosine, UDP'}),
)

STUDIES = (ALTERNATIVES,)
