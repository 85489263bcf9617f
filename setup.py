"""Build hooks only; the metadata is in pyproject.toml."""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent


class BuildWithMim(build_py):
    """Put configs, tools and model-index.yml where mim looks for them, and the .pth beside the package."""

    def run(self) -> None:
        """Build the package, then add what setuptools does not know of; the source tree stays as it is."""
        if self.editable_mode:
            super().run()
            return  # requirements/install.py makes links instead
        build = Path(self.build_lib)
        shutil.rmtree(build / 'vitpose_mm', ignore_errors=True)  # what an earlier build left is not ours any more
        super().run()
        mim = build / 'vitpose_mm' / '.mim'
        for folder in ('configs', 'tools'):
            shutil.copytree(ROOT / folder, mim / folder, ignore=shutil.ignore_patterns('__pycache__', '*.pyc'))
        shutil.copy(ROOT / 'model-index.yml', mim)
        shutil.copy(ROOT / 'vitpose_mm.pth', build)


setup(cmdclass={'build_py': BuildWithMim})
