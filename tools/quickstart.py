"""Render people, train a detector and a small ViTPose on them, score both and draw pictures: 20 minutes on two cores.

Finished stages are kept: run it again to continue where it was stopped, or to see the table once more.
"""

import argparse
import sys
from pathlib import Path


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--fast', action='store_true', help='the same path in 5 minutes, with lower scores')
    parser.add_argument('--out', default='quickstart', help='folder for data, models, pictures (default: quickstart)')
    return parser.parse_args()


def main() -> int:
    args = parse_args()
    from vitpose_mm.utils.arguments import silence_known_warnings

    silence_known_warnings()
    from vitpose_mm.utils.machine import hide_gpus_without_ops

    def say(text: str) -> None:
        print(text, flush=True)

    hide_gpus_without_ops(say)
    from vitpose_mm.quickstart import run_quickstart

    try:
        configs = Path(__file__).resolve().parents[1] / 'configs' / 'quickstart'
        run_quickstart(args.out, configs, fast=args.fast, say=say)
    except (ValueError, OSError) as error:
        print(f'quickstart: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('stopped; run it again to go on', file=sys.stderr)
        return 130
    return 0


if __name__ == '__main__':
    sys.exit(main())
