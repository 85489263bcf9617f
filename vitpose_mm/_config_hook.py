"""Let ``_base_ = 'vitpose_mm::...'`` be resolved in any process, without importing this package.

mmengine resolves such a name through a table of known packages, ``MODULE2PACKAGE``, and refuses all
others (mmengine#1410). ``vitpose_mm.pth`` runs this file when Python starts: it imports nothing but
sys, and waits for ``mmengine.config.utils`` to be imported to add our line to that table. It never
raises: a Python that cannot start because of us would be worse than a config that is not found.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

TABLE = 'mmengine.config.utils'
NAME = 'vitpose_mm'


class AddName:
    """A finder that has the others find mmengine's module and adds our name once that has run."""

    adds = NAME
    module = TABLE

    def find_spec(
        self, fullname: str, path: 'Sequence[str] | None' = None, target: 'ModuleType | None' = None
    ) -> 'ModuleSpec | None':
        """Return the spec of mmengine's module with our step behind its own, None for every other module."""
        if fullname != self.module:
            return None
        try:
            others = [finder for finder in sys.meta_path if not hasattr(finder, 'adds')]
            specs = [spec for finder in others if (spec := finder.find_spec(fullname, path, target))]
            loader: Any = specs[0].loader
            run = loader.exec_module

            def run_and_add(module: 'ModuleType') -> None:
                run(module)
                self.add()

            loader.exec_module = run_and_add
            return specs[0]
        except Exception:
            return None

    def add(self) -> None:
        """Do our step, now that the module is there."""
        install()


def install() -> None:
    """Add the name now where mmengine is loaded, else as soon as it is. Calling it again does nothing."""
    try:
        if TABLE in sys.modules:
            sys.modules[TABLE].MODULE2PACKAGE.setdefault(NAME, NAME)
        elif not any(getattr(finder, 'adds', None) == NAME for finder in sys.meta_path):
            sys.meta_path.insert(0, AddName())
    except Exception:
        return


install()
