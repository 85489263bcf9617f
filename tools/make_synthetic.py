"""Render pictures of people with COCO, AIC, MPII, CrowdPose and OCHuman-like labels.

Example: python tools/make_synthetic.py data/synthetic --images 1000 --val 200 --ochuman 100 --seed 0
"""

import argparse
import sys
import time

from vitpose_mm.utils.counted import counted
from vitpose_mm.utils.machine import count_cores


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('out', help='folder to write to')
    parser.add_argument('--images', type=int, required=True, help='number of training images')
    parser.add_argument('--seed', type=int, default=0, help='the same seed gives the same files')
    parser.add_argument('--val', type=int, default=0, help='number of validation images')
    parser.add_argument('--ochuman', type=int, default=0, help='number of images with heavy overlap')
    parser.add_argument('--workers', type=int, default=count_cores(), help='processes; 0 renders in this one')
    parser.add_argument('--size', type=int, nargs=2, default=(640, 480), metavar=('W', 'H'), help='pixels')
    return parser.parse_args()


def main() -> int:
    args = parse_args()
    from vitpose_mm.synthetic import generate

    start = time.perf_counter()
    try:
        persons = generate(args.out, args.images, seed=args.seed, val=args.val, ochuman=args.ochuman,
                           size=tuple(args.size), workers=args.workers)  # fmt: skip
    except (ValueError, OSError) as error:
        print(f'make_synthetic: {error}', file=sys.stderr)
        return 1
    for name, count in persons.items():
        print(f'{name}: {counted(count, "person", "people")} with keypoints')
    print(f'written to {args.out} in {time.perf_counter() - start:.0f} s')
    return 0


if __name__ == '__main__':
    sys.exit(main())
