"""Secrets of a store that is slow, away for a while, or that refuses: no attempt is lost on the way to them."""

from __future__ import annotations

import asyncio
import threading

import pytest

from kapell.errors import KapellError, StorageError

WORK = """
use:
  secrets: [login]
do:
  - work:
      run: {shell: {command: '${ "echo " + $secrets.login }'}}
"""


class Store:
    """Secrets that are read from elsewhere: `trouble` is raised that many times."""

    are_at_hand = False

    def __init__(self, trouble=None, times=0):
        self.trouble = trouble
        self.times = times
        self.threads = set()

    def for_namespace(self, _):
        return self

    def get_secret(self, _):
        self.threads.add(threading.current_thread())
        self.times -= 1
        if self.times >= 0:
            raise self.trouble
        return "hunter22"

    def find_secrets(self, names):
        return {name: self.get_secret(name) for name in names}


@pytest.fixture(autouse=True)
def hurry(monkeypatch):
    monkeypatch.setattr("kapell.engine.attempts._READ_AGAIN_SECONDS", 0.01)


async def test_they_are_read_away_from_the_event_loop(lab, make_workflow, made):
    secrets, activity = Store(), made(lambda request: request.arguments["command"])
    engine = await lab.start({"shell": activity}, secrets=secrets)
    outcome = await engine.wait_run(engine.start_run(make_workflow(WORK), {}))
    assert activity.requests[0].arguments["command"] == "echo hunter22"
    assert outcome.output == "echo ***"
    assert threading.main_thread() not in secrets.threads


@pytest.mark.parametrize("times", [1, 2, 5])
async def test_an_attempt_waits_for_a_store_that_is_away(lab, make_workflow, made, times):
    activity = made(lambda _: "done")
    engine = await lab.start({"shell": activity}, secrets=Store(StorageError("The database is away."), times))
    outcome = await asyncio.wait_for(engine.wait_run(engine.start_run(make_workflow(WORK), {})), 30)
    assert (outcome.status, outcome.output, len(activity.requests)) == ("completed", "done", 1)


async def test_a_run_that_waits_for_the_store_can_be_cancelled(lab, make_workflow, made, wait_until):
    secrets = Store(StorageError("The database is away."), 10**9)
    engine = await lab.start({"shell": made(lambda _: "done")}, secrets=secrets)
    run_id = engine.start_run(make_workflow(WORK), {})
    await wait_until(lambda: secrets.times < 10**9 - 2)
    await engine.cancel_run(run_id)
    assert (await engine.wait_run(run_id)).status == "cancelled"


async def test_a_store_that_refuses_faults_the_attempt(lab, make_workflow, made):
    activity = made(lambda _: "done")
    engine = await lab.start({"shell": activity}, secrets=Store(KapellError("The master key is not here."), 10**9))
    outcome = await asyncio.wait_for(engine.wait_run(engine.start_run(make_workflow(WORK), {})), 30)
    assert outcome.status == "faulted"
    assert "The master key is not here." in outcome.error.detail
    assert activity.requests == []
