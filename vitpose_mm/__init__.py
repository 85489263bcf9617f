"""ViTPose as an MMPose extension package.

Importing it loads nothing heavy: it checks the versions of what has to be there, makes ``_base_ = 'vitpose_mm::...'``
known to mmengine and has mmengine read checkpoints safely. Classes are in :mod:`vitpose_mm.models` and so on; configs
reach them by name, as ``vitpose_mm.ViT``.
"""

from . import _config_hook, _loader_hook, _versions
from .version import __version__

_versions.check()
_config_hook.install()
_loader_hook.install()

__all__ = ['__version__']
