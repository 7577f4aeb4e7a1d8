"""What finding runs costs among a million stored ones, over HTTP with authentication, as a table.

    python benchmarks/lists.py [--runs N] [--quick] [--json] [--database URL] [--folder DIR] [--keep DIR]

Runs of the last thirty days are written through the store in large batches and told to the search index; then a server
is started over them as `kapell up`, and asked one thing after the other. Lists are pages of fifty. With `--keep` the
runs stay in a folder of that name, and are asked again the next time instead of being made anew.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
from api import serving
from engine_bench.machine import describe_machine

from kapell.engine.definitions import Definitions
from kapell.engine.maintenance.indexing import index_runs
from kapell.engine.sqlite_store import SqliteRunStore
from kapell.engine.store import Batch, RunRecord
from kapell.ids import make_run_id
from kapell.kernel.codec import encode_events
from kapell.kernel.events import RunStarted
from kapell.language import load_workflow
from kapell.storage.data_folder import DataFolder
from kapell.storage.server_database import ServerDatabase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kapell.engine.store import RunStore

DAYS = 30
NAMESPACES = [f"team-{number}" for number in range(10)]
WEIGHTS = [40, 20, 10, 8, 6, 5, 4, 3, 3, 1]
NAMES = ["order", "refund", "delivery", "onboarding", "backup"]
VERSIONS = ["1.0.0", "1.1.0"]
STATUSES = ["completed", "faulted", "cancelled", "waiting"]
STATUS_WEIGHTS = [93, 5, 1.8, 0.2]
ERROR = "Gateway timeout: the service did not answer within 30 seconds."
COMMON, RARE = "standard", "zephyr"
RARE_RUNS = 30
_BATCH = 5000
_SAMPLE = 200
_OK = 200
_SYLLABLES = ["ba", "ke", "li", "mo", "nu", "ra", "se", "ti", "vo", "xa", "ju", "pe", "go", "di", "fu", "ha", "ly"]

KEPT = "benchmark.json"
"""The file beside the runs that says which of them to ask for."""

LIMIT_MS = 50.0


class MadeUp:
    """Runs that nobody started: made up from a seed, the oldest first."""

    def __init__(self, count: int, now: datetime, digests: dict[tuple[str, str, str], str]) -> None:
        """Make up `count` runs of the last thirty days."""
        self.count = count
        self._random = random.Random(7)  # noqa: S311 -- made up, and the same each time
        self._digests = digests
        self._began = now - timedelta(days=DAYS)
        self._step = timedelta(days=DAYS) / count
        self._far = now + timedelta(days=3650)
        words = ["".join(self._random.choices(_SYLLABLES, k=3)) for _ in range(6000)]
        self._words = words
        self._common = list(range(1, len(words) + 1))
        self._rare = set(self._random.sample(range(count), min(RARE_RUNS, count)))
        self.sample: list[str] = []

    def iter_batches(self) -> Iterator[list[Batch]]:
        """Yield all runs, some thousand at a time."""
        for first in range(0, self.count, _BATCH):
            yield [self._make(number) for number in range(first, min(first + _BATCH, self.count))]

    def _make(self, number: int) -> Batch:
        chance = self._random
        at = self._began + number * self._step
        run_id = make_run_id(at)
        if chance.random() * self.count < _SAMPLE:
            self.sample.append(run_id)
        namespace = chance.choices(NAMESPACES, WEIGHTS)[0]
        name, version = chance.choice(NAMES), VERSIONS[number > self.count // 2]
        status = chance.choices(STATUSES, STATUS_WEIGHTS)[0]
        ended_at = None if status == "waiting" else at + timedelta(seconds=chance.lognormvariate(0, 1.5))
        record = RunRecord(
            run_id=run_id,
            namespace=namespace,
            name=name,
            version=version,
            definition=self._digests[namespace, name, version],
            status=status,  # type: ignore[arg-type]
            created_at=at,
            updated_at=ended_at or at,
            ended_at=ended_at,
            parked_until=self._far if status == "waiting" else None,
            error=ERROR if status == "faulted" else None,
        )
        started = RunStarted(run_id=run_id, at=int(at.timestamp() * 1_000_000), raw_input=self._make_input(number))
        body, _ = encode_events([started])
        return Batch(run_id=run_id, first_seq=1, count=1, at=at, body=body, record=record)

    def _make_input(self, number: int) -> dict[str, Any]:
        chance = self._random
        some = [self._words[int(len(self._words) ** chance.random()) - 1] for _ in range(9)]
        return {
            "order": f"ORD-{number:08}",
            "customer": {"name": f"{some[0].title()} {some[1].title()}", "email": f"{some[0]}@{some[1]}.example"},
            "lines": [{"item": word, "quantity": chance.randrange(1, 9)} for word in some[2:5]],
            "total": round(chance.uniform(5, 500), 2),
            "shipping": COMMON if chance.getrandbits(1) else "express",
            "note": " ".join([*some[5:], *([RARE] if number in self._rare else [])]),
        }


def open_store(options: argparse.Namespace, folder: Path) -> RunStore:
    """Return the store of a fresh folder or database."""
    if not options.database:
        data = DataFolder(folder)
        return SqliteRunStore(data.database_path, data.log_path)
    from kapell.engine.postgres_store import PostgresRunStore  # noqa: PLC0415 -- the driver is an optional extra

    ServerDatabase(options.database).close()
    return PostgresRunStore(options.database)


def put_definitions(store: RunStore) -> dict[tuple[str, str, str], str]:
    """Keep a workflow for each version, and return their digests."""
    definitions = Definitions(store)
    found = {}
    for namespace in NAMESPACES:
        for name in NAMES:
            for version in VERSIONS:
                document = {"dsl": "1.0.3", "namespace": namespace, "name": name, "version": version}
                source = json.dumps({"document": document, "do": [{"rest": {"wait": {"days": 1}}}]})
                found[namespace, name, version] = definitions.add(load_workflow(source)).digest
    return found


def load(options: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    """Store the runs and index them; return the rows of what that took."""
    with closing(open_store(options, folder)) as store:
        now = datetime.now(UTC)
        made_up = MadeUp(options.runs, now, put_definitions(store))
        epoch = store.acquire("benchmark", now, 30.0)
        began = time.perf_counter()
        for batches in made_up.iter_batches():
            store.append(epoch, batches)
            report(f"{int(time.perf_counter() - began)} s: storing")
        stored = time.perf_counter()
        while index_runs(store, _BATCH):
            report(f"{int(time.perf_counter() - began)} s: indexing")
        indexed = time.perf_counter()
    if options.database:
        analyse(options.database)
    report("")
    (folder / KEPT).write_text(json.dumps({"sample": made_up.sample}))
    return [
        make_row(options, "storing", options.runs / (stored - began), "runs/s"),
        make_row(options, "indexing", options.runs / (indexed - stored), "runs/s"),
    ]


def analyse(url: str) -> None:
    """Let PostgreSQL look at its tables, as it does by itself within a minute."""
    import psycopg  # noqa: PLC0415 -- the driver is an optional extra

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def report(text: str) -> None:
    """Show what is going on, to people."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{text:<40}")
        sys.stderr.flush()


