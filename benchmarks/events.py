"""What keeping and finding events costs, and who listens for them: one row a measurement.

    python benchmarks/events.py [--events 1000000] [--listeners 100000] [--database URL] [--folder DIR] [--json]

Lists are pages of fifty of the store itself, without a server around it. The database must be an empty one.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import sys
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kapell.engine.event_store import EventQuery, Listening, StoredEvent
from kapell.engine.sqlite_store import SqliteRunStore
from kapell.engine.store import Batch, RunRecord
from kapell.ids import make_run_id
from kapell.kernel.listening import ListenKey
from kapell.storage.server_database import ServerDatabase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kapell.engine.store import RunStore

START = datetime(2026, 1, 1, tzinfo=UTC)
STEP = timedelta(milliseconds=100)
BODY = b'{"specversion": "1.0", "data": "%s"}' % (b"x" * 300)
DEFINITION = "0" * 64
RARE = 200_000
"""One event of so many has rare words."""

_BATCH = 2000
_PAGE = 50
_KEYS_AN_EVENT = 3
_TIMES = 200


class Row(NamedTuple):
    """What was measured: microseconds, and of what."""

    name: str
    median: float
    p95: float
    conditions: str


def make_event(number: int, chance: random.Random) -> StoredEvent:
    """Make up an event of one of twenty namespaces, thirty types, fifty sources and many subjects."""
    is_rare = number % RARE == 1
    return StoredEvent(
        arrived_at=START + number * STEP,
        namespace="rare" if is_rare else f"team-{chance.randrange(20)}",
        source="/rare" if is_rare else f"/sources/{chance.randrange(50)}",
        event_id=f"{number:x}-{chance.getrandbits(64):x}",
        type="rare" if is_rare else f"type.{chance.randrange(30)}",
        subject=None if number % 3 else f"order-{chance.randrange(100_000)}",
        via="connection/rare" if is_rare else f"api/person-{chance.randrange(10)}",
        body=BODY,
    )


def measure(name: str, call: Callable[[], object], conditions: str, *, parts: int = 1) -> Row:
    """Return how long a call takes, or each of its parts."""
    spans = []
    for _ in range(_TIMES):
        begin = time.perf_counter()
        call()
        spans.append((time.perf_counter() - begin) / parts * 1e6)
    spans.sort()
    return Row(name, spans[len(spans) // 2], spans[len(spans) * 95 // 100], conditions)


def measure_storing(store: RunStore, count: int, chance: random.Random) -> Iterator[Row]:
    """Store events, in large calls at first and one at a time in the end."""
    begin = time.perf_counter()
    for first in range(0, count, _BATCH):
        store.events.append([make_event(number, chance) for number in range(first, min(first + _BATCH, count))])
    each = (time.perf_counter() - begin) / count * 1e6
    yield Row("store an event", each, each, f"{_BATCH} a call, their making included")
    last = iter(range(count, count + _TIMES))
    yield measure("store an event", lambda: store.events.append([make_event(next(last), chance)]), "one a call")


def measure_lists(store: RunStore, count: int, chance: random.Random) -> Iterator[Row]:
    """List the newest events by each filter."""
    known = [event for event in store.events.list_newest(EventQuery(), limit=1000) if event.subject]
    long_ago = START + count // 10 * STEP
    an_hour = EventQuery(arrived_after=long_ago, arrived_before=long_ago + timedelta(hours=1))
    queries: dict[str, Callable[[], EventQuery]] = {
        "no filter": EventQuery,
        "a namespace": lambda: EventQuery(namespaces=frozenset({f"team-{chance.randrange(20)}"})),
        "a rare namespace": lambda: EventQuery(namespaces=frozenset({"rare"})),
        "a type": lambda: EventQuery(types=frozenset({f"type.{chance.randrange(30)}"})),
        "a rare type": lambda: EventQuery(types=frozenset({"rare"})),
        "a source": lambda: EventQuery(source=f"/sources/{chance.randrange(50)}"),
        "a rare source": lambda: EventQuery(source="/rare"),
        "a source and a type": lambda: EventQuery(source="/sources/1", types=frozenset({"type.1"})),
        "a subject": lambda: EventQuery(subject=chance.choice(known).subject),
        "an id": lambda: EventQuery(event_id=chance.choice(known).event_id),
        "a way": lambda: EventQuery(via=f"api/person-{chance.randrange(10)}"),
        "an hour long ago": lambda: an_hour,
        "nothing that is there": lambda: EventQuery(source="nowhere"),
    }
    for name, make in queries.items():
        yield measure(f"list: {name}", lambda: store.events.list_newest(make(), limit=_PAGE), f"{count} events")  # noqa: B023 -- called at once
    where = EventQuery(types=frozenset({"rare"}), namespaces=frozenset({"team-1"}))
    yield measure(
        "read on: a rare type",
        lambda: store.events.read(chance.randrange(count), limit=_PAGE, where=where),
        f"{count} events",
    )


def measure_listeners(store: RunStore, most: int, chance: random.Random) -> Iterator[Row]:
    """Find who listens for an event, with few and with many listeners."""
    store.put_definition(DEFINITION, b"document: {}")
    epoch = store.acquire("benchmark", START, 3600.0)
    there = 0
    for wanted in (most // 100, most):
        for first in range(there, wanted, _BATCH):
            store.append(epoch, [_make_listener(number) for number in range(first, min(first + _BATCH, wanted))])
        there = wanted
        for events in (1, 100):
            digests = [
                digest
                for _ in range(events)
                for digest in (_make_key(chance.randrange(wanted)).digest, *map(chance.randbytes, [16] * 2))
            ]
            conditions = f"{wanted} listeners, {events} events of {_KEYS_AN_EVENT} keys at once"
            yield measure(
                "find listeners of an event",
                lambda: store.events.find_listeners(digests),  # noqa: B023 -- called at once
                conditions,
                parts=events,
            )
        yield measure("list shapes", store.events.list_shapes, f"{wanted} listeners")


def _make_key(number: int) -> ListenKey:
    return ListenKey("type+data.orderId", hashlib.sha256(b"%d" % number).digest()[:16])


def _make_listener(number: int) -> Batch:
    run_id = make_run_id(START + number * STEP)
    record = RunRecord(
        run_id=run_id,
        namespace="benchmark",
        name="listener",
        version="1.0.0",
        definition=DEFINITION,
        status="waiting",
        created_at=START,
        updated_at=START,
    )
    listens = (Listening(entry=1, keys=(_make_key(number),)),)
    return Batch(run_id=run_id, first_seq=0, count=0, at=START, body=b"", record=record, listens=listens)


def open_store(database: str, folder: Path) -> RunStore:
    """Return the store of a fresh folder or database."""
    if not database:
        return SqliteRunStore(folder / "runs.db", folder / "log.db")
    from kapell.engine.postgres_store import PostgresRunStore  # noqa: PLC0415 -- the driver is an optional extra

    ServerDatabase(database).close()
    return PostgresRunStore(database)


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000, help="how many events are stored")
    parser.add_argument("--listeners", type=int, default=100_000, help="how many tasks listen in the end")
    parser.add_argument("--database", default="", help="an empty PostgreSQL database (default: SQLite)")
    parser.add_argument("--folder", help="where the database is made (default: the temporary folder)")
    parser.add_argument("--json", action="store_true", help="one JSON object a row")
    options = parser.parse_args()
    chance = random.Random(7)  # noqa: S311 -- made up, and the same each time
    with (
        tempfile.TemporaryDirectory(dir=options.folder) as folder,
        closing(open_store(options.database, Path(folder))) as store,
    ):
        for rows in (
            measure_listeners(store, options.listeners, chance),
            measure_storing(store, options.events, chance),
            measure_lists(store, options.events, chance),
        ):
            for row in rows:
                sys.stdout.write(json.dumps(row._asdict()) + "\n" if options.json else _show(row))
                sys.stdout.flush()


def _show(row: Row) -> str:
    return f"{row.name:28} {row.median:10.1f} us {row.p95:10.1f} us p95   {row.conditions}\n"


if __name__ == "__main__":
    main()
