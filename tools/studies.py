"""Run the trainings of a study one after another: python tools/studies.py multi_synthetic --out work_dirs/studies.

Stopped and started again it goes on where it was. Without a name it lists the studies.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def parse_args() -> argparse.Namespace:
    """Parse the command line; nothing heavy is imported before this returns, so that -h is quick."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('study', nargs='?', help='name of the study')
    parser.add_argument('--out', type=Path, default=Path('work_dirs/studies'), help='folder (default: %(default)s)')
    parser.add_argument('--seeds', type=int, nargs='+', help="instead of the study's")
    parser.add_argument('--only', nargs='+', metavar='RUN', help='these runs only')
    parser.add_argument(
        '--amp', action='store_true', help='train in mixed precision (a GPU, or a CPU with AMX or AVX512-BF16)'
    )
    return parser.parse_args()


def main() -> int:
    args = parse_args()
    from vitpose_mm.studies import STUDIES, find_study
    from vitpose_mm.studies.run import run_study, table

    if args.study is None:
        for study in STUDIES.values():
            print(f'{study.name}: {study.about}. Runs: {", ".join(run.name for run in study.runs)}')
        return 0

    def say(text: str) -> None:
        print(text, flush=True)

    try:
        study = find_study(args.study)
        records = run_study(study, args.out, root=ROOT, seeds=args.seeds, only=args.only, amp=args.amp, say=say)
    except (ValueError, RuntimeError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    print(table(records))
    return 0


if __name__ == '__main__':
    sys.exit(main())
