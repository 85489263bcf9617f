"""How many random inputs, and which: the same few in the ordinary tests, others at each `make fuzz`."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, seed, settings


class Fuzz(NamedTuple):
    """Number of inputs of each kind, and the seed that they are drawn with."""

    count: int
    seed: int


COUNT, SEED = (int(number) for number in os.environ.get('VITPOSE_MM_FUZZ', '0 0').split())
HANGS = 600  # seconds that a test of this folder may take in the ordinary tests, on a busy machine

settings.register_profile(
    'fuzz',
    max_examples=COUNT or 50,
    derandomize=not COUNT,
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
)
settings.load_profile('fuzz')


@pytest.fixture(scope='session')
def fuzz() -> Fuzz:
    """Of the tests that change bytes."""
    return Fuzz(COUNT or 200, SEED)


@pytest.fixture(autouse=True)
def a_hang_is_a_failure() -> Iterator[None]:
    """Bytes are opened in processes that are ended from outside; this is for the tests in this one."""

    def fail(*_: object) -> None:
        raise TimeoutError(f'more than {HANGS} seconds')

    before = signal.signal(signal.SIGALRM, fail)
    signal.alarm(0 if COUNT else HANGS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Draw hypothesis' inputs with the seed of `make fuzz`."""
    for item in items:
        inner = getattr(item, 'function', None)
        if COUNT and hasattr(inner, 'hypothesis'):
            seed(SEED)(inner)  # type: ignore[type-var]
