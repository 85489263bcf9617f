"""A storage backend for checkpoints that a kill or a full disk cannot damage."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from mmengine.fileio.backends import LocalBackend

NAME = 'vitpose_mm'


class AtomicLocalBackend(LocalBackend):
    """MMEngine's local files, written beside, flushed to the disk, and renamed when they are complete.

    MMEngine's CheckpointHook removes an old checkpoint before it writes the new one, which with ``max_keep_ckpts=1``,
    and for the best one, would leave none where that fails: a file that is removed goes after the next one is written.

    Chosen in a config by ``default_hooks.checkpoint.backend_args = dict(backend='vitpose_mm')``.
    """

    removed: ClassVar[list[Path]] = []  # MMEngine makes a new backend for each file

    def remove(self, filepath: str | Path) -> None:
        """Remove a file as soon as another one is written."""
        self.removed.append(Path(filepath))

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write bytes to a file that is complete or does not change.

        Raises:
            ValueError: the disk is full, or the folder cannot be written to.
        """
        file = Path(filepath)
        part = file.with_name(f'.{file.name}.{os.getpid()}.part')
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            for old in file.parent.glob(f'.{file.name}.*.part'):
                old.unlink(missing_ok=True)  # of a run that was killed while it wrote
            with part.open('wb') as stream:
                stream.write(obj)
                stream.flush()
                os.fsync(stream.fileno())
            part.replace(file)
            while self.removed:
                if (old := self.removed.pop()) != file:
                    old.unlink(missing_ok=True)
        except OSError as error:
            self.removed.clear()
            reason = error.strerror or error
            raise ValueError(
                f'{file} cannot be written ({reason}): earlier checkpoints in {file.parent} are untouched; make room '
                f'or allow writing there, then run the same command with --resume.'
            ) from error
        finally:
            with suppress(OSError):  # there is none, or its folder is gone
                part.unlink()
