"""The clock of the test kit: time passes when it is told to, and only then."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from kapell.testing.virtual_clock import VirtualClock

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def clock():
    return VirtualClock()


async def settle():
    for _ in range(5):
        await asyncio.sleep(0)


class Sleepers:
    """Tasks that sleep, and the order and time in which they woke."""

    def __init__(self, clock):
        self.clock = clock
        self.woken = []
        self.tasks = []

    async def add(self, name, seconds):
        async def sleep():
            await self.clock.sleep(seconds)
            self.woken.append((name, self.clock.monotonic()))

        self.tasks.append(asyncio.create_task(sleep()))
        await settle()


@pytest.fixture
def sleepers(clock):
    return Sleepers(clock)


def test_it_stands_still(clock):
    assert clock.now() == clock.now() == START
    assert clock.monotonic() == 0


def test_it_begins_where_it_is_told_to():
    start = datetime(1999, 12, 31, 23, 59, tzinfo=UTC)
    clock = VirtualClock(start)
    clock.advance(60)
    assert clock.now() == datetime(2000, 1, 1, tzinfo=UTC)


async def test_advancing_wakes_those_whose_time_has_come_in_order(clock, sleepers):
    await sleepers.add("late", 10)
    await sleepers.add("early", 3)
    await sleepers.add("also early", 3)
    clock.advance(2.9)
    await settle()
    assert sleepers.woken == []
    clock.advance(0.1)
    await settle()
    assert sleepers.woken == [("early", 3), ("also early", 3)]
    clock.advance(3600)
    await settle()
    assert sleepers.woken[2:] == [("late", 3603)]


async def test_advancing_to_the_next_moment_goes_exactly_there(clock, sleepers):
    await sleepers.add("year", 365 * 86_400 + 0.000_001)
    await sleepers.add("second", 1)
    assert clock.advance_to_next()
    await settle()
    assert [name for name, _ in sleepers.woken] == ["second"]
    assert clock.advance_to_next()
    assert clock.now() == START + timedelta(days=365, microseconds=1)
    await settle()
    assert [name for name, _ in sleepers.woken] == ["second", "year"]
    assert not clock.advance_to_next()


async def test_who_was_cancelled_is_not_waited_for(clock, sleepers):
    await sleepers.add("cancelled", 5)
    sleepers.tasks[0].cancel()
    await settle()
    assert not clock.advance_to_next()
    assert clock.monotonic() == 0
    await sleepers.add("cancelled too", 5)
    await sleepers.add("alive", 5)
    sleepers.tasks[1].cancel()
    clock.advance(5)
    await settle()
    assert sleepers.woken == [("alive", 5)]


@pytest.mark.parametrize("seconds", [0, -1])
async def test_sleeping_for_nothing_returns_without_time_passing(clock, seconds):
    await clock.sleep(seconds)
    assert clock.monotonic() == 0


async def test_turning_the_wall_clock_back_leaves_spans_and_waits_alone(clock, sleepers):
    await sleepers.add("a", 10)
    clock.set_back(3600)
    assert clock.now() == START - timedelta(hours=1)
    assert clock.monotonic() == 0
    clock.advance(10)
    await settle()
    assert sleepers.woken == [("a", 10)]


async def test_driven_it_passes_by_itself_but_never_while_something_is_outstanding(clock):
    outstanding = 0
    seen = []

    async def work():
        nonlocal outstanding
        for _ in range(7):
            await clock.sleep(86_400)
            outstanding += 1
            before = clock.now()
            await asyncio.sleep(0.002)
            seen.append(clock.now() - before)
            outstanding -= 1

    driver = asyncio.create_task(clock.drive(lambda: outstanding == 0))
    await asyncio.gather(work(), clock.sleep(3 * 3600))
    driver.cancel()
    assert seen == [timedelta()] * 7
    assert clock.now() == START + timedelta(days=7)
