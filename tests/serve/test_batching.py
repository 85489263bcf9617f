"""Requests of many clients go through the models together, and what does not fit is answered with 429."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.serve.conftest import Start, spots
from vitpose_mm.serve.batching import Batcher, Slots
from vitpose_mm.serve.errors import Busy
from vitpose_mm.serve.settings import ServeSettings


def test_clients_share_batches(start: Start) -> None:
    client = start(max_batch=4, max_wait=0.05)
    gate = client.models['first'].gate
    gate.clear()
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(client.predict, spots(bright=(0, 1)))
        assert client.models['first'].asked.wait(20)  # it is in the models, alone
        rest = [pool.submit(client.predict, spots(bright=(i, 1))) for i in range(1, 9)]
        time.sleep(1)
        gate.set()
        answers = [one.result().json() for one in (first, *rest)]
    assert [answer['instances'][0]['keypoints'][0] for answer in answers] == [[i, 1] for i in range(9)]
    sizes = client.models['first'].batches
    assert sizes[0] == 1 and max(sizes) == 4 and sum(sizes) == 9


def test_models_of_one_batch_are_not_mixed(start: Start) -> None:
    client = start(max_batch=8, max_wait=0.5)
    with ThreadPoolExecutor(6) as pool:
        jobs = [pool.submit(client.predict, spots(), model=name) for name in ('first', 'second') * 3]
        found = Counter(
            (job.result().json()['model'], job.result().json()['instances'][0]['keypoints'][0][0]) for job in jobs
        )
    assert found == {('first', 7.0): 3, ('second', 8.0): 3}


def test_a_full_server_says_so_at_once_and_serves_again(start: Start) -> None:
    client = start(max_queue=3)
    client.models['first'].gate.clear()
    with ThreadPoolExecutor(3) as pool:
        inside = [pool.submit(client.predict, spots()) for _ in range(3)]
        time.sleep(0.5)
        refused = client.predict(spots())
        assert client.get('/health').status_code == 200
        client.models['first'].gate.set()
        assert [one.result().status_code for one in inside] == [200] * 3
    assert refused.status_code == 429 and refused.headers['Retry-After'] == '1'
    assert refused.json() == {'error': 'The server has 3 requests already: try again in a second.'}
    assert client.predict(spots()).status_code == 200


def test_fifty_clients_are_all_answered(start: Start) -> None:
    """Each asks until it has its answer: 200 or 429, and no other, and no slot is lost on the way."""
    client = start(seconds=0.01, max_queue=16)

    def ask(number: int) -> Counter[int]:
        seen: Counter[int] = Counter()
        while not seen[200] and seen.total() < 500:
            answer = client.predict(spots(bright=(number % 20, 1)))
            seen[answer.status_code] += 1
            if answer.status_code == 200:
                assert answer.json()['instances'][0]['keypoints'][0] == [number % 20, 1]
        return seen

    with ThreadPoolExecutor(50) as pool:
        seen = sum(pool.map(ask, range(100)), Counter())
    assert seen[200] == 100 and set(seen) <= {200, 429}
    assert max(client.models['first'].batches) == 8


def test_a_client_that_goes_away_frees_its_slot(start: Start) -> None:
    client = start(max_queue=1, timeout=0.3)
    client.models['first'].gate.clear()
    assert client.predict(spots()).status_code == 429  # in time
    client.models['first'].gate.set()
    time.sleep(0.2)
    assert client.predict(spots()).status_code == 200


def test_slots_are_given_back_after_an_error() -> None:
    slots = Slots(1)
    with pytest.raises(ZeroDivisionError), slots.take():
        with pytest.raises(Busy), slots.take():
            pass
        raise ZeroDivisionError
    with slots.take():
        assert slots.taken == 1


def double(pairs: Sequence[tuple[int, int]]) -> list[int | Exception]:
    """The second stage: the first number, and the double of what the first stage made of it."""
    return [ValueError(str(job)) if job < 0 else job + 2 * found for job, found in pairs]


def test_an_error_is_raised_for_its_job_alone_and_one_of_the_batch_for_all() -> None:
    def add_one(jobs: Sequence[int]) -> list[int | Exception]:
        if 13 in jobs:
            raise RuntimeError('thirteen')
        return [LookupError(str(job)) if job == 7 else job + 1 for job in jobs]

    async def ask(*jobs: int) -> list[int | BaseException]:
        async with Batcher(add_one, double, max_batch=8, max_wait=0.01) as batcher:
            return await asyncio.gather(*map(batcher.submit, jobs), return_exceptions=True)

    assert list(map(repr, asyncio.run(ask(1, -2, 7, 3)))) == ['5', "ValueError('-2')", "LookupError('7')", '11']
    assert list(map(repr, asyncio.run(ask(13, 1)))) == ["RuntimeError('thirteen')"] * 2


def test_the_stages_overlap_and_no_batch_is_further_ahead() -> None:
    """The second stage of one batch ends only when the first stage has seen the next one."""
    seen: list[list[int]] = []
    next_was_seen = threading.Event()

    def note(jobs: Sequence[int]) -> list[int]:
        seen.append(list(jobs))
        if len(seen) == 2:
            next_was_seen.set()
        return list(jobs)

    def wait(pairs: Sequence[tuple[int, int]]) -> list[int | Exception]:
        assert next_was_seen.wait(20)
        if pairs[0][0] == 0:
            time.sleep(0.2)
            assert len(seen) == 2  # the third batch waits for a free second stage
        return double(pairs)

    async def ask() -> list[int]:
        async with Batcher(note, wait, max_batch=2, max_wait=0) as batcher:
            return await asyncio.gather(*map(batcher.submit, range(6)))

    assert asyncio.run(ask()) == [0, 3, 6, 9, 12, 15]
    assert seen == [[0, 1], [2, 3], [4, 5]]


def test_a_job_that_is_cancelled_goes_no_further() -> None:
    """It is cancelled while it is in the first stage; the others of its batch are answered."""
    inside, seen = threading.Event(), []

    def stay(jobs: Sequence[int]) -> list[int]:
        inside.set()
        time.sleep(0.2)
        return list(jobs)

    def note(pairs: Sequence[tuple[int, int]]) -> list[int | Exception]:
        seen.extend(job for job, _ in pairs)
        return double(pairs)

    async def ask() -> list[int | BaseException]:
        async with Batcher(stay, note, max_batch=2, max_wait=0.1) as batcher:
            tasks = [asyncio.create_task(batcher.submit(job)) for job in (1, 2)]
            await asyncio.to_thread(inside.wait, 20)
            tasks[0].cancel()
            return await asyncio.gather(*tasks, return_exceptions=True)

    answers = asyncio.run(ask())
    assert isinstance(answers[0], asyncio.CancelledError) and answers[1] == 6
    assert seen == [2]


@pytest.mark.parametrize(
    ('fault', 'sentence'),
    [
        ({'max_batch': 0}, '--max-batch 0 is not possible: give more than 0.'),
        ({'timeout': -1.0}, '--timeout -1.0 is not possible: give more than 0.'),
        ({'max_wait': -1.0}, '--max-wait -1.0 is not possible: give seconds, 0 or more.'),
        ({'port': 70_000}, '--port 70000 does not exist: give one from 0 (any that is free) to 65535.'),
        ({'label_studio': 'file:///etc'}, '--label-studio file:///etc is not an address: give http://NAME:PORT.'),
    ],
)
def test_impossible_settings_are_one_sentence(fault: dict, sentence: str) -> None:
    with pytest.raises(ValueError) as error:
        ServeSettings(**fault)
    assert str(error.value) == sentence


def test_which_addresses_only_this_machine_reaches() -> None:
    hosts = {'127.0.0.1': True, 'localhost': True, '::1': True, '127.8.0.1': True, '0.0.0.0': False, 'name': False}
    assert {host: ServeSettings(host=host).is_loopback for host in hosts} == hosts
