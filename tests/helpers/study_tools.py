"""Tools that write down how they are called instead of training, and a study of them."""

from __future__ import annotations

import json
from pathlib import Path

from vitpose_mm.studies.study import Preparation, Run, Study

TOOL = """
import json, shutil, sys
from pathlib import Path

arguments = sys.argv[1:]
with open({calls!r}, 'a') as file:
    file.write(json.dumps([Path(sys.argv[0]).name, *arguments]) + '\\n')
place = Path(arguments[arguments.index('--work-dir') + 1]) if '--work-dir' in arguments else None
if 'fail=1' in arguments and not Path({calls!r} + '.fixed').exists():
    sys.exit('a reason')
if '--work-dir' not in arguments:
    Path(arguments[0]).mkdir(exist_ok=True)
if '--resume' in arguments:
    shutil.copy({calls!r} + '.pth', place / 'epoch_3.pth')
    (place / 'last_checkpoint').write_text('')  # as a kill leaves it
if '--out' in arguments:
    seed = int(str(place.parent.name)[4:])
    Path(arguments[arguments.index('--out') + 1]).write_text(json.dumps({{'coco/AP': 0.5 + seed / 10}}))
"""

STAGES = Study(
    'two',
    '',
    (
        Run('token', 'a.py', scored=False),
        Run('student', 'b.py', ('x={checkpoint:token}',), 'c.py', ('y={seed}',)),
    ),
    seeds=(0, 2),
    prepare=(Preparation('data', ('make.py', 'data')),),
)


def calls(root: Path) -> list[list[str]]:
    """What was called since the last look."""
    lines = (root / 'calls').read_text().splitlines() if (root / 'calls').exists() else []
    (root / 'calls').unlink(missing_ok=True)
    return [json.loads(line) for line in lines]
