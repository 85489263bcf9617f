"""The only place that opens a checkpoint file or knows foreign key names."""

from .adopt import adopt
from .convert import convert, state_dict_of
from .reading import judge, load_file, newest_readable
from .report import Report
from .structure import CheckpointError

__all__ = ['CheckpointError', 'Report', 'adopt', 'convert', 'judge', 'load_file', 'newest_readable', 'state_dict_of']
