"""The duty that makes heads and hands them over, on a clock that the test moves."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from kapell.audit.errors import WitnessError
from kapell.audit.head_keeper import HeadKeeper


class TestClock:
    __test__ = False

    def __init__(self):
        self.seconds = 0.0
        self.sleepers = []

    def now(self):
        return datetime(2026, 1, 31, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self):
        return self.seconds

    async def sleep(self, seconds):
        woken = asyncio.get_running_loop().create_future()
        self.sleepers.append((self.seconds + seconds, woken))
        await woken

    async def advance(self, seconds, duties):
        """Go on by steps of a second; each waits until all duties sleep again."""
        for _ in range(int(seconds)):
            self.seconds += 1
            due = [sleeper for sleeper in self.sleepers if sleeper[0] <= self.seconds]
            self.sleepers = [sleeper for sleeper in self.sleepers if sleeper[0] > self.seconds]
            for _, woken in due:
                woken.set_result(None)
            await self.settle(duties)

    async def settle(self, duties):
        async with asyncio.timeout(20):
            while len(self.sleepers) < duties:  # noqa: ASYNC110 -- threads are awaited, too
                await asyncio.sleep(0.001)


class MemoryWitness:
    def __init__(self):
        self.name = "memory"
        self.sizes = []
        self.refusals = 0

    def send(self, head):
        if self.refusals:
            self.refusals -= 1
            raise WitnessError("The witness is away.")
        self.sizes.append(head.statement.size)


@pytest.fixture
def witness():
    return MemoryWitness()


@pytest.fixture
async def running(log, witness):
    clock = TestClock()
    keeper = HeadKeeper(log, [witness], clock, seconds=60, records=100)
    task = asyncio.create_task(keeper.run())
    await clock.settle(2)
    yield keeper, clock
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_a_witness_has_each_record_within_a_minute(log, make, running, witness):
    keeper, clock = running
    for number in (1, 2, 3):
        log.record([make.entry(number)])
        await clock.advance(61, 2)
        assert witness.sizes[-1] == number
    await clock.advance(61, 2)
    assert witness.sizes == [1, 2, 3]
    (health,) = keeper.list_witnesses()
    assert (health.witnessed, health.trouble, keeper.trouble) == (3, None, None)


async def test_many_records_do_not_wait(log, make, running, witness):
    _, clock = running
    log.record([make.entry(number) for number in range(100)])
    await clock.advance(2, 2)
    assert witness.sizes == [100]


async def test_a_witness_that_was_away_gets_the_newest_head(log, make, running, witness):
    keeper, clock = running
    witness.refusals = 6
    log.record([make.entry(1)])
    await clock.advance(62, 2)
    assert keeper.trouble == "The witness is away."
    assert keeper.list_witnesses()[0].failures >= 1
    log.record([make.entry(2)])
    await clock.advance(120, 2)
    assert witness.sizes == [2]
    assert keeper.trouble is None
    assert keeper.list_witnesses()[0].failures == 0


async def test_a_log_that_was_changed_is_trouble(log, make, running, database):
    keeper, clock = running
    log.record([make.entry(1), make.entry(2)])
    with database.write() as connection:
        connection.execute(sa.text("UPDATE audit_records SET previous = hash WHERE number = 2"))
    await clock.advance(61, 2)
    assert "changed from outside" in keeper.trouble


async def test_the_last_head_is_handed_over_at_the_end(log, make, witness):
    keeper = HeadKeeper(log, [witness], TestClock())
    log.record([make.entry(1)])
    await keeper.finish()
    assert witness.sizes == [1]
