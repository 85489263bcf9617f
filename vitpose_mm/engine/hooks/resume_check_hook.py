"""Check that a training is resumed from a state that fits it, and removes its own files alone."""

from __future__ import annotations

import os
import re
from typing import Any

from mmengine.hooks import CheckpointHook, Hook

from ...registry import HOOKS
from ..resume_check import check_resume

OWN_FILE = re.compile(r'best_[^/\\]+')


@HOOKS.register_module()
class ResumeCheckHook(Hook):
    """Checks a checkpoint before a training is resumed from it.

    - What does not fit the model, the optimizer or the schedules is an error; MMEngine logs it, or trains on.
    - MMEngine removes the best checkpoint so far when there is a better one, and takes its path from the file that
      is resumed from. After a move or a copy of the work folder that is another run's: only a file of that name in
      the work folder of this run is kept in mind.
    """

    priority = 'VERY_HIGH'  # before hooks that use what the checkpoint holds

    def after_load_checkpoint(self, runner: Any, checkpoint: dict) -> None:
        """Check a checkpoint to resume from, and correct the paths in it.

        Raises:
            ValueError: it does not fit.
        """
        if getattr(runner, '_resume', False):
            check_resume(runner, checkpoint)
            keep_own_files(runner, checkpoint['message_hub'])


def keep_own_files(runner: Any, message_hub: dict[str, Any]) -> None:
    """Keep only the best checkpoints that are in the run's own folder in a checkpoint's message hub, in place.

    Args:
        runner: runner that resumes.
        message_hub: its ``runtime_info`` holds paths (best_ckpt...) and epochs (keep_ckpt_ids) of files to remove.
    """
    info, folder = message_hub['runtime_info'], checkpoint_folder(runner)
    for key in [key for key in info if str(key).startswith('best_ckpt')]:
        name = re.split(r'[/\\]', str(info[key]))[-1]
        own = os.path.join(folder, name)
        if OWN_FILE.fullmatch(name) and os.path.exists(own):
            info[key] = own
        else:
            _forget(message_hub, key)
    kept = info.get('keep_ckpt_ids')
    if kept is not None and not (isinstance(kept, list) and all(type(number) is int for number in kept)):
        _forget(message_hub, 'keep_ckpt_ids')


def _forget(message_hub: dict[str, Any], key: str) -> None:
    for part in ('runtime_info', 'resumed_keys'):
        message_hub[part].pop(key, None)


def checkpoint_folder(runner: Any) -> str:
    """Return the folder that a runner's CheckpointHook writes to."""
    hooks = [hook for hook in runner.hooks if isinstance(hook, CheckpointHook)]
    out_dir = hooks[0].out_dir if hooks else None
    if out_dir is None or os.path.abspath(out_dir) == os.path.abspath(runner.work_dir):
        return str(runner.work_dir)
    return os.path.join(out_dir, os.path.basename(str(runner.work_dir).rstrip(os.sep)))
