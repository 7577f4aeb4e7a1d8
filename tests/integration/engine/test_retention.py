"""Ended runs are deleted when they are old enough; the others stay."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from kapell.engine.store import RunFilter
from kapell.errors import NotFoundError

SET = "do:\n  - one:\n      set: {a: 1}\n"
WAIT = "do:\n  - one:\n      wait: {hours: 1}\n"


async def test_old_runs_go_and_others_stay(lab, make_workflow, wait_until, monkeypatch):
    monkeypatch.setattr("kapell.engine.maintenance.pruner._EVERY_SECONDS", 0.05)
    engine = await lab.start(retention=timedelta(seconds=0.5))
    waiting = engine.start_run(make_workflow(WAIT), {})
    old = [engine.start_run(make_workflow(SET), {}) for _ in range(250)]
    await asyncio.gather(*map(engine.wait_run, old))
    assert len(engine.store.list_runs(RunFilter(), limit=1000)) == 251
    await wait_until(lambda: len(engine.store.list_runs(RunFilter(), limit=1000)) == 1)
    with pytest.raises(NotFoundError):
        await engine.wait_run(old[0])
    new = engine.start_run(make_workflow(SET), {})
    assert (await engine.wait_run(new)).status == "completed"
    assert engine.store.get_record(waiting).status == "running"


async def test_without_retention_everything_stays(lab, make_workflow, monkeypatch):
    monkeypatch.setattr("kapell.engine.maintenance.pruner._EVERY_SECONDS", 0.05)
    engine = await lab.start()
    run_id = engine.start_run(make_workflow(SET), {})
    await engine.wait_run(run_id)
    await asyncio.sleep(0.3)
    assert engine.store.get_record(run_id).status == "completed"
