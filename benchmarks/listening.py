"""What it costs that tasks listen for events, as a table.

    python benchmarks/listening.py [--quick] [--json] [--database URL] [--folder DIR]

One process owns the runs and hears; the events are stored by a thread of it, as a server stores those that come over
HTTP. Each listener waits for the event of an order of its own, so that nearly all of them have nothing to do with any
event: what an event costs must not grow with them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine_bench.machine import describe_machine

from kapell.app import open_engine
from kapell.engine.event_store import StoredEvent
from kapell.kernel.events import EventReceived, TaskEntered
from kapell.language import load_workflow
from kapell.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kapell.engine.active import ActiveRun
    from kapell.engine.engine import Engine
    from kapell.kernel.events import Event
    from kapell.language import Workflow

NAMESPACE = "bench"
IDLE_AFTER_SECONDS = 0.02


def make_listener() -> Workflow:
    """Return the workflow that waits for an order's payment, and then does something that takes its time."""
    one = {
        "with": {"type": "order.paid"},
        "correlate": {"order": {"from": "${ .data.order }", "expect": "${ .order }"}},
    }
    tasks = [{"hear": {"listen": {"to": {"one": one}}}}, {"then": {"wait": "PT1H"}}]
    document = {"dsl": "1.0.3", "namespace": NAMESPACE, "name": "listener", "version": "1.0.0"}
    return load_workflow(json.dumps({"document": document, "do": tasks}), "listener.json")


def make_events(first: int, count: int) -> list[StoredEvent]:
    """Return payments of the orders from `first` on."""
    now = datetime.now(UTC)
    made = []
    for number in range(first, first + count):
        data = {"order": number, "amount": 12.5, "by": "card"}
        event = {"specversion": "1.0", "id": f"e-{number}", "source": "/bank", "type": "order.paid", "data": data}
        made.append(
            StoredEvent(
                arrived_at=now,
                namespace=NAMESPACE,
                source="/bank",
                event_id=f"e-{number}",
                type="order.paid",
                via="api/bench",
                body=json.dumps(event).encode(),
            )
        )
    return made


class Bench:
    """An engine with listeners, and the moments at which their next task has begun."""

    def __init__(self, engine: Engine) -> None:
        """Listen to the runs of an engine."""
        self.engine = engine
        self.begun: dict[int, float] = {}
        self.run_ids: list[str] = []
        engine.listen(self._note)

    def _note(self, _active: ActiveRun, _first: int, events: Sequence[Event]) -> None:
        received = [event for event in events if isinstance(event, EventReceived)]
        if received and any(isinstance(event, TaskEntered) for event in events):
            self.begun[received[0].position] = time.perf_counter()

    async def start_listeners(self, first: int, count: int) -> None:
        """Start so many runs that listen, and return when all do."""
        workflow = make_listener()
        for number in range(first, first + count):
            self.run_ids.append(self.engine.start_run(workflow, {"order": number}))
            if number % 100 == 0:
                await self.settle()
        await self.settle()

    async def settle(self) -> None:
        """Return when nothing has been under way for a moment."""
        quiet_since = time.perf_counter()
        while time.perf_counter() - quiet_since < IDLE_AFTER_SECONDS:
            await asyncio.sleep(0.001)
            if not self.engine.is_idle:
                quiet_since = time.perf_counter()

    async def wait_until_parked(self) -> None:
        """Return when the runs that only listen have left memory."""
        while any(self.engine.find_state(run_id) for run_id in self.run_ids):  # noqa: ASYNC110 -- nothing tells of it
            await asyncio.sleep(0.2)

    async def store(self, events: list[StoredEvent]) -> list[int]:
        """Store events in a thread and let them be heard, as the server does."""
        positions = await asyncio.to_thread(self.engine.store.events.append, events)
        self.engine.note_events(max(positions))
        return positions

    async def flood(self, first: int, count: int) -> float:
        """Store many events at once, ten in a transaction; return how many a second are stored and heard."""
        began = time.perf_counter()
        for number in range(first, first + count, 10):
            await self.store(make_events(number, 10))
        await self.settle()
        return count / (time.perf_counter() - began - IDLE_AFTER_SECONDS)

    async def trickle(self, first: int, count: int, a_second: float) -> list[float]:
        """Store events one by one at a pace; return the seconds from each until the next task of its run has begun."""
        sent: dict[int, float] = {}
        began = time.perf_counter()
        for number in range(count):
            await asyncio.sleep(max(0.0, began + number / a_second - time.perf_counter()))
            at = time.perf_counter()
            (position,) = await self.store(make_events(first + number, 1))
            sent[position] = at
        await self.settle()
        return sorted(self.begun[position] - at for position, at in sent.items())


async def measure(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Return the rows."""
    counts = (0, 20, 100) if options.quick else (0, 100, 1_000, 10_000)
    flood = 200 if options.quick else 5_000
    paced = 50 if options.quick else 1_000
    store = "PostgreSQL" if options.database else "SQLite"
    rows: list[dict[str, Any]] = []

    def add(name: str, value: float, unit: str) -> None:
        rows.append({"name": name, "value": round(value, 2), "unit": unit, "conditions": store})

    with tempfile.TemporaryDirectory(dir=options.folder, prefix="kapell-bench-") as folder:
        settings = Settings(data=Path(folder), database=options.database or "")
        async with open_engine(settings) as engine:
            bench = Bench(engine)
            listening = 0
            orders = 1_000_000_000
            for count in counts:
                await bench.start_listeners(listening, count - listening)
                listening = count
                rates = []
                for _ in range(3):
                    rates.append(await bench.flood(orders, flood // 3))
                    orders += flood
                add(f"events stored and heard, {count:,} tasks listen", statistics.median(rates), "events/s")
            await bench.start_listeners(listening, max(0, paced - listening))
            await bench.wait_until_parked()
            taken = await bench.trickle(0, paced, 100)
            add("from an event to the next task of its run, 100/s, p50", taken[len(taken) // 2] * 1000, "ms")
            add("... p99", taken[int(len(taken) * 0.99)] * 1000, "ms")
    return rows


def main() -> int:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small and few: to see that it works")
    parser.add_argument("--json", action="store_true", help="one JSON object a row")
    parser.add_argument("--database", metavar="URL", help="PostgreSQL, in place of SQLite: a fresh database")
    parser.add_argument("--folder", type=Path, help="where the data folder is made (default: the temporary folder)")
    options = parser.parse_args()
    print(describe_machine(), file=sys.stderr)
    for row in asyncio.run(measure(options)):
        line = (
            json.dumps(row)
            if options.json
            else f"{row['name']:<60} {row['value']:>10,} {row['unit']}  ({row['conditions']})"
        )
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
