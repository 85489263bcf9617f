"""What mmengine expects every OpenMMLab package to have in ``utils``; nothing heavy is imported here."""

from .setup_env import register_all_modules

__all__ = ['register_all_modules']