def make_row(options: argparse.Namespace, name: str, value: float, unit: str) -> dict[str, Any]:
    """Return a row of the table."""
    conditions = f"{'PostgreSQL' if options.database else 'SQLite'}, {options.runs:,} runs"
    return {"name": name, "value": round(value, 3), "unit": unit, "conditions": conditions}


def make_questions(sample: list[str], now: datetime) -> dict[str, list[dict[str, Any]]]:
    """Return what is asked: each time one of several parameters, so that no answer is the last one again."""
    chance = random.Random(1)  # noqa: S311 -- the same each time

    def make_day() -> dict[str, str]:
        begin = now - timedelta(days=chance.uniform(1, DAYS - 1))
        return {"started_after": begin.isoformat(), "started_before": (begin + timedelta(days=1)).isoformat()}

    some = range(20)
    return {
        "first page": [{}],
        "page deep in the list": [{"cursor": run_id} for run_id in sample],
        "by status (faulted)": [{"status": "faulted"}],
        "by status (waiting: few)": [{"status": "waiting"}],
        "by name": [{"name": name} for name in NAMES],
        "by name and version": [{"name": name, "version": VERSIONS[0]} for name in NAMES],
        "by namespace (small)": [{"namespace": NAMESPACES[-1]}],
        "by namespace, deep": [{"namespace": NAMESPACES[-1], "cursor": run_id} for run_id in sample],
        "faulted of one workflow in a day": [
            {"status": "faulted", "namespace": chance.choice(NAMESPACES), "name": chance.choice(NAMES), **make_day()}
            for _ in some
        ],
        "started in a day": [make_day() for _ in some],
        "ended in a day": [{key.replace("started", "ended"): value for key, value in make_day().items()} for _ in some],
        "text: a rare word": [{"text": f'"{RARE}"'}],
        "text: an order's number": [{"text": f"ORD-{chance.randrange(1000):08}"} for _ in some],
        "text: a common word": [{"text": COMMON}],
        "text: a common word, deep": [{"text": COMMON, "cursor": run_id} for run_id in sample],
        "text: a common word in a small namespace": [{"text": COMMON, "namespace": NAMESPACES[-1]}],
        "text: a common word, faulted": [{"text": COMMON, "status": "faulted"}],
        "text: a common beginning": [{"text": "ba"}],
        "text: a phrase of an error": [{"text": '"gateway timeout"', "namespace": NAMESPACES[-1]}],
        "text: no match": [{"text": "absent"}],
    }


def make_counts(now: datetime) -> dict[str, list[dict[str, Any]]]:
    """Return what statistics are asked for."""
    month = {"since": (now - timedelta(days=DAYS)).isoformat()}
    return {
        "statistics of a day, by hour": [{}],
        "statistics of 7 days, by hour": [{"since": (now - timedelta(days=7)).isoformat()}],
        "statistics of 30 days, by day": [{"bucket": "day", **month}],
        "statistics of 30 days, by workflow": [{"bucket": "day", "by": "workflow", **month}],
        "statistics of 30 days, one workflow": [{"bucket": "day", "namespace": "team-0", "name": "order", **month}],
    }


