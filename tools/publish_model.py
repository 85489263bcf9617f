"""Strip a training checkpoint to what others need: weights and dataset meta; no optimizer, schedulers, logs, config."""

from __future__ import annotations

import argparse
import sys


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument('source', metavar='SRC', help='checkpoint of a training run')
    parser.add_argument('destination', metavar='DST', help='.pth or .safetensors file to write')
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Publish and print the sizes."""
    args = parse_args(argv)
    from vitpose_mm.checkpoints.writing import publish_file

    try:
        before, after = publish_file(args.source, args.destination)
    except ValueError as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    print(f'{args.source}: {before / 1e6:.1f} MB -> {args.destination}: {after / 1e6:.1f} MB')
    return 0


if __name__ == '__main__':
    sys.exit(main())
