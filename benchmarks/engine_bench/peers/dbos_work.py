"""The work as DBOS does it; runs in a virtual environment of its own, see `dbos_peer.py`.

python dbos_work.py FOLDER SIZES
"""

from __future__ import annotations

import asyncio
import json
import resource
import statistics
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pysqlite3

sys.modules["sqlite3"] = pysqlite3

import dbos  # noqa: E402 -- it must find the newer SQLite

FOLDER, SIZES = Path(sys.argv[1]), json.loads(sys.argv[2])
DOCUMENT = SIZES["document"]
STEPS = 5
CONDITIONS = f"DBOS {version('dbos')} on SQLite, asynchronous workflows"


@dbos.DBOS.step()
async def count(document: dict[str, Any]) -> dict[str, Any]:
    """Do what one task does."""
    return {"count": document["count"] + 1, "order": document["order"]}


@dbos.DBOS.workflow()
async def work_five(document: dict[str, Any]) -> dict[str, Any]:
    """Make five steps."""
    for _ in range(STEPS):
        document = await count(document)
    return document


@dbos.DBOS.workflow()
async def work_fork(branches: int) -> list[dict[str, Any]]:
    """Make so many steps side by side."""
    return await asyncio.gather(*(count({"count": 0, "order": "A-4711"}) for _ in range(branches)))


@dbos.DBOS.workflow()
async def work_wait() -> None:
    """Wait for a second."""
    await dbos.DBOS.sleep_async(1)


async def carry_out(runs: int, at_once: int) -> float:
    """Carry out runs, so many at once; return the seconds."""

    async def be_client() -> None:
        for _ in range(runs // at_once):
            if (await work_five(DOCUMENT))["count"] != STEPS:
                raise RuntimeError("wrong result")

    begin = time.perf_counter()
    await asyncio.gather(*(be_client() for _ in range(at_once)))
    return time.perf_counter() - begin


def report(work: str, value: float, conditions: str) -> None:
    """Print one result."""
    print(json.dumps({"work": work, "value": value, "conditions": f"{CONDITIONS}; {conditions}"}), flush=True)


def read_resident() -> int:
    """Return the bytes that this process holds in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


async def main() -> None:
    """Do each work that is asked for."""
    works, runs, at_once, width = SIZES["works"], SIZES["runs"], SIZES["at_once"], SIZES["width"]
    at_once = min(at_once, runs)
    await carry_out(at_once, at_once)
    if "five tasks" in works:
        spans = [await carry_out(runs, at_once) for _ in range(SIZES["repeats"])]
        report("five tasks", runs / statistics.median(spans), f"{runs} runs, {at_once} at once")
    if "alone" in works:
        spans = [await carry_out(1, 1) for _ in range(SIZES["alone"])]
        report("alone", statistics.median(spans) * 1e3, f"median of {SIZES['alone']}")
    if "fork" in works:
        begin = time.perf_counter()
        await work_fork(width)
        report("fork", time.perf_counter() - begin, f"{width} steps")
    if "waits" in works:
        begin = time.perf_counter()
        await asyncio.gather(*(work_wait() for _ in range(width)))
        report("waits", time.perf_counter() - begin, f"{width} workflows")
    if "memory" in works:
        report("memory", read_resident() / 1e6, "at the end of all this")


if __name__ == "__main__":
    dbos.DBOS(
        config={
            "name": "benchmark",
            "system_database_url": f"sqlite:///{FOLDER}/dbos.sqlite",
            "log_level": "ERROR",
            "run_admin_server": False,
        }
    )
    dbos.DBOS.launch()
    asyncio.run(main())
    dbos.DBOS.destroy()
