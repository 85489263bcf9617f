"""Optional packages: one sentence where one is missing."""

from __future__ import annotations

from importlib.util import find_spec


def require(*names: str, extra: str) -> None:
    """Check that packages can be imported.

    Raises:
        ValueError: one is not installed.
    """
    missing = [name for name in names if find_spec(name) is None]
    if missing:
        raise ValueError(f'This needs {" and ".join(missing)}: pip install "vitpose_mm[{extra}]", or these alone.')
