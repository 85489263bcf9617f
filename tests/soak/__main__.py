"""Kill trainings again and again and resume them: python tests/soak [--kills 100].

Each run of a job is killed up to four times at random moments, is gone on with each time, and has to end with the
same hash as one that was never killed, within a time limit. A run's kills follow from the seed and its number:
`--run 17` repeats that run alone (kills by time fall a little earlier or later).
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from types import ModuleType


def parse_args(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--kills', type=int, default=100, help='number (default: %(default)s)')
    parser.add_argument('--seed', type=int, default=0, help='of the moments (default: %(default)s)')
    parser.add_argument('--run', type=int, help='only the run of this number')
    parser.add_argument('--jobs', default='', help='only the jobs whose names begin so, with | between them')
    parser.add_argument('--commands', type=float, default=0.1, help='share of attempts by the real command line')
    parser.add_argument('--out', type=Path, help='folder to work in (default: a temporary one, kept after failures)')
    return parser.parse_args(arguments)


def main() -> int:
    args = parse_args()
    tests = ModuleType('tests')  # this folder, whatever else is installed by that name
    tests.__path__ = [str(Path(__file__).resolve().parents[1])]
    sys.modules['tests'] = tests
    os.environ['OMP_NUM_THREADS'] = '1'  # before torch is there: forks may have no threads
    from vitpose_mm.utils.arguments import silence_known_warnings

    silence_known_warnings()
    from tests.helpers.warm_python import shortcuts
    from tests.soak.jobs import make_jobs
    from tests.soak.soak import Soak

    folder = args.out or Path(tempfile.mkdtemp(prefix='soak'))

    def say(text: str) -> None:
        print(text, flush=True)

    with shortcuts():
        jobs = make_jobs(folder, args.jobs)
        soak = Soak(folder, jobs, seed=args.seed, commands=args.commands, say=say)
        if args.run is None:
            soak.kill_often(args.kills)
        else:
            soak.run(args.run)
    print(soak.summary())
    return int(bool(soak.failures))


if __name__ == '__main__':
    sys.exit(main())
