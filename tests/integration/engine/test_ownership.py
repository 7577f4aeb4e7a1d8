"""One owner at a time: by the lock of the folder, and by the epoch where there is no lock."""

from __future__ import annotations

import asyncio

import pytest

from kapell.app import open_engine
from kapell.errors import ConflictError, StaleOwnerError
from kapell.settings import Settings

CALL = "do:\n  - call:\n      call: http\n      with: {method: GET, endpoint: 'http://nowhere.example/'}\n"


async def test_a_second_engine_is_refused(tmp_path):
    settings = Settings(data=tmp_path / "data")
    async with open_engine(settings):
        with pytest.raises(ConflictError, match="is in use by process"):
            async with open_engine(settings):
                pass
    async with open_engine(settings):
        pass


async def test_an_engine_that_was_taken_over_stops_working_and_says_so(lab, make_workflow, made, wait_until):
    activity = made(lambda _: asyncio.sleep(60, 1))
    first = await lab.start({"http": activity})
    run_id = first.start_run(make_workflow(CALL), {})
    waiting = asyncio.ensure_future(first.wait_run(run_id))
    await wait_until(lambda: activity.under_way == 1)
    again = made(lambda _: 7)
    second = await lab.start({"http": again})
    await asyncio.sleep(0.05)
    refused = asyncio.ensure_future(first.suspend_run(run_id))
    await asyncio.wait([waiting, refused], timeout=10)
    for task in (waiting, refused):
        assert isinstance(task.exception(), StaleOwnerError)
        assert "taken over by" in str(task.exception())
    await wait_until(lambda: activity.cancelled == 1)
    with pytest.raises(StaleOwnerError):
        first.start_run(make_workflow(CALL), {})
    outcome = await second.wait_run(run_id)
    assert outcome.error.type.endswith("/lost")
    statuses = [type(event).__name__ for event in lab.read_history(run_id)]
    assert "RunSuspended" not in statuses


async def test_a_stale_engine_that_has_nothing_to_write_finds_out_by_its_lease(lab, make_workflow, made, monkeypatch):
    monkeypatch.setattr("kapell.engine.maintenance.lease.LEASE_SECONDS", 0.2)
    activity = made(lambda _: asyncio.sleep(60, 1))
    first = await lab.start({"http": activity})
    run_id = first.start_run(make_workflow(CALL), {})
    waiting = asyncio.ensure_future(first.wait_run(run_id))
    await asyncio.sleep(0.1)
    await lab.start({"http": made(lambda _: 7)})
    await asyncio.wait([waiting], timeout=10)
    assert isinstance(waiting.exception(), StaleOwnerError)
    async with asyncio.timeout(10):
        await lab.stop(first)
