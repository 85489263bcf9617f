"""Run the trainings of a study and write their records: python tools/studies.py decoders --out work_dirs/studies.

`all` runs every study on rendered people and renews docs/results.md, as `--page` does after one study; `page` renews
the page alone. Started again after a stop, it continues. Without a name it lists the studies.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def parse_args() -> argparse.Namespace:
    """Parse the command line; nothing heavy is imported before this returns, so that -h is quick."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('study', nargs='?', help='name of a study, `all` or `page`')
    parser.add_argument('--out', type=Path, default=Path('work_dirs/studies'), help='folder (default: %(default)s)')
    parser.add_argument('--seeds', type=int, nargs='+', help="instead of the study's")
    parser.add_argument('--only', nargs='+', metavar='RUN', help='these runs only')
    parser.add_argument('--jobs', type=int, help='runs at a time (default: as many as there are cores)')
    parser.add_argument(
        '--quick', action='store_true', help='a few images, one epoch, one seed, to try whether all of it runs'
    )
    parser.add_argument(
        '--amp',
        action=argparse.BooleanOptionalAction,
        help='train in mixed precision (default: on a GPU, or a CPU with AMX or AVX512-BF16)',
    )
    parser.add_argument(
        '--page', action='store_true', help='add the records to docs/records and renew docs/results.md (`all` does)'
    )
    args = parser.parse_args()
    names = ('seeds', 'only', 'jobs', 'quick', 'amp', 'page')
    given = [f'--{name}' for name in names if getattr(args, name) is not None and getattr(args, name) is not False]
    if given and args.study in (None, 'page'):
        parser.error(f'{given[0]} is for a study: name one, or `all`')
    return args


def main() -> int:
    args = parse_args()
    from vitpose_mm.studies import STUDIES
    from vitpose_mm.studies.command import command

    if args.study is None:
        for study in STUDIES.values():
            print(f'{study.name}: {study.about}. Runs: {", ".join(run.name for run in study.runs)}')
        return 0

    try:
        command(args, root=ROOT, say=lambda text: print(text, flush=True))
    except (ValueError, RuntimeError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('Stopped: the same command goes on from here.', file=sys.stderr)
        return 130
    return 0


if __name__ == '__main__':
    sys.exit(main())
