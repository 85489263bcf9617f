from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import progress
import pytest


@pytest.mark.parametrize(
    ('log', 'state'),
    [
        ('', ''),
        ('Collecting torch\n  Downloading torch-2.11.0.whl (530.6 MB)\n\n', 'Downloading torch-2.11.0.whl (530.6 MB)'),
        ('  [1/77] g++ -c a.cpp\n  [12/77] g++ -c b.cpp\n  warning: c.cpp\n', '12 of 77 files compiled'),
        ('Collecting numpy\nWARNING: a mirror is slow\n', 'Collecting numpy'),
        ('Installing ' + 'a' * 300, 'Installing ' + 'a' * 89),
    ],
)
def test_last_state(log: str, state: str, tmp_path: Path) -> None:
    (tmp_path / 'log').write_text(log)
    assert progress.last_state(tmp_path / 'log') == state


def test_only_the_end_of_a_log_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, 'TAIL', 100)
    (tmp_path / 'log').write_text('[77/77] linked\n' + 'é' * 60 + '\nProcessing wheel\n')
    assert progress.last_state(tmp_path / 'log') == 'Processing wheel'


def wait(seconds: float, log: Path) -> int:
    log.write_text('Downloading torch\n')
    return progress.wait_for(
        subprocess.Popen([sys.executable, '-c', f'import time; time.sleep({seconds}); raise SystemExit(3)']), log
    )


def test_a_line_every_interval_without_a_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(progress, 'INTERVAL', 0.3)
    assert wait(1, tmp_path / 'log') == 3
    lines = capfd.readouterr().out.splitlines()
    assert lines
    assert all(re.fullmatch(r'\[setup\] \.\.\. 0:0\d Downloading torch', line) for line in lines)


def test_a_terminal_keeps_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(sys.stdout, 'isatty', lambda: True)
    monkeypatch.setenv('COLUMNS', '30')
    assert wait(1.5, tmp_path / 'log') == 3
    text = capfd.readouterr().out
    assert '\n' not in text
    *states, end = text.split('\r\x1b[K')[1:]
    assert states and end == ''
    assert all(re.fullmatch(r'\[setup\] \.\.\. 0:0\d Downloading ', state) for state in states)  # 29 characters


def test_an_interrupt_takes_the_child_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(text: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(progress, 'INTERVAL', 0.05)
    monkeypatch.setattr(progress, 'say', interrupt)
    (tmp_path / 'log').touch()
    process = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])
    with pytest.raises(KeyboardInterrupt):
        progress.wait_for(process, tmp_path / 'log')
    assert process.poll() not in (None, 0)
