import asyncio

import pytest

from kapell.brokers.cancelling import run_cancellable, run_to_end


async def test_a_cancellation_that_is_not_heard_is_repeated():
    heard = []

    async def hard_of_hearing():
        for _ in range(3):
            try:
                await asyncio.sleep(600)
            except asyncio.CancelledError:
                heard.append(1)
        await asyncio.sleep(600)

    task = asyncio.create_task(run_cancellable(hard_of_hearing()))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(heard) == 3


async def test_a_result_that_nobody_wants_any_more_is_dropped():
    dropped = []

    async def finish_anyway():
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            return "connection"

    async def drop(result):
        dropped.append(result)

    task = asyncio.create_task(run_cancellable(finish_anyway(), drop))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert dropped == ["connection"]


async def test_an_error_comes_through():
    async def fail():
        raise LookupError

    with pytest.raises(LookupError):
        await run_cancellable(fail())
    with pytest.raises(LookupError):
        await run_to_end(fail(), 1)


@pytest.mark.parametrize(("needed", "done"), [(0.05, ["done"]), (600, [])])
async def test_what_is_to_be_finished_gets_some_time(needed, done):
    found = []

    async def finish():
        await asyncio.sleep(needed)
        found.append("done")

    task = asyncio.create_task(run_to_end(finish(), 0.3))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert found == done
