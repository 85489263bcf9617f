"""Every hostile file is refused in one sentence that names it; none runs code, hangs or takes much memory."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.helpers import hostile_files, pickle_bytes
from tests.helpers.hostile_files.calls import calls
from tests.helpers.open_hostile_files import open_all
from tests.helpers.processes import run_processes

CASES = hostile_files.all_cases(Path('marker'))


@pytest.fixture(scope='module')
def opened(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """All of them, opened one after another in a process of its own; and the folder."""
    folder = tmp_path_factory.mktemp('hostile')
    return folder, run_processes(open_all, str(folder), num_processes=1, timeout=600)[0]


@pytest.mark.slow
def test_no_file_runs_code_or_fills_the_memory(opened: tuple[Path, dict[str, Any]]) -> None:
    folder, found = opened
    assert len(CASES) >= 200 and found['results'].keys() == CASES.keys()
    assert not (folder / 'marker').exists()
    assert found['peak'] < 2e9
    assert max(one['seconds'] for one in found['results'].values()) < 20


@pytest.mark.slow
@pytest.mark.parametrize('name', CASES)
def test_a_hostile_file_is_refused_in_one_sentence(opened: tuple[Path, dict[str, Any]], name: str) -> None:
    found, says = opened[1]['results'][name], CASES[name][1]
    if says is None:
        assert found.get('loads') == 'dict', found
    else:
        assert re.search(says, found['says']) and found['file'] in found['says'], found
        assert found['says'].isprintable() and len(found['says']) < 500


@pytest.mark.parametrize('how', ['REDUCE', 'REDUCE eval', 'OBJ', 'INST', 'STACK_GLOBAL', 'DUP'])
def test_the_attacks_are_real(how: str, tmp_path: Path) -> None:
    """Python's unpickler runs them."""
    attack = calls(tmp_path / 'marker')[how]
    pickle_bytes.write_zip(tmp_path / 'a.pth', pickle_bytes.checkpoint(meta=attack))
    torch.load(tmp_path / 'a.pth', weights_only=False)
    assert (tmp_path / 'marker').exists()
