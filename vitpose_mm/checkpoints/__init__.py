"""The only place that opens a checkpoint file or knows foreign key names."""

from .conversion_report import Report
from .convert import convert, state_dict_of
from .load_hook import convert_on_load
from .reading import check_checkpoint, load_file, newest_readable
from .structure import CheckpointError

__all__ = [
    'CheckpointError',
    'Report',
    'check_checkpoint',
    'convert',
    'convert_on_load',
    'load_file',
    'newest_readable',
    'state_dict_of',
]
