from __future__ import annotations

import time

import pytest
import torch
import torch.distributed as dist

from tests.helpers.processes import run_processes


def sum_of_ranks(scale: int) -> tuple[int, int, float]:
    total = torch.tensor([dist.get_rank() * scale])
    dist.all_reduce(total)
    return dist.get_rank(), dist.get_world_size(), total.item()


def fail_on_one() -> None:
    if dist.get_rank() == 1:
        raise KeyError('only here')
    time.sleep(60)  # as in a collective that the other never joins


def sleep_long() -> None:
    time.sleep(60)


def test_results_come_in_order_of_rank() -> None:
    assert run_processes(sum_of_ranks, 10) == [(0, 2, 10), (1, 2, 10)]


def test_a_failure_in_one_process_ends_all() -> None:
    with pytest.raises(RuntimeError, match=r"(?s)process 1 failed.*KeyError: 'only here'"):
        run_processes(fail_on_one)


def test_a_process_that_hangs_is_given_up() -> None:
    with pytest.raises(RuntimeError, match='did not end in time'):
        run_processes(sleep_long, num_processes=1, timeout=3)
