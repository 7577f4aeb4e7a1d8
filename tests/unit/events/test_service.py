"""The event log: many requests in one transaction, answered when it is durable; following what arrives."""

from __future__ import annotations

import asyncio
import threading

import pytest

from kapell.clock import SystemClock
from kapell.engine.event_store import EventQuery
from kapell.errors import LimitExceededError, StorageError
from kapell.events.cloud_events import make_event
from kapell.events.service import EventLog
from kapell.testing.memory_events import EventMedium, MemoryEvents


class Held(MemoryEvents):
    """Events in memory that are written when it is let: what gathers meanwhile can be seen."""

    def __init__(self):
        super().__init__(EventMedium(threading.RLock()))
        self.calls = []
        self.may_write = threading.Event()
        self.may_write.set()
        self.error = None

    def append(self, events):
        assert self.may_write.wait(10)
        self.calls.append(len(events))
        if self.error is not None:
            raise self.error
        return super().append(events)


def make(number, kind="a"):
    return make_event({"specversion": "1.0", "id": str(number), "source": "/", "type": kind})


@pytest.fixture
def store():
    return Held()


@pytest.fixture
def log(store):
    return EventLog(store, SystemClock())


async def send(log, *numbers):
    return await log.append("n", [make(number) for number in numbers], via="api/p")


async def test_requests_that_come_together_share_a_transaction(log, store):
    store.may_write.clear()
    first = asyncio.create_task(send(log, 1))
    await asyncio.sleep(0.01)
    rest = [asyncio.create_task(send(log, number, number + 100)) for number in range(2, 12)]
    await asyncio.sleep(0.01)
    assert not first.done(), "nobody is answered before it is durable"
    store.may_write.set()
    assert await first == [1]
    assert [await task for task in rest] == [[number, number + 1] for number in range(2, 22, 2)]
    assert store.calls == [1, 20]


async def test_what_is_there_already_is_told(log):
    assert await send(log, 1, 2, 1) == [1, 2, 0]
    assert await send(log, 2) == [0]
    assert await log.append("other", [make(2)], via="api/p") == [3]
    assert await log.append("n", [], via="api/p") == []


async def test_a_refusal_reaches_all_who_wait_and_the_next_are_written(log, store):
    store.error = StorageError("The disk is full.")
    results = await asyncio.gather(send(log, 1), send(log, 2), return_exceptions=True)
    assert results == [store.error, store.error]
    store.error = None
    assert await send(log, 3) == [1]
    await log.settle()


async def test_who_has_gone_holds_nobody_up(log, store):
    store.may_write.clear()
    gone = asyncio.create_task(send(log, 1))
    stays = asyncio.create_task(send(log, 2))
    await asyncio.sleep(0.01)
    gone.cancel()
    store.may_write.set()
    assert await stays == [2]


async def test_an_event_that_is_too_large_concerns_only_its_sender(log, store):
    large = make_event({"specversion": "1.0", "id": "1", "source": "/", "type": "a"}, data="\u20ac" * 400_000)
    with pytest.raises(LimitExceededError):
        await log.append("n", [large], via="api/p")
    assert await send(log, 2) == [1]


async def test_one_transaction_holds_no_more_than_it_should(log, store):
    store.may_write.clear()
    tasks = [asyncio.create_task(send(log, *range(begin, begin + 900))) for begin in range(0, 5400, 900)]
    await asyncio.sleep(0.05)
    store.may_write.set()
    await asyncio.gather(*tasks)
    assert store.calls == [1800, 1800, 1800]


async def test_listeners_are_told_after_the_commit(log, store):
    told = []
    log.arrived.append(lambda position: told.append((position, store.last_position())))
    await send(log, 1, 2)
    await send(log, 1)
    await send(log, 3)
    assert told == [(2, 2), (3, 3)]


async def follow(log, into, where=None, after=None, **rest):
    where = where or EventQuery()
    async for found in log.follow(where, after, **rest):
        into.append(([event.event_id for event in found.events], found.position))


async def until(condition):
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 -- what is waited for is a list, as the test sees it
            await asyncio.sleep(0.005)


async def test_a_follower_sees_what_arrives_from_then_on(log):
    await send(log, 1)
    seen = []
    task = asyncio.create_task(follow(log, seen))
    await until(lambda: seen == [([], 1)])
    assert log.followers == 1
    await send(log, 2, 3)
    await until(lambda: len(seen) > 1)
    log.close()
    await task
    assert seen == [([], 1), (["2", "3"], 3)]
    assert log.followers == 0


async def test_a_follower_resumes_and_is_told_how_far_was_looked(log):
    await log.append("n", [make(1), make(2, "b"), make(3, "b"), make(4)], via="api/p")
    seen = []
    task = asyncio.create_task(follow(log, seen, EventQuery(types=frozenset({"b"})), after=2))
    await until(lambda: len(seen) == 2)
    log.close()
    await task
    assert seen == [([], 2), (["3"], 4)]


async def test_a_follower_reads_page_by_page(log, monkeypatch):
    monkeypatch.setattr("kapell.events.service._PAGE", 2)
    await send(log, 1, 2, 3, 4, 5)
    seen = []
    task = asyncio.create_task(follow(log, seen, after=0))
    await until(lambda: sum(len(ids) for ids, _ in seen) == 5)
    log.close()
    await task
    assert [ids for ids, _ in seen] == [[], ["1", "2"], ["3", "4"], ["5"]]


async def test_a_follower_finds_what_another_process_has_stored(log, store, monkeypatch):
    monkeypatch.setattr("kapell.events.service._LOOK_SECONDS", 0.01)
    seen = []
    task = asyncio.create_task(follow(log, seen))
    await until(lambda: seen)
    other = EventLog(store, SystemClock())
    await send(other, 1)
    await until(lambda: len(seen) > 1)
    log.close()
    await task
    assert seen[1] == (["1"], 1)


async def test_silence_is_broken_now_and_then(log, monkeypatch):
    monkeypatch.setattr("kapell.events.service._LOOK_SECONDS", 0.01)
    seen = []
    task = asyncio.create_task(follow(log, seen, silence_seconds=0.02))
    await until(lambda: len(seen) >= 3)
    log.close()
    await task
    assert set(map(str, seen)) == {"([], 0)"}


async def test_who_comes_after_the_end_is_sent_away(log):
    log.close()
    seen = []
    await asyncio.wait_for(follow(log, seen), 1)
    assert seen == [([], 0)]
