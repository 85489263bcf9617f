"""What the set-up prints: on a terminal one line that changes; into a file or a CI log a line every ten seconds."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

INTERVAL = 10  # seconds between two lines where there is no terminal
TAIL = 20_000  # bytes at the end of a log in which the last state is looked for


def say(text: str) -> None:
    """Print one line about the set-up."""
    print(f'[setup] {text}', flush=True)


def last_state(log: Path) -> str:
    """What a running step wrote last: '12 of 77 files compiled' by ninja, or pip's last line."""
    with log.open('rb') as file:
        file.seek(max(0, log.stat().st_size - TAIL))
        text = file.read().decode(errors='replace')
    counts = re.findall(r'^\s*\[(\d+)/(\d+)\]', text, flags=re.MULTILINE)
    if counts:
        done, total = counts[-1]
        return f'{done} of {total} files compiled'
    lines = [line.strip() for line in text.split('\n')]
    return next((line[:100] for line in reversed(lines) if line and not line.startswith('WARNING')), '')


def wait_for(process: subprocess.Popen[bytes], log: Path) -> int:
    """Wait for a process that writes into ``log`` and show how far it is; stop it when we are stopped."""
    start = time.monotonic()
    terminal = sys.stdout.isatty()
    try:
        while True:
            try:
                return process.wait(timeout=1 if terminal else INTERVAL)
            except subprocess.TimeoutExpired:
                minutes, seconds = divmod(int(time.monotonic() - start), 60)
                text = f'... {minutes}:{seconds:02} {last_state(log)}'
                if terminal:
                    print(f'\r\x1b[K[setup] {text}'[: shutil.get_terminal_size().columns + 3], end='', flush=True)
                else:
                    say(text)
    except BaseException:
        process.terminate()
        process.wait()
        raise
    finally:
        if terminal:
            print('\r\x1b[K', end='', flush=True)
