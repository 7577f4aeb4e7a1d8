"""Whether a task costs the same in a long run as in a short one, and among many stored runs as among few."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from engine_bench.rows import Bench, Row
from engine_bench.work import (
    AT_ONCE,
    DOCUMENT,
    carry_out,
    carry_out_many,
    make_five_tasks,
    make_set_tasks,
    make_workflow,
    open_bench_engine,
)
from kapell.app import open_store
from kapell.engine.store import Batch, RunRecord
from kapell.ids import make_run_id
from kapell.kernel.codec import encode_events
from kapell.kernel.events import RunCompleted, RunStarted, TaskCompleted
from kapell.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kapell.language import Workflow

SMALL = {"count": 0, "order": "A-4711"}
_YEAR_AGO = datetime.now(UTC) - timedelta(days=365)
_RUNS_A_TRANSACTION = 1000


def measure_long_runs(bench: Bench) -> Iterator[Row]:
    """Measure a task in runs of 10 to 10,000 tasks: iterations of a `for`, and a long list of tasks."""
    lengths = (10, 100) if bench.quick else (10, 100, 1000, 10_000)
    step = {"set": {"count": "${ .count + 1 }", "last": "${ $item }"}}
    loop = {"for": {"in": "${ .items }"}, "do": [{"step": step}]}
    for length in lengths:
        value = {"count": 0, "items": list(range(length))}
        yield _measure_task(bench, make_workflow("loop", [{"loop": loop}]), value, length, "a for")
    for length in lengths:
        yield _measure_task(bench, make_workflow("list", make_set_tasks(length)), SMALL, length, "a do list")


def _measure_task(bench: Bench, workflow: Workflow, value: object, length: int, where: str) -> Row:
    async def run(folder: Path) -> float:
        repeats = max(3, bench.pick(20_000, 100) // length)
        spans = []
        async with open_bench_engine(folder) as engine:
            await carry_out(engine, workflow, value)
            for _ in range(repeats):
                begin = time.perf_counter()
                output = await carry_out(engine, workflow, value)
                spans.append(time.perf_counter() - begin)
                if output["count"] != length:
                    raise RuntimeError(f"{length} tasks were to be made, not {output['count']}")
        return statistics.median(spans) / length * 1e6

    with tempfile.TemporaryDirectory(dir=bench.folder) as name:
        cost = asyncio.run(run(Path(name)))
    return Row(
        f"a task in {where} of {length}", cost, "us", "durability=effect, one run alone, its start and end included"
    )


def measure_stored_runs(bench: Bench) -> Iterator[Row]:
    """Measure runs of five tasks among 10 to 100,000 stored ones."""
    with tempfile.TemporaryDirectory(dir=bench.folder) as name:
        stored = 0
        for wanted in (10, 100) if bench.quick else (10, 1000, 10_000, 100_000):
            stored += fill_store(Path(name), wanted - stored)
            made, cost = asyncio.run(_run_among_stored(bench, Path(name)))
            yield Row(f"5 tasks among {wanted} stored runs", cost, "us/run", f"{AT_ONCE} at once, durability=task")
            stored += made


async def _run_among_stored(bench: Bench, folder: Path) -> tuple[int, float]:
    """Return how many runs were made, and what one takes in microseconds."""
    runs, repeats = bench.pick(1000, 50), bench.pick(5, 1)
    workflow = make_five_tasks()
    spans = []
    async with open_bench_engine(folder, "task") as engine:
        await carry_out_many(engine, workflow, DOCUMENT, AT_ONCE)
        for _ in range(repeats):
            begin = time.perf_counter()
            await carry_out_many(engine, workflow, DOCUMENT, runs)
            spans.append(time.perf_counter() - begin)
    return runs * repeats + AT_ONCE, statistics.median(spans) / runs * 1e6


def fill_store(folder: Path, runs: int) -> int:
    """Store so many ended runs of five tasks, and return how many."""
    if runs <= 0:
        return 0
    folder.mkdir(exist_ok=True)
    store = open_store(Settings(data=folder))
    try:
        store.put_definition("0" * 64, b"{}")
        epoch = store.acquire("benchmark", datetime.now(UTC), 1.0)
        for first in range(0, runs, _RUNS_A_TRANSACTION):
            count = min(_RUNS_A_TRANSACTION, runs - first)
            store.append(epoch, [_make_ended_run(number) for number in range(first, first + count)])
    finally:
        store.close()
    return runs


def _make_ended_run(number: int) -> Batch:
    at = _YEAR_AGO + timedelta(milliseconds=number)
    run_id = make_run_id(at)
    micros = int(at.timestamp() * 1_000_000)
    events = [
        RunStarted(at=micros, run_id=run_id, raw_input=DOCUMENT),
        *(TaskCompleted(at=micros, node=task, entry=task, output={**DOCUMENT, "count": task}) for task in range(1, 6)),
        RunCompleted(at=micros),
    ]
    body, _ = encode_events(events)
    record = RunRecord(
        run_id=run_id,
        namespace="bench",
        name=f"workflow-{number % 20}",
        version="1.0.0",
        definition="0" * 64,
        status="completed",
        created_at=at,
        updated_at=at,
        ended_at=at,
    )
    return Batch(run_id=run_id, first_seq=1, count=len(events), at=at, body=body, record=record)
