"""The owner of runs is killed again and again while events arrive twice, late and out of order, and runs talk by them.

What was accepted has its effect exactly once: each listener consumes the event of its own order, whatever it emits is
there once, and a run that counts the emitted ones counts each of them once.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime

import pytest

from kapell.app import open_store
from kapell.engine.event_store import EventQuery, StoredEvent
from kapell.engine.loading import iter_events
from kapell.engine.store import RunFilter
from kapell.kernel import events as ev
from kapell.settings import Settings

FULL = os.environ.get("KAPELL_TEST_CRASH") == "full"
ORDERS = 60 if FULL else 25
KILLS = 60 if FULL else 12
LONGEST_LIFE_SECONDS = 0.7
LIMIT_SECONDS = 90.0

_HEAD = {"dsl": "1.0.3", "namespace": "shop", "version": "1.0.0"}
PAY = {
    "document": {**_HEAD, "name": "pay"},
    "do": [
        {
            "hear": {
                "listen": {
                    "to": {
                        "one": {
                            "with": {"type": "paid"},
                            "correlate": {"order": {"from": "${ .data.order }", "expect": "${ .order }"}},
                        }
                    }
                }
            }
        },
        {"tell": {"emit": {"event": {"with": {"type": "receipt", "data": {"order": "${ .[0].order }"}}}}}},
    ],
}
COUNT = {
    "document": {**_HEAD, "name": "count"},
    "do": [
        {"hear": {"listen": {"to": {"any": [{"with": {"type": "receipt"}}], "until": f"(. | length) == {ORDERS}"}}}}
    ],
}

OWNER = """
import asyncio, json, sys
from pathlib import Path
from kapell.app import open_engine
from kapell.errors import NotFoundError
from kapell.language import load_workflow
from kapell.settings import Settings

async def main():
    work = json.loads(sys.stdin.readline())
    async with open_engine(Settings(data=Path(work["data"]), database=work["database"])) as engine:
        def begin(workflow, value, run_id):
            try:
                engine.store.get_record(run_id)
            except NotFoundError:
                engine.start_run(load_workflow(json.dumps(workflow), "w.json"), value, run_id=run_id)
        begin(work["count"], {}, "0" * 25 + "z")
        for order in range(work["orders"]):
            begin(work["pay"], {"order": order}, f"{order:026}")
        print("ready", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture(params=["sqlite", "postgres"])
def settings(request, tmp_path):
    """The settings of an installation without runs."""
    database = request.getfixturevalue("postgres_url") if request.param == "postgres" else ""
    return Settings(data=tmp_path / "data", database=database)


def make_event(order, copy):
    """Return the event of an order's payment, as its sender sends it for the first, second ... time."""
    event = {"specversion": "1.0", "id": f"e-{order}", "source": "/bank", "type": "paid", "data": {"order": order}}
    return StoredEvent(
        arrived_at=datetime.now(UTC),
        namespace="shop",
        source="/bank",
        event_id=event["id"],
        type="paid",
        via=f"api/{copy}",
        body=json.dumps(event).encode(),
    )


def test_every_event_has_its_effect_once_however_often_the_owner_is_killed(settings):
    dice = random.Random(7)  # noqa: S311 -- no secret
    deliveries = [(order, copy) for order in range(ORDERS) for copy in range(3)]
    dice.shuffle(deliveries)
    work = {"data": str(settings.data), "database": settings.database, "orders": ORDERS, "pay": PAY, "count": COUNT}
    with _owning(work) as owner, closing(open_store(settings)) as store:
        while len(store.list_unfinished()) <= ORDERS:  # a run hears what comes after its start
            time.sleep(0.05)
        owner.kill()
    accepted = []
    lives = 0
    until = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < until:
        lives += 1
        with _owning(work) as owner, closing(open_store(settings)) as store:
            calm = lives > KILLS and not deliveries
            ends_at = time.monotonic() + (5.0 if calm else dice.uniform(0.0, LONGEST_LIFE_SECONDS))
            while time.monotonic() < ends_at:
                share = [deliveries.pop() for _ in range(min(len(deliveries), dice.randint(1, 3)))]
                accepted += filter(None, store.events.append([make_event(*delivery) for delivery in share]))
                if not store.list_unfinished():
                    break
                time.sleep(dice.uniform(0.0, 0.15))
            owner.kill()
            if not deliveries and lives > KILLS and not store.list_unfinished():
                break
    with closing(open_store(settings)) as store:
        _check(store, accepted)
    assert lives > KILLS


def _owning(work):
    owner = subprocess.Popen([sys.executable, "-c", OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    owner.stdin.write(json.dumps(work) + "\n")
    owner.stdin.flush()
    assert owner.stdout.readline() == "ready\n"
    return owner


def _check(store, accepted):
    assert len(accepted) == len(set(accepted)) == ORDERS  # of three deliveries of an event one was taken
    records = store.list_runs(RunFilter(), limit=1000)
    assert {record.status for record in records} == {"completed"}
    assert len(records) == ORDERS + 1
    for record in records:
        history = [event for _, event in iter_events(store, record.run_id)]
        received = [event for event in history if isinstance(event, ev.EventReceived)]
        assert len({event.position for event in received}) == len(received) == (ORDERS if record.name == "count" else 1)
        if record.name == "pay":
            assert received[0].event_id == f"e-{int(record.run_id)}"
    receipts = store.events.read(0, limit=1000, where=EventQuery(types=frozenset({"receipt"})))
    assert sorted(json.loads(event.body)["data"]["order"] for event in receipts) == list(range(ORDERS))
