"""Training checkpoints that ``torch.load`` opens anywhere."""

from __future__ import annotations

from typing import Any

from mmengine.hooks import Hook

from ...checkpoints.plain import to_plain
from ...registry import HOOKS


@HOOKS.register_module()
class PlainCheckpointHook(Hook):
    """Writes numpy arrays and log histories of a checkpoint as lists, numbers and tensors; our loader restores them.

    So ``torch.load`` of 2.6 and later, and with it MMEngine's and MMPose's own tools, open our training checkpoints
    in a process that has not imported this package.
    """

    priority = 'LOWEST'  # after hooks that write something of their own

    def before_save_checkpoint(self, runner: Any, checkpoint: dict) -> None:
        """Change the checkpoint in place."""
        checkpoint.update(to_plain(checkpoint))
