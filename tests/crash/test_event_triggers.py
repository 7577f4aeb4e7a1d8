"""The server is killed while events start runs: each event that was accepted has one run in the end."""

from __future__ import annotations

import os
import random
import time
from collections import Counter

import pytest
from tests.kapell_server import Server, write_source

from kapell.client.wire.triggers import TriggerEvents, TriggerSpec

FULL = os.environ.get("KAPELL_TEST_CRASH") == "full"
KILLS = 12 if FULL else 3
EVENTS = 60
TASKS = "  - first: {set: {a: 1}}\n"


@pytest.fixture
def server(tmp_path):
    server = Server(tmp_path)
    server.token = server.make_token()
    yield server
    server.stop()


def make(number):
    return {"specversion": "1.0", "id": str(number), "source": "/t", "type": "paid", "data": {"number": number}}


@pytest.mark.timeout(170)
def test_each_event_has_one_run_however_often_the_server_is_killed(server):
    chance = random.Random(os.environ.get("KAPELL_TEST_SEED", "7"))  # noqa: S311 -- the same kills each time
    spec = TriggerSpec(workflow="small", events=TriggerEvents(on={"one": {"with": {"type": "paid"}}}))
    with server.client() as client:
        client.workflows.publish("demo", "small", source=write_source("small", TASKS))
        trigger = client.triggers.create("demo", "paid", spec)
    for kill in range(KILLS):
        with server.client() as client:
            client.events.send("demo", [make(number) for number in range(kill * EVENTS, (kill + 1) * EVENTS)])
        time.sleep(chance.uniform(0, 0.4))
        server.process.kill()
        server.process.wait(30)
        server.start_again()
    with server.client() as client:
        deadline = time.monotonic() + 60
        while len(firings := list_started(client, trigger)) < KILLS * EVENTS:
            assert time.monotonic() < deadline, f"only {len(firings)} events have a run"
            time.sleep(0.1)
        runs = Counter(run.run_id for run in client.runs.list(name="small"))
    assert Counter(firing.run_id for firing in firings) == runs
    assert set(runs.values()) == {1}
    assert sorted(firing.events for firing in firings) == [[number + 1] for number in range(KILLS * EVENTS)]


def list_started(client, trigger):
    return [each for each in client.triggers.firings(trigger.trigger_id) if each.outcome == "started"]
