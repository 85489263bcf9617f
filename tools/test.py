"""Evaluate a checkpoint, or several whose heatmaps are averaged.

python tools/test.py configs/coco/<name>.py CHECKPOINT [--dump pred.pkl]
python tools/test.py configs/coco/<name>.py CHECKPOINT CHECKPOINT other.py=CHECKPOINT
"""

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
    parser = argparse.ArgumentParser(description='Evaluate a pose model.')
    parser.add_argument('config', help='path of the config')
    parser.add_argument(
        'checkpoint',
        nargs='+',
        help='path of the checkpoint; of several, the heatmaps are averaged (CONFIG.py=CHECKPOINT: of another model)',
    )
    parser.add_argument('--dataset', metavar='NAME', help='test on that part of the test set alone')
    parser.add_argument('--work-dir', help='folder for logs and results (default: work_dirs/<config name>)')
    parser.add_argument('--out', metavar='FILE', help='write the metrics to this .json, .yaml or .pkl file')
    parser.add_argument('--dump', metavar='FILE', help='write the predictions to this .pkl file')
    parser.add_argument('--badcase', action='store_true', help="collect the worst samples (mmpose's badcase hook)")
    add_pictures(parser)
    add_config_options(parser)
    add_launcher(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    require_config(args)
    export_local_rank(args)
    silence_known_warnings()
    from vitpose_mm.engine.test import test

    test(args)


if __name__ == '__main__':
    main()
