"""Files that attack whoever opens them, each with what has to be said of it; ``marker`` is made where one ran code."""

from __future__ import annotations

from pathlib import Path

from .calls import attacks
from .case import Case
from .old_names import names_of_old_lists
from .others import not_files, old_format
from .pickles import broken_pickles, containers
from .structures import structures
from .tensors import safetensors_files, tensors
from .zips import zip_files


def all_cases(marker: Path) -> dict[str, Case]:
    """Every hostile file, and some good ones in odd dress."""
    return {
        **attacks(marker),
        **names_of_old_lists(marker),
        **broken_pickles(),
        **containers(),
        **tensors(),
        **zip_files(),
        **old_format(marker),
        **not_files(),
        **structures(),
        **safetensors_files(),
    }
