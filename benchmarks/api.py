"""What the API reaches, with authentication, audit and projections on, as a table.

    python benchmarks/api.py [--quick] [--json] [--database URL] [--folder DIR]

The server is a process of its own, started as `kapell up`; the clients are in this one, on the same cores: so they send
prepared bytes and read no more of the answers than is needed. Runs of five small tasks are started over HTTP and waited
for in the same request; each start has its audit record, which is durable before the run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import statistics
import sys
import tempfile
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import psutil
from connections import Connection, write_request
from engine_bench.machine import describe_machine
from engine_bench.work import AT_ONCE, DOCUMENT, make_set_tasks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

WORKFLOW = json.dumps(
    {
        "document": {"dsl": "1.0.3", "namespace": "bench", "name": "five-tasks", "version": "1.0.0"},
        "do": make_set_tasks(5),
    }
)
BODY = json.dumps({"namespace": "bench", "name": "five-tasks", "version": "1.0.0", "input": DOCUMENT}).encode()
SCOPE = ["run.start", "run.read", "workflow.publish", "audit.read"]


@asynccontextmanager
async def serving(options: argparse.Namespace, folder: str) -> AsyncIterator[tuple[str, str, psutil.Process]]:
    """Run a server; give its address, an administrator's password, and the process."""
    command = [sys.executable, "-m", "kapell", "up", "--port", "0", "--data", folder]
    if options.database:
        command += ["--database", options.database]
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    assert process.stderr is not None
    password = ""
    try:
        while line := (await process.stderr.readline()).decode():
            if found := re.fullmatch(r"\s+(\S+)\s*", line):
                password = found[1]
            if found := re.search(r"serves on (\S+)", line):
                yield found[1], password, psutil.Process(process.pid)
                return
        raise RuntimeError("the server did not start; a PostgreSQL database has to be a fresh one")
    finally:
        process.terminate()
        await process.wait()


async def sign_in(
    session: aiohttp.ClientSession, address: str, password: str, permissions: Sequence[str] = SCOPE
) -> None:
    """Make the session's requests those of an API token."""
    async with session.post(f"{address}/api/v1/sign-in", json={"name": "admin", "password": password}) as response:
        response.raise_for_status()
    wanted = {"name": "bench", "scope": {"permissions": list(permissions)}}
    expires_at = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    async with session.post(f"{address}/api/v1/tokens", json={**wanted, "expires_at": expires_at}) as response:
        response.raise_for_status()
        session.headers["Authorization"] = f"Bearer {(await response.json())['text']}"


def count_seconds(process: psutil.Process) -> float:
    """Return the processor time that a process has used."""
    times = process.cpu_times()
    return float(times.user + times.system)


async def submit(connection: Connection, request: bytes) -> float:
    """Start a run and wait for its end; return the seconds that took."""
    began = time.perf_counter()
    body = await connection.ask(request)
    if b'"status":"completed"' not in body:
        raise RuntimeError(f"a run did not complete: {body!r}")
    return time.perf_counter() - began


async def submit_many(
    session: aiohttp.ClientSession, address: str, count: int, at_once: int
) -> tuple[float, list[float]]:
    """Return runs a second, and the seconds of each."""
    left = iter(range(count))
    taken: list[float] = []
    clients = [await Connection.open(address) for _ in range(at_once)]
    request = write_request("/api/v1/runs?wait=30", session.headers, BODY)

    async def work(client: Connection) -> None:
        taken.extend([await submit(client, request) for _ in left])

    began = time.perf_counter()
    await asyncio.gather(*map(work, clients))
    rate = count / (time.perf_counter() - began)
    for client in clients:
        client.close()
    return rate, taken


async def watch(session: aiohttp.ClientSession, address: str, watchers: int, runs: int) -> tuple[int, float]:
    """Let many watch all runs; return how many changes arrived, and the milliseconds until each had one (median)."""
    arrived = 0
    ready = asyncio.Semaphore(0)

    async def be_watcher() -> None:
        nonlocal arrived
        async with session.get(f"{address}/api/v1/events", timeout=aiohttp.ClientTimeout(total=None)) as response:
            async for line in response.content:
                if line.startswith(b": welcome"):
                    ready.release()
                elif line.startswith(b"event: run"):
                    arrived += 1

    tasks = [asyncio.create_task(be_watcher()) for _ in range(watchers)]
    for _ in tasks:
        await ready.acquire()

    client = await Connection.open(address)
    request = write_request("/api/v1/runs?wait=30", session.headers, BODY)

    async def time_one() -> float:
        before, began = arrived, time.perf_counter()
        await submit(client, request)
        while arrived < before + watchers:  # noqa: ASYNC110 -- counted, not announced
            await asyncio.sleep(0.001)
        return (time.perf_counter() - began) * 1000

    lags = [await time_one() for _ in range(runs)]
    client.close()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return arrived, statistics.median(lags)


async def measure(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Return the rows."""
    count = 200 if options.quick else 8_000
    with tempfile.TemporaryDirectory(dir=options.folder, prefix="kapell-bench-") as folder:
        connector = aiohttp.TCPConnector(limit=0)
        jar = aiohttp.CookieJar(unsafe=True)
        async with (
            serving(options, folder) as (address, password, process),
            aiohttp.ClientSession(connector=connector, cookie_jar=jar) as session,
        ):
            await sign_in(session, address, password)
            path = f"{address}/api/v1/workflows/bench/five-tasks/versions"
            async with session.post(path, json={"source": WORKFLOW}) as response:
                response.raise_for_status()
            await submit_many(session, address, count // 8, AT_ONCE)
            spent = count_seconds(process)
            rates = [await submit_many(session, address, count // 4, AT_ONCE) for _ in range(4)]
            spent = count_seconds(process) - spent
            taken = sorted(seconds for _, each in rates for seconds in each)
            _, alone = await submit_many(session, address, count // 20, 1)
            watchers = 20 if options.quick else 500
            arrived, lag = await watch(session, address, watchers, 5 if options.quick else 20)
    store = "PostgreSQL" if options.database else "SQLite"

    def make_row(name: str, value: float, unit: str) -> dict[str, Any]:
        return {"name": name, "value": round(value, 3), "unit": unit, "conditions": store}

    return [
        make_row("5 tasks over HTTP, 50 at once", statistics.median(rate for rate, _ in rates), "runs/s"),
        make_row("... processor time of the server a run", spent / count * 1_000_000, "us"),
        make_row("... p99", taken[int(len(taken) * 0.99)] * 1000, "ms"),
        make_row("5 tasks over HTTP, one alone, p50", statistics.median(alone) * 1000, "ms"),
        make_row(f"{watchers} watchers: from a start to the last of them", lag, "ms"),
        make_row(f"{watchers} watchers: changes delivered", arrived, "changes"),
    ]


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
            else f"{row['name']:<55} {row['value']:>12,} {row['unit']}  ({row['conditions']})"
        )
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
