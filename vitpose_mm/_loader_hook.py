"""Have every checkpoint of a process that imports this package read safely, without importing torch for it.

MMPoseInferencer('vitpose_base', scope='vitpose_mm') loads the weights before it builds a class of ours, so our
registry module, which guards the loading otherwise, would come too late: MMEngine's own loader runs code of a file
under old versions of torch, and refuses the numpy arrays in MMPose's files under new ones.
"""

from __future__ import annotations

import sys

from ._config_hook import AddName

LOADER = 'mmengine.runner.checkpoint'


class GuardLoading(AddName):
    """A finder that replaces mmengine's loaders by ours once they are there."""

    adds = 'safe loading'
    module = LOADER

    def add(self) -> None:
        """Register our loaders."""
        from .checkpoints import safe_loader

        # that module imports mmengine's, and may have got no further than that: then its importer registers
        if hasattr(safe_loader, 'install_safe_loader'):
            safe_loader.install_safe_loader()


def install() -> None:
    """Register our loaders now where mmengine's are loaded, else as soon as they are."""
    if LOADER in sys.modules:
        GuardLoading().add()
    elif not any(isinstance(finder, GuardLoading) for finder in sys.meta_path):
        sys.meta_path.insert(0, GuardLoading())
