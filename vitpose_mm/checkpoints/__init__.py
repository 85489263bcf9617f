"""The only place that opens a checkpoint file or knows foreign key names."""

from .reading import CheckpointError, judge, load_file, newest_readable

__all__ = ['CheckpointError', 'judge', 'load_file', 'newest_readable']
