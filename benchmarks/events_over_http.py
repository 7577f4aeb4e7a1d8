"""How many events a server takes over HTTP, with authentication and audit on, as a table.

    python benchmarks/events_over_http.py [--quick] [--json] [--database URL] [--folder DIR]

The server is a process of its own, started as `kapell up`; the clients are in this one, on the same cores. Each request
is answered when its events and its audit record are durable.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
from api import count_seconds, serving, sign_in
from connections import Connection, write_request
from engine_bench.machine import describe_machine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CLIENTS = 50
LARGEST_BATCH = 10
DATA = {"orderId": "A-17", "customer": {"name": "Ada Lovelace", "city": "London"}, "total": 129.5, "lines": [1, 2, 3]}
TARGET = "/api/v1/namespaces/bench/events"


class Sender:
    """Sends events that are all different.

    Attributes:
        taken: The seconds of each request.
        sent: How many events were stored.
    """

    def __init__(self, session: aiohttp.ClientSession, address: str) -> None:
        """Send with a session's credentials."""
        self._headers = dict(session.headers) | {"Content-Type": "application/cloudevents-batch+json"}
        self._address = address
        self._numbers = count()
        self.taken: list[float] = []
        self.sent = 0

    def prepare(self, size: int) -> bytes:
        """Return a request with a batch of this size."""
        batch = [
            {
                "specversion": "1.0",
                "id": str(next(self._numbers)),
                "source": "/bench",
                "type": "com.example.order.placed",
                "time": "2026-01-31T12:00:00Z",
                "data": DATA,
            }
            for _ in range(size)
        ]
        return write_request(TARGET, self._headers, json.dumps(batch).encode())

    async def send(self, events: int, clients: int, choose_size: Callable[[], int]) -> float:
        """Send so many events by so many clients at once, and return events a second."""
        self.taken, self.sent = [], 0
        left = iter(list(self._prepare_all(events, choose_size)))
        connections = [await Connection.open(self._address) for _ in range(clients)]
        began = time.perf_counter()
        await asyncio.gather(*(self._work(connection, left) for connection in connections))
        seconds = time.perf_counter() - began
        for connection in connections:
            connection.close()
        if self.sent != events:
            raise RuntimeError(f"of {events} events {self.sent} were stored")
        return events / seconds

    def _prepare_all(self, events: int, choose_size: Callable[[], int]) -> Iterator[bytes]:
        while events > 0:
            size = min(choose_size(), events)
            events -= size
            yield self.prepare(size)

    async def _work(self, connection: Connection, left: Iterator[bytes]) -> None:
        for request in left:
            began = time.perf_counter()
            answer = await connection.ask(request)
            self.taken.append(time.perf_counter() - began)
            self.sent += answer.count(b'"duplicate":false')


def find_percentile(taken: list[float], share: float) -> float:
    """Return the milliseconds that this share of requests took at most."""
    return sorted(taken)[int(len(taken) * share)] * 1000


async def measure(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Return the rows."""
    events = 500 if options.quick else 20_000
    chance = random.Random(1)  # noqa: S311 -- sizes of batches, the same in each run
    with tempfile.TemporaryDirectory(dir=options.folder, prefix="kapell-bench-") as folder:
        jar = aiohttp.CookieJar(unsafe=True)
        async with (
            serving(options, folder) as (address, password, process),
            aiohttp.ClientSession(cookie_jar=jar) as session,
        ):
            await sign_in(session, address, password, ["event.send", "event.read"])
            sender = Sender(session, address)

            def choose_size() -> int:
                return chance.randint(1, LARGEST_BATCH)

            await sender.send(events // 8, CLIENTS, choose_size)
            spent = count_seconds(process)
            rates, taken = [], []
            for _ in range(4):
                rates.append(await sender.send(events // 4, CLIENTS, choose_size))
                taken += sender.taken
            spent = count_seconds(process) - spent
            single = await sender.send(events // 4, CLIENTS, lambda: 1)
            single_p99 = find_percentile(sender.taken, 0.99)
            await sender.send(events // 40, 1, lambda: 1)
            alone = statistics.median(sender.taken) * 1000
            large = await sender.send(events, 2, lambda: 500)
    store = "PostgreSQL" if options.database else "SQLite"

    def make_row(name: str, value: float, unit: str) -> dict[str, Any]:
        return {"name": name, "value": round(value, 3), "unit": unit, "conditions": store}

    return [
        make_row(f"events in batches of 1 to {LARGEST_BATCH}, {CLIENTS} clients", statistics.median(rates), "events/s"),
        make_row("... p99 of a request", find_percentile(taken, 0.99), "ms"),
        make_row("... processor time of the server an event", spent / events * 1_000_000, "us"),
        make_row(f"events one by one, {CLIENTS} clients", single, "events/s"),
        make_row("... p99 of a request", single_p99, "ms"),
        make_row("events one by one, one client, p50", alone, "ms"),
        make_row("events in batches of 500, 2 clients", large, "events/s"),
    ]


def main() -> int:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few events: to see that it works")
    parser.add_argument("--json", action="store_true", help="one JSON object a row")
    parser.add_argument("--database", metavar="URL", help="PostgreSQL, in place of SQLite: a fresh database")
    parser.add_argument("--folder", type=Path, help="where the data folder is made (default: the temporary folder)")
    options = parser.parse_args()
    print(describe_machine(), file=sys.stderr)
    for row in asyncio.run(measure(options)):
        if options.json:
            print(json.dumps(row))
        else:
            print(f"{row['name']:<55} {row['value']:>12,} {row['unit']}  ({row['conditions']})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
