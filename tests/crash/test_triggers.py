"""The server is killed while schedules fire: each planned moment has one run in the end, and no run is there twice."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from datetime import timedelta

import pytest
from tests.kapell_server import Server, write_source

from kapell.client.wire.triggers import TriggerSchedule, TriggerSpec

FULL = os.environ.get("KAPELL_TEST_CRASH") == "full"
KILLS = 12 if FULL else 3
TRIGGERS = 10
SECOND = timedelta(seconds=1)
TASKS = "  - first: {set: {a: 1}}\n  - second: {set: {a: 2}}\n"


@pytest.fixture
def server(tmp_path):
    server = Server(tmp_path)
    server.token = server.make_token()
    yield server
    server.stop()


@pytest.mark.timeout(170)
def test_each_planned_moment_has_one_run_however_often_the_server_is_killed(server):
    chance = random.Random(os.environ.get("KAPELL_TEST_SEED", "7"))  # noqa: S311 -- the same kills each time
    spec = TriggerSpec(workflow="small", schedule=TriggerSchedule(cron="* * * * * *"), missed="all")
    with server.client() as client:
        client.workflows.publish("demo", "small", source=write_source("small", TASKS))
        made = [client.triggers.create("demo", f"each-second-{number}", spec) for number in range(TRIGGERS)]
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.2, 1.8))
        server.process.kill()
        server.process.wait(30)
        server.start_again()
    with server.client() as client:
        for trigger in made:
            client.triggers.pause(trigger.trigger_id)
        wait_until_settled(client, made)
        runs = Counter(run.run_id for run in client.runs.list(name="small"))
        started = [
            firing
            for trigger in made
            for firing in check_history(list(client.triggers.firings(trigger.trigger_id)), trigger)
        ]
    assert len(started) > TRIGGERS * KILLS
    assert Counter(firing.run_id for firing in started) == runs
    assert set(runs.values()) == {1}


def wait_until_settled(client, made):
    deadline = time.monotonic() + 30
    for trigger in made:
        while any(firing.outcome == "starting" for firing in client.triggers.firings(trigger.trigger_id)):
            assert time.monotonic() < deadline, "a run that was ordered is not there"
            time.sleep(0.1)


def check_history(firings, trigger):
    """Return the firings that have a run, once it is sure that none is missing between the first and the last."""
    started = sorted((each for each in firings if each.outcome == "started"), key=lambda each: each.planned_at)
    assert all(each.outcome == "started" or "paused" in each.reason for each in firings)
    moments = [firing.planned_at for firing in started]
    assert moments == [trigger.planned_at + number * SECOND for number in range(len(moments))]
    return started
