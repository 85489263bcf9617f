"""Distil a student: python tools/distill.py configs/distillation/<name>.py --teacher CHECKPOINT [--resume]."""

from __future__ import annotations

import argparse

from vitpose_mm.utils.arguments import (
    add_config_options,
    add_launcher,
    export_local_rank,
    require_config,
    silence_known_warnings,
)


def parse_args() -> argparse.Namespace:
    """Parse the command line; nothing heavy is imported before this returns, so that -h is quick."""
    parser = argparse.ArgumentParser(
        description='Tune a knowledge token with a teacher, train a student with it, and write a model that stands '
        'alone: deploy.py and deploy.pth in the work folder.'
    )
    parser.add_argument('config', help='path of the config')
    parser.add_argument('--teacher', metavar='CHECKPOINT', help="the teacher's weights")
    parser.add_argument('--token', metavar='FILE', help='a tuned_token.pth of an earlier run, in place of stage 1')
    parser.add_argument('--work-dir', help='folder for all that is written (default: work_dirs/<config name>)')
    parser.add_argument('--resume', action='store_true', help='continue where this work folder was left')
    parser.add_argument(
        '--amp', action='store_true', help='train in mixed precision (a GPU, or a CPU with AMX or AVX512-BF16)'
    )
    add_config_options(parser)
    add_launcher(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    require_config(args)
    export_local_rank(args)
    silence_known_warnings()
    from vitpose_mm.distillation.command import distill

    distill(args, say=lambda text: print(text, flush=True))


if __name__ == '__main__':
    main()
