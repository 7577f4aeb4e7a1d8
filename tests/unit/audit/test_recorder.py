"""Group commit: many wait, few transactions are made, and each learns its own number or what went wrong."""

import asyncio

import pytest

from kapell.audit.recorder import AuditRecorder
from kapell.errors import StorageError


class CountingLog:
    """A log that counts its transactions, and refuses those that it is told to."""

    def __init__(self, log):
        self.log = log
        self.sizes = []
        self.refusals = 0

    def record(self, entries):
        self.sizes.append(len(entries))
        if self.refusals:
            self.refusals -= 1
            raise StorageError("The disk is full.")
        return self.log.record(entries)


async def test_those_that_wait_are_written_together_and_in_order(log, make):
    counting = CountingLog(log)
    recorder = AuditRecorder(counting)
    numbers = await asyncio.gather(*(recorder.record(make.entry(number)) for number in range(1, 1201)))
    assert numbers == list(range(1, 1201))
    assert len(counting.sizes) <= 4
    assert max(counting.sizes) <= 500
    assert log.get_record(777).target.endswith(".777")
    assert await recorder.record(make.entry(1)) == 1201


async def test_a_refusal_is_told_to_those_whom_it_concerns_and_to_no_other(log, make):
    counting = CountingLog(log)
    counting.refusals = 1
    recorder = AuditRecorder(counting)
    with pytest.raises(StorageError, match="full"):
        await recorder.record(make.entry(1))
    assert await recorder.record(make.entry(2)) == 1


async def test_a_caller_that_has_gone_disturbs_nobody(log, make):
    recorder = AuditRecorder(log)
    gone = asyncio.ensure_future(recorder.record(make.entry(1)))
    await asyncio.sleep(0)
    gone.cancel()
    assert await recorder.record(make.entry(2)) == 2
    with pytest.raises(asyncio.CancelledError):
        await gone


async def test_closing_waits_for_what_is_under_way(log, make):
    recorder = AuditRecorder(log)
    waiting = [asyncio.ensure_future(recorder.record(make.entry(number))) for number in range(10)]
    await asyncio.sleep(0)
    await recorder.close()
    assert log.last_number == 10
    assert await asyncio.gather(*waiting) == list(range(1, 11))
    await recorder.close()
