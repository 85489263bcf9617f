"""Train a model of a config: python tools/train.py configs/coco/<name>.py [--amp] [--resume]."""

from __future__ import annotations

import argparse

from vitpose_mm.utils.arguments import (
    add_config_options,
    add_launcher,
    add_pictures,
    export_local_rank,
    require_config,
    silence_known_warnings,
)


def parse_args() -> argparse.Namespace:
    """Parse the command line; nothing heavy is imported before this returns, so that -h is quick."""
    parser = argparse.ArgumentParser(description='Train a pose model.')
    parser.add_argument('config', help='path of the config')
    parser.add_argument('--work-dir', help='folder for logs and checkpoints (default: work_dirs/<config name>)')
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        metavar='CHECKPOINT',
        help='go on from this checkpoint, or without a path from the newest one in the work folder',
    )
    parser.add_argument(
        '--amp', action='store_true', help='train in mixed precision (a GPU, or a CPU with AMX or AVX512-BF16)'
    )
    parser.add_argument('--no-validate', action='store_true', help='do not evaluate during training')
    parser.add_argument(
        '--auto-scale-lr',
        action='store_true',
        help="scale the learning rate to the batch size (the config's base)",
    )
    add_pictures(parser)
    add_config_options(parser)
    add_launcher(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    require_config(args)
    export_local_rank(args)
    silence_known_warnings()
    from vitpose_mm.engine.train import train

    train(args)


if __name__ == '__main__':
    main()
