"""Parsed arguments of train.py and test.py, and a config that their flags change."""

from __future__ import annotations

import argparse
from typing import Any

DEFAULTS = dict(
    cfg_options={}, launcher='none', work_dir=None, show=False, show_dir=None, interval=1, wait_time=1.0,
    no_validate=False, amp=False, resume=None, auto_scale_lr=False, checkpoint=['a.pth'], dataset=None,
    badcase=False, dump=None, out=None,
)  # fmt: skip
TEXT = """
model = dict(head=dict(loss=dict(type='KeypointMSELoss')))
optim_wrapper = dict(optimizer=dict(type='AdamW', lr=1e-3))
default_hooks = dict(visualization=dict(type='PoseVisualizationHook', enable=False), badcase=dict(enable=False))
val_cfg = dict()
val_dataloader = dict(batch_size=2)
val_evaluator = dict(type='CocoMetric')
test_evaluator = dict(type='CocoMetric')
"""


def flags(**changes: Any) -> argparse.Namespace:
    """Parsed arguments with some flags given."""
    return argparse.Namespace(**{**DEFAULTS, **changes})
