"""Distil a model as the arguments of tools/distill.py say."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from ..engine.train import exit_on_user_error, load_config, use_amp
from ..utils.files import explain_writing
from .run import Distillation


def distill(args: argparse.Namespace, *, say: Callable[[str], None]) -> None:
    """Train the deployed student in the work folder that the arguments of tools/distill.py name."""
    cfg = load_config(args)
    with exit_on_user_error(), explain_writing(cfg.work_dir):
        if args.teacher is not None:
            cfg.model.teacher_checkpoint = args.teacher
        cfg.model.setdefault('teacher_checkpoint', None)
        if args.token is not None:
            cfg.setdefault('token_tuning', {})
            cfg.token_tuning['file'] = args.token
        if args.amp:
            use_amp(cfg)
        Distillation(cfg, say=say).run(resume=args.resume)
