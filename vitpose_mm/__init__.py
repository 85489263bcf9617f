"""ViTPose as an MMPose extension package.

Importing it loads nothing heavy: it checks the versions of what has to be there, makes ``_base_ = 'vitpose_mm::...'``
known to mmengine, has mmengine read checkpoints safely and gives OpenCV our limit of an image's size. Classes are in
:mod:`vitpose_mm.models` and so on; configs reach them by name, as ``vitpose_mm.ViT``.
"""

import warnings

from . import _config_hook, _loader_hook, _opencv_limit, _versions
from .version import __version__

_versions.check()
_config_hook.install()
_loader_hook.install()
_opencv_limit.install()
warnings.filterwarnings('ignore', 'pkg_resources is deprecated as an API')  # mmcv and mmengine import it

__all__ = ['__version__']
