"""Tools stop with the study that has started them, and the next start waits until they have saved."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.helpers.study_tools import calls
from vitpose_mm.studies.call import call_tool


def test_a_tool_stops_with_a_study_that_is_killed(root: Path) -> None:
    (root / 'tools' / 'long.py').write_text(
        'import sys, time\n'
        "open('began', 'w').close()\n"
        "try:\n    time.sleep(100)\nexcept KeyboardInterrupt:\n    open('stopped', 'w').close()\n"
    )
    process = multiprocessing.get_context('fork').Process(
        target=call_tool, args=(root, ['long.py']), kwargs={'log': root / 'log'}
    )
    process.start()
    wait_for(root / 'began')
    process.kill()
    wait_for(root / 'stopped')


def wait_for(file: Path, *, seconds: float = 60) -> None:
    """Return when a file is there; fail when it does not come."""
    end = time.monotonic() + seconds
    while not file.exists():
        assert time.monotonic() < end, f'{file.name} does not come'
        time.sleep(0.05)


def test_a_second_start_waits_for_a_tool_that_is_still_saving(root: Path) -> None:
    code = (
        'import sys, time\nfrom pathlib import Path\n'
        'try:\n    Path(sys.argv[1]).touch(); time.sleep(100)\n'
        "except KeyboardInterrupt:\n    time.sleep(3); Path('saved').touch()\n"
    )
    (root / 'tools' / 'saves.py').write_text(code)
    (root / 'tools' / 'looks.py').write_text("from pathlib import Path\nassert Path('saved').exists()\n")
    process = multiprocessing.get_context('fork').Process(
        target=call_tool, args=(root, ['saves.py', 'began']), kwargs={'log': root / 'log'}
    )
    process.start()
    wait_for(root / 'began')
    process.kill()
    call_tool(root, ['looks.py'], log=root / 'log')


def test_ctrl_c_ends_the_waiting(root: Path) -> None:
    code = (
        'import fcntl, sys\nfrom pathlib import Path\nfrom vitpose_mm.studies.schedule import Job, run_jobs\n'
        'from vitpose_mm.studies.call import call_tool\nroot = Path(sys.argv[1])\n'
        "run = lambda: call_tool(root, ['train.py'], log=root / 'log')\n"
        "run_jobs([Job('a', root / 'a', (), (root / 'a',), run)], workers=1, say=print)\n"
    )
    with (root / 'log').open('ab') as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        waiting = subprocess.Popen(
            [sys.executable, '-W', 'ignore', '-c', code, str(root)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=Path(__file__).parents[2],
            start_new_session=True,
            text=True,
        )
        assert waiting.stdout is not None
        assert any('Waiting for the end of a tool' in line for line in waiting.stdout)
        time.sleep(0.3)
        os.killpg(waiting.pid, signal.SIGINT)
        assert waiting.wait(timeout=30) != 0
    assert calls(root) == []
