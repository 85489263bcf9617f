"""The tested range of every package that has to be there, and one sentence where one is not.

The mm packages are not hard requirements of our wheel (an environment that has them stays untouched),
so an import of this package looks at them instead of pip.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from importlib.util import find_spec
from pathlib import Path

PYTHON = ('3.11', '3.13')  # first supported version, first unsupported one; as in pyproject.toml
# module: (first supported version, first unsupported one, how to install it)
TESTED = {
    'torch': ('2.6', '2.13', 'pip install torch==2.11.0 torchvision==0.26.0'),
    'mmengine': ('0.10.7', '0.11', 'pip install mmengine==0.10.7'),
    'mmcv': ('2.0.1', '2.2', 'MMCV_WITH_OPS=1 pip install --no-cache-dir --no-build-isolation mmcv==2.1.0'),
    'mmdet': ('3.3.0', '3.4', 'pip install --no-deps mmdet==3.3.0'),
    'mmpose': ('1.3.2', '1.4', 'pip install --no-deps mmpose==1.3.2'),
}


class VersionProblem(RuntimeError):
    """A package that vitpose_mm needs is missing or untested.

    No ImportError: mmengine swallows those when it imports a scope, and would say instead that
    ``vitpose_mm.ViT`` is in no registry.
    """


def parse_version(text: str) -> tuple[int, ...]:
    """Return the leading numbers of a version: (2, 11, 0) for '2.11.0+cu130', (2, 6, 0) for '2.6.0rc1'."""
    match = re.match(r'\d+(\.\d+)*', text)
    return tuple(int(part) for part in match.group().split('.')) if match else ()


def installed_version(module: str) -> str | None:
    """Return the version of a module, whichever distribution brings it (forks have other names), or None."""
    try:
        return version(module)
    except PackageNotFoundError:
        owners = packages_distributions().get(module, [])
        return version(owners[0]) if owners else None


def has_compiled_ops() -> bool:
    """Whether the installed mmcv has its compiled extension: mmcv-lite and a build without ops have none."""
    spec = find_spec('mmcv')
    folders = spec.submodule_search_locations if spec else None
    return any(list(Path(folder).glob('_ext*')) for folder in folders or [])


def find_problem() -> str | None:
    """Return one sentence with the fix on an untested Python or the first missing or untested package, or None."""
    low, below = PYTHON
    if not parse_version(low) <= sys.version_info[:2] < parse_version(below):
        python = '.'.join(map(str, sys.version_info[:3]))
        return f'vitpose_mm needs Python>={low},<{below} and this is {python}: make an environment with Python {low}.'
    for module, (low, below, fix) in TESTED.items():
        have = installed_version(module)
        wanted = f'{module}>={low},<{below}'
        if have is None:
            return f'vitpose_mm needs {wanted} and it is not installed: run `{fix}`.'
        if not parse_version(low) <= parse_version(have) < parse_version(below):
            return f'vitpose_mm needs {wanted} and {have} is installed: run `{fix}`.'
    if not has_compiled_ops():
        return f'vitpose_mm needs mmcv with its compiled ops and this mmcv has none: run `{TESTED["mmcv"][2]}`.'
    return None


def check() -> None:
    """Raise VersionProblem with one sentence where the environment is not one we were tested in."""
    problem = find_problem()
    if problem:
        raise VersionProblem(problem)
