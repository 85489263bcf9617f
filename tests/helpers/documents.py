"""What README.md and docs/ say to type: their fenced code, their commands, and a tool's reading of one."""

from __future__ import annotations

import argparse
import re
import runpy
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


class Parsed(Exception):
    """The arguments of a tool were accepted."""


def blocks(text: str, language: str) -> list[str]:
    """The fenced code of a language."""
    return re.findall(rf'```{language}\n(.*?)```', text, flags=re.DOTALL)


def named_blocks(text: str) -> dict[str, str]:
    """The Python files of a page: "`name.py`:" and a fenced block below it."""
    return dict(re.findall(r'`(\w+\.py)`:\n\n```python\n(.*?)```', text, flags=re.DOTALL))


def commands(text: str) -> list[list[str]]:
    """Every command of every bash block as its words, continued lines joined, comments left out."""
    lines = '\n'.join(blocks(text, 'bash')).replace('\\\n', ' ').splitlines()
    return [words for line in lines if (words := shlex.split(line, comments=True))]


def parse(tool: str, words: list[str], monkeypatch: pytest.MonkeyPatch) -> argparse.Namespace:
    """Run a tool up to the point where it has read its arguments."""
    for name in ('parse_args', 'parse_intermixed_args'):
        original = getattr(argparse.ArgumentParser, name)

        def parse_and_stop(parser: argparse.ArgumentParser, *args: object, original: Any = original) -> None:
            raise Parsed(original(parser, *args))

        monkeypatch.setattr(argparse.ArgumentParser, name, parse_and_stop)
    monkeypatch.setattr(sys, 'argv', [tool, *words])
    with pytest.raises(Parsed) as parsed:
        runpy.run_path(str(ROOT / tool), run_name='__main__')
    return parsed.value.args[0]
