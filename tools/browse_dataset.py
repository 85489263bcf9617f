"""Draw what the training pipeline feeds: python tools/browse_dataset.py configs/coco/<name>.py --out-dir browse."""

from __future__ import annotations

import argparse
import sys

from vitpose_mm.utils.arguments import add_config_options, require_config, silence_known_warnings


def parse_args() -> argparse.Namespace:
    """Parse the command line; nothing heavy is imported before this returns, so that -h is quick."""
    parser = argparse.ArgumentParser(description='Draw augmented training samples with keypoints and heatmaps.')
    parser.add_argument('config', help='path of the config')
    parser.add_argument('--out-dir', default='browse', help='folder for the pictures (default: browse)')
    parser.add_argument('--number', type=int, default=20, help='samples of each dataset (default: 20)')
    parser.add_argument('--epoch', type=int, default=0, help='draw the augmentation of this epoch (default: 0)')
    parser.add_argument('--seed', type=int, default=0, help='draw the augmentation of a run of this seed (default: 0)')
    add_config_options(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    require_config(args)
    silence_known_warnings()
    from vitpose_mm.checks.preflight import check_data
    from vitpose_mm.datasets.browse import browse
    from vitpose_mm.engine.train import exit_on_user_error, read_config
    from vitpose_mm.utils.counted import counted

    cfg = read_config(args.config, args.cfg_options)
    with exit_on_user_error():
        cfg.work_dir = args.out_dir  # for corrected copies of labels
        notes = check_data(cfg, 'train')
        pictures, unreadable = browse(cfg, args.out_dir, number=args.number, epoch=args.epoch, seed=args.seed)
    for note in notes:
        print(note, file=sys.stderr)
    print(f'{counted(len(pictures), "picture")}\nwritten: {args.out_dir}')
    if unreadable:
        named = ', '.join(map(str, unreadable[:3]))
        print(
            f'{counted(len(unreadable), "image")} could not be read, and others replace them: {named}', file=sys.stderr
        )


if __name__ == '__main__':
    main()
