"""Timers: one heap, one sleeper, in order, and never late because another one was armed first."""

import asyncio

import pytest

from kapell.engine.timers import Timers
from kapell.kernel.events import to_micros
from kapell.testing.virtual_clock import VirtualClock


class Bell:
    """Timers, the clock that they watch, and what they have called."""

    def __init__(self, **options):
        self.clock = VirtualClock()
        self.rung = []
        self.timers = Timers(self.clock, self.ring, **options)
        self.start = to_micros(self.clock.now())

    def ring(self, run_id, entry, purpose):
        self.rung.append((run_id, entry, purpose, self.clock.monotonic()))

    def arm(self, run_id, seconds, entry=1, purpose="wait"):
        self.timers.arm(run_id, entry, purpose, self.start + round(seconds * 1_000_000))

    async def pass_time(self, seconds):
        await self.settle()
        self.clock.advance(seconds)
        await self.settle()

    @staticmethod
    async def settle():
        for _ in range(20):
            await asyncio.sleep(0)


@pytest.fixture
async def bell():
    bell = Bell()
    bell.timers.start()
    yield bell
    await bell.timers.close()


async def test_timers_fire_in_order_of_their_times(bell):
    for seconds in (3, 1, 2):
        bell.arm(f"run{seconds}", seconds)
    assert bell.timers.next_due == bell.start + 1_000_000
    for _ in range(3):
        await bell.pass_time(1)
    assert bell.rung == [("run1", 1, "wait", 1), ("run2", 1, "wait", 2), ("run3", 1, "wait", 3)]
    assert bell.timers.next_due is None


async def test_timers_of_the_same_time_fire_in_the_order_of_arming(bell):
    for number in range(5):
        bell.arm(f"run{number}", 1)
    await bell.pass_time(1)
    assert [run_id for run_id, *_ in bell.rung] == [f"run{number}" for number in range(5)]


async def test_a_timer_does_not_fire_a_microsecond_early(bell):
    bell.arm("run", 1.000001)
    await bell.pass_time(1)
    assert bell.rung == []
    await bell.pass_time(0.000001)
    assert len(bell.rung) == 1


async def test_an_earlier_timer_that_is_armed_later_is_not_late(bell):
    bell.arm("late", 100)
    await bell.settle()
    bell.arm("early", 1)
    await bell.pass_time(1)
    assert [run_id for run_id, *_ in bell.rung] == ["early"]


async def test_a_time_that_is_past_fires_at_once(bell):
    bell.arm("run", -5)
    await bell.settle()
    assert len(bell.rung) == 1


async def test_a_thousand_that_are_due_at_once_let_others_have_their_turn(bell):
    turns = []

    async def count():
        while True:
            turns.append(len(bell.rung))
            await asyncio.sleep(0)

    for number in range(1000):
        bell.arm(f"run{number}", 1)
    await bell.settle()
    counting = asyncio.create_task(count())
    await bell.pass_time(1)
    counting.cancel()
    assert len(bell.rung) == 1000
    assert len(set(turns)) >= 4


async def test_a_jump_of_the_clock_is_noticed_after_the_longest_sleep():
    bell = Bell(longest_sleep_seconds=30)
    bell.timers.start()
    bell.arm("run", 3600)
    await bell.settle()
    bell.clock.set_back(-7200)  # the machine slept; its timers did not go on meanwhile
    await bell.pass_time(30)
    assert [run_id for run_id, *_ in bell.rung] == ["run"]
    await bell.timers.close()


async def test_after_close_nothing_fires(bell):
    bell.arm("run", 1)
    await bell.settle()
    await bell.timers.close()
    await bell.pass_time(5)
    assert bell.rung == []
