"""Data files that MMEngine loads by their suffix: none of them can run code."""

from __future__ import annotations

from typing import Any, NoReturn

import yaml
from mmengine.fileio import register_handler
from mmengine.fileio.handlers import PickleHandler, YamlHandler


class WriteOnlyPickleHandler(PickleHandler):
    """Writes pickles and reads none: an annotation file, a file of boxes or of results is to be JSON."""

    def load_from_fileobj(self, file: Any, **kwargs: Any) -> NoReturn:
        """Refuse the file.

        Raises:
            ValueError: always.
        """
        raise ValueError(
            'A .pkl file given as data (ann_file, bbox_file, ...) is not read, because it could run code: give a .json '
            'file. Who trusts the file can open it with pickle.load and write its content as JSON.'
        )


class SafeYamlHandler(YamlHandler):
    """Reads YAML of plain values; MMEngine's own makes objects of any Python class that the file names."""

    def load_from_fileobj(self, file: Any, **kwargs: Any) -> Any:
        """Read what a file holds."""
        kwargs.setdefault('Loader', yaml.SafeLoader)
        return yaml.load(file, **kwargs)


def install_data_handlers() -> None:
    """Have ``mmengine.load`` refuse pickles and read YAML safely, from here on in this process."""
    register_handler(['pkl', 'pickle'])(WriteOnlyPickleHandler)
    register_handler(['yaml', 'yml'])(SafeYamlHandler)
