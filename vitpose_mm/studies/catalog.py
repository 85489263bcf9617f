"""The studies there are, by name."""

from __future__ import annotations

from . import distillation, multi_dataset
from .study import Study

STUDIES: dict[str, Study] = {study.name: study for study in (*multi_dataset.STUDIES, *distillation.STUDIES)}


def find_study(name: str) -> Study:
    """Name -> study.

    Raises:
        ValueError: there is none of that name.
    """
    if name not in STUDIES:
        raise ValueError(f'there is no study {name!r}: there are {", ".join(STUDIES)}')
    return STUDIES[name]
