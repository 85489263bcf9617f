"""Good files with something changed: read, or refused in a sentence; nothing hangs, ends the process or is silent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fuzz.conftest import Fuzz
from tests.helpers.mutate_files import mutate
from tests.helpers.mutate_inputs import mutate_images, mutate_labels, mutate_released_labels
from tests.helpers.processes import run_processes


@pytest.mark.slow
@pytest.mark.parametrize(
    ('change', 'share'), [(mutate, 1), (mutate_images, 0.5), (mutate_labels, 0.25), (mutate_released_labels, 0.5)]
)
def test_changed_files(change: Callable, share: float, fuzz: Fuzz, tmp_path: Path) -> None:
    count = round(share * fuzz.count)  # fewer of what is slow
    patience = 120 + count  # seconds on a busy machine; what hangs is ended
    (found,) = run_processes(change, str(tmp_path), count, fuzz.seed, num_processes=1, timeout=patience)
    print(change.__name__, found['tally'], f'slowest {found["slowest"]:.1f} s')
    assert not found['wrong'], '\n'.join(found['wrong'][:5])
    assert found['slowest'] < 20
    assert len(found['tally']) > 1 and sum(found['tally'].values()) == count  # both outcomes are there
