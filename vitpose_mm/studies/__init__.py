"""Studies: sets of trainings to compare, declared as data, and the code that runs them and writes their tables."""

from __future__ import annotations

from . import alternatives, distillation, multi_dataset, pretraining, real_people, rendered
from .study import Study

__all__ = ['STUDIES', 'Study', 'find_study']

GROUPS = (rendered, alternatives, multi_dataset, distillation, pretraining, real_people)
STUDIES: dict[str, Study] = {study.name: study for group in GROUPS for study in group.STUDIES}


def find_study(name: str) -> Study:
    """Return the study of a name.

    Raises:
        ValueError: there is none of that name.
    """
    if name not in STUDIES:
        raise ValueError(f'there is no study {name!r}: there are {", ".join(STUDIES)}')
    return STUDIES[name]
