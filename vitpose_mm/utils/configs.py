"""Configs by file or by name, and their text."""

from __future__ import annotations

from mmengine.config import Config
from mmengine.hub import get_config


def open_config(name: str) -> Config:
    """Read a config, from a file or ``package::path`` inside an installed OpenMMLab package.

    Raises:
        FileNotFoundError: there is none.
    """
    return get_config(name) if '::' in name else Config.fromfile(name)


class QuickTextConfig(Config):
    """A config whose text is formatted once: MMEngine formats it again for every checkpoint, which takes a second."""

    @classmethod
    def of(cls, cfg: Config) -> QuickTextConfig:
        """Make one that shares the content of a config (not a copy)."""
        quick = cls.__new__(cls)
        quick.__dict__.update(cfg.__dict__)
        return quick

    @property
    def pretty_text(self) -> str:
        """MMEngine's text of the config as it is now."""
        content = self._make_text(formatted=False)
        known = self.__dict__.get('_known_text', ('', ''))
        if known[0] != content:
            known = (content, self._make_text(formatted=True))
            self.__dict__['_known_text'] = known
        return known[1]

    def _make_text(self, *, formatted: bool) -> str:
        plain = Config.__new__(Config)
        plain.__dict__.update(self.__dict__, _format_python_code=formatted and self._format_python_code)
        return str(plain.pretty_text)
