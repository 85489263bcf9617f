"""Convert a dataset's own release to the files that MMPose reads.

Examples:
    python tools/convert_dataset.py aic keypoint_train_annotations_20170902.json data/aic/annotations/aic_train.json
    python tools/convert_dataset.py mpii mpii_human_pose_v1_u12_1.mat data/mpii/annotations --val-images val.txt
"""

from __future__ import annotations

import argparse
import sys


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line; nothing heavy is imported before this returns, so that -h is quick."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    datasets = parser.add_subparsers(dest='dataset', required=True)
    aic = datasets.add_parser('aic', help='AI Challenger keypoints: one annotation file')
    aic.add_argument('source', metavar='SRC', help='keypoint_*_annotations_*.json')
    aic.add_argument('destination', metavar='DST', help='json file to write')
    aic.add_argument('--images', help='folder of the images, whose sizes are read (default: the one beside SRC)')
    mpii = datasets.add_parser('mpii', help='MPII human pose: all people of the training images')
    mpii.add_argument('source', metavar='SRC', help='mpii_human_pose_v1_u12_1.mat')
    mpii.add_argument('destination', metavar='DST', help='folder to write to')
    mpii.add_argument(
        '--val-images', help='file with names of validation images, one per line: writes train and val too'
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Convert and print how many people there are; return 1 where the source cannot be converted."""
    args = parse_args(argv)
    from vitpose_mm.datasets.convert.aic import convert_aic
    from vitpose_mm.datasets.convert.mpii import convert_mpii

    try:
        if args.dataset == 'aic':
            counts = convert_aic(args.source, args.destination, images=args.images)
        else:
            counts = convert_mpii(args.source, args.destination, val_images=args.val_images)
    except (ValueError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    print(', '.join(f'{name}: {count}' for name, count in counts.items()), f'written to {args.destination}', sep='; ')
    return 0


if __name__ == '__main__':
    sys.exit(main())
