"""Twenty kills; `make soak` makes a hundred, of distillations, studies and commands too."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tests.helpers.warm_python import shortcuts
from tests.soak.jobs import Job, hash_of, make_jobs
from tests.soak.kills import Kill, draw_kill
from tests.soak.soak import Soak


@pytest.mark.slow
def test_twenty_kills(tmp_path: Path) -> None:
    said: list[str] = []
    with shortcuts():
        soak = Soak(tmp_path, make_jobs(tmp_path, 'train, 0|train, 2'), say=said.append)
        soak.kill_often(20)
    assert not soak.failures, '\n'.join([*said, *soak.failures])
    assert soak.kills.total() == 20
    assert set(soak.kills) == {'train, 0 workers', 'train, 2 workers', 'train, 2 processes'}
    assert set(soak.kinds) == {'time', 'in a write', 'before a write'}
    results = {name: whole.result for name, whole in soak.wholes.items()}
    assert results['train, 0 workers'] == results['train, 2 workers'] != results['train, 2 processes']


def count_to_ten(work_dir: Path) -> None:
    """Go on counting in a file, until 10."""
    work_dir.mkdir(parents=True, exist_ok=True)
    file = work_dir / 'count'
    for number in range(int(file.read_text()) if file.exists() else 0, 10):
        part = file.with_suffix('.part')
        part.write_text(str(number + 1))
        part.replace(file)
        time.sleep(0.02)


def lose_the_count(work_dir: Path) -> None:
    """Start again, and count on after 10."""
    (work_dir / 'again').parent.mkdir(parents=True, exist_ok=True)
    with open(work_dir / 'again', 'a') as file:
        file.write('x')
    count_to_ten(work_dir)


def hang_the_second_time(work_dir: Path) -> None:
    time.sleep(100 * (work_dir / 'count').exists())
    count_to_ten(work_dir)


def fail_the_second_time(work_dir: Path) -> None:
    if (work_dir / 'count').exists():
        raise ValueError('no way to go on')
    count_to_ten(work_dir)


def read_all(work_dir: Path) -> str:
    return ''.join(path.read_text() for path in sorted(work_dir.iterdir()))


@pytest.mark.parametrize(
    ('run', 'reason'),
    [
        (count_to_ten, None),
        (lose_the_count, 'ended with'),
        (hang_the_second_time, 'is stuck'),
        (fail_the_second_time, 'failed'),
    ],
)
def test_what_goes_wrong_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Callable[[Path], None], reason: str | None
) -> None:
    monkeypatch.setattr(Soak, 'limit', lambda self, job: 5)
    monkeypatch.setattr('tests.soak.soak.draw_kill', lambda *args, **kwargs: Kill('before a write', 4, 0.0, None))
    soak = Soak(tmp_path, [Job('count', run, read_all)])
    soak.run(1)
    assert soak.kills.total() > 0
    if reason is None:
        assert not soak.failures
    else:
        (failure,) = soak.failures
        assert reason in failure and failure in soak.summary()
    assert ('0 were stuck' in soak.summary()) == (reason != 'is stuck')


def test_kills_follow_from_their_seed() -> None:
    first, second, other = (
        [str(draw_kill(rng, seconds=9, writes=50, num_processes=2)) for _ in range(20)]
        for rng in map(random.Random, (1, 1, 2))
    )
    assert first == second != other
    assert any(text.startswith('process 1 after') for text in first)


def test_the_hash_sees_every_number() -> None:
    state = {'a': torch.zeros(2), 'b': [1, {'c': 2.0}]}
    others = [{**state, 'a': torch.tensor([0.0, 1e-45])}, {**state, 'b': [1, {'c': 2.5}]}, {'a': state['a']}]
    assert len({hash_of(one) for one in (state, *others)}) == 4
    assert hash_of(dict(state)) == hash_of(state)