class Asker:
    """Someone with a token, who asks one thing after another."""

    def __init__(self, options: argparse.Namespace, session: aiohttp.ClientSession, address: str) -> None:
        """Ask a server."""
        self._options = options
        self._session = session
        self._address = address
        self._repeats = 5 if options.quick else 60
        self.rows: list[dict[str, Any]] = []

    async def ask(self, name: str, path: str, questions: list[dict[str, Any]], token: str) -> None:
        """Ask again and again, and keep the rows of p50 and p95."""
        taken: list[float] = []
        found = 0
        for number in range(-3, self._repeats):
            began = time.perf_counter()
            async with self._session.get(
                f"{self._address}/api/v1/{path}",
                params=questions[number % len(questions)],
                headers={"Authorization": f"Bearer {token}"},
            ) as response:
                answer = json.loads(await response.read())
                if response.status != _OK:
                    raise RuntimeError(f"{name}: {answer}")
            found = len(answer.get("items", ()))
            if number >= 0:
                taken.append((time.perf_counter() - began) * 1000)
        taken.sort()
        rows = f" ({found} found)" if path == "runs" else ""
        self.rows.append(make_row(self._options, f"{name}{rows}, p50", taken[len(taken) // 2], "ms"))
        self.rows.append(make_row(self._options, f"{name}{rows}, p95", taken[int(len(taken) * 0.95)], "ms"))


async def make_token(session: aiohttp.ClientSession, address: str, namespaces: list[str] | None) -> str:
    """Return an API token that may see the runs of some namespaces, or of all."""
    scope = {"permissions": ["run.read", "run.data"], "namespaces": namespaces}
    expires_at = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    wanted = {"name": f"bench-{time.time_ns()}", "scope": scope, "expires_at": expires_at}
    async with session.post(f"{address}/api/v1/tokens", json=wanted) as response:
        response.raise_for_status()
        return str((await response.json())["text"])


async def measure(options: argparse.Namespace, folder: Path, kept: dict[str, Any]) -> list[dict[str, Any]]:
    """Start a server over the runs, and return the rows of what it was asked."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with (
        serving(options, str(folder)) as (address, password, _),
        aiohttp.ClientSession(cookie_jar=jar) as session,
    ):
        known = kept.setdefault("password", password)
        (folder / KEPT).write_text(json.dumps(kept))
        async with session.post(f"{address}/api/v1/sign-in", json={"name": "admin", "password": known}) as response:
            response.raise_for_status()
        everywhere = await make_token(session, address, None)
        somewhere = await make_token(session, address, NAMESPACES[6:9])
        jar.clear()
        asker, now = Asker(options, session, address), datetime.now(UTC)
        for name, questions in make_questions(kept["sample"], now).items():
            await asker.ask(name, "runs", questions, everywhere)
        await asker.ask("seeing 3 namespaces: first page", "runs", [{}], somewhere)
        await asker.ask("seeing 3 namespaces: faulted", "runs", [{"status": "faulted"}], somewhere)
        await asker.ask("seeing 3 namespaces: text, a common word", "runs", [{"text": COMMON}], somewhere)
        for name, questions in make_counts(now).items():
            await asker.ask(name, "statistics", questions, everywhere)
    return asker.rows


def main() -> int:
    """Print the rows; the code is 1 if a p95 is not under the limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1_000_000, help="how many runs are stored")
    parser.add_argument("--quick", action="store_true", help="small and few: to see that it works")
    parser.add_argument("--json", action="store_true", help="one JSON object a row")
    parser.add_argument("--database", metavar="URL", help="PostgreSQL, in place of SQLite: a fresh database")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the runs there, or ask those that are there")
    parser.add_argument("--folder", type=Path, help="where the data folder is made (default: the temporary folder)")
    options = parser.parse_args()
    if options.quick:
        options.runs = min(options.runs, 2000)
    print(describe_machine(), file=sys.stderr)
    with tempfile.TemporaryDirectory(dir=options.folder, prefix="kapell-bench-") as made:
        folder = options.keep or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        rows = [] if (folder / KEPT).exists() else load(options, folder)
        rows += asyncio.run(measure(options, folder, json.loads((folder / KEPT).read_text())))
    for row in rows:
        text = f"{row['name']:<65} {row['value']:>12,} {row['unit']}  ({row['conditions']})"
        print(json.dumps(row) if options.json else text)
    slow = [row["name"] for row in rows if row["name"].endswith("p95") and row["value"] >= LIMIT_MS]
    if slow:
        print(f"Not under {LIMIT_MS:.0f} ms: {', '.join(slow)}", file=sys.stderr)
    return 1 if slow and not options.quick else 0


if __name__ == "__main__":
    sys.exit(main())
