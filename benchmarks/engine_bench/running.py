"""Runs in this process: many at once, one alone, a wide fork, many waits."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from engine_bench.databases import make_settings
from engine_bench.rows import Bench, Row
from engine_bench.work import (
    AT_ONCE,
    DOCUMENT,
    TASKS,
    carry_out,
    carry_out_many,
    make_five_tasks,
    make_set_tasks,
    make_workflow,
    open_bench_engine,
)
from kapell.app import open_engine, open_store
from kapell.engine.store import RunFilter
from kapell.kernel.codec import decode_events
from kapell.kernel.events import RunCompleted, TaskCompleted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kapell.engine.store import RunStore
    from kapell.settings import Settings

_WARM_UP = 200


def measure_five_tasks(bench: Bench) -> Iterator[Row]:
    """Measure runs of five tasks, 50 at once, in both kinds of durability; on PostgreSQL too, where there is one."""
    for durability in ("task", "effect"):
        for medium in ("", ", PostgreSQL") if bench.database else ("",):
            with make_settings(bench, durability=durability, on_postgres=bool(medium)) as settings:
                rate, processor, runs = asyncio.run(_run_five_tasks(bench, settings))
                found = count_results(settings, runs)
            conditions = f"durability={durability}; {processor * 1e6:.0f} us of processor time a run; on disk: {found}"
            name = f"5 tasks, {AT_ONCE} at once, durability={durability}{medium}"
            yield Row(name, rate, "runs/s", conditions, "five tasks")


async def _run_five_tasks(bench: Bench, settings: Settings) -> tuple[float, float, int]:
    """Return runs a second, seconds of processor time a run, and how many runs there were in all."""
    runs, repeats = bench.pick(2000, 100), bench.pick(7, 1)
    workflow = make_five_tasks()
    spans, processor = [], []
    async with open_engine(settings) as engine:
        await carry_out_many(engine, workflow, DOCUMENT, _WARM_UP)
        for _ in range(repeats):
            begin, begin_processor = time.perf_counter(), time.process_time()
            await carry_out_many(engine, workflow, DOCUMENT, runs)
            spans.append(time.perf_counter() - begin)
            processor.append(time.process_time() - begin_processor)
    return runs / statistics.median(spans), statistics.median(processor) / runs, _WARM_UP + runs * repeats


def count_results(settings: Settings, expected_runs: int) -> str:
    """Read every history from disk, and say how many results and transactions made it there.

    A row of a run's history is what one transaction brought it.

    Raises:
        RuntimeError: A run is missing, has not its five results, or has not ended.
    """
    store = open_store(settings)
    try:
        runs = rows = results = 0
        for run_id in _iter_run_ids(store):
            bodies = [row.body for row in store.iter_history(run_id)]
            events = [event for body in bodies for event in decode_events(body, store.get_payload)]
            made = sum(type(event) is TaskCompleted for event in events)
            if made != TASKS or type(events[-1]) is not RunCompleted:
                raise RuntimeError(f"run {run_id} made {made} results and ended in {type(events[-1]).__name__}")
            runs, rows, results = runs + 1, rows + len(bodies), results + made
    finally:
        store.close()
    if runs != expected_runs:
        raise RuntimeError(f"{runs} runs are on disk, {expected_runs} were made")
    return f"{runs} runs, {results} task_completed events, {rows / runs:g} transactions a run"


def _iter_run_ids(store: RunStore) -> Iterator[str]:
    after = None
    while page := store.list_runs(RunFilter(), limit=1000, after=after):
        yield from (record.run_id for record in page)
        after = page[-1].run_id


def measure_alone(bench: Bench) -> Iterator[Row]:
    """Measure how long one run of five tasks takes when nothing else runs; on PostgreSQL too, where there is one."""
    for medium in ("", ", PostgreSQL") if bench.database else ("",):
        with make_settings(bench, durability="task", on_postgres=bool(medium)) as settings:
            span = asyncio.run(_run_alone(bench, settings))
        conditions = "durability=task: five commits one after the other"
        yield Row(f"5 tasks, one alone, p50{medium}", span * 1e3, "ms", conditions, "alone")


async def _run_alone(bench: Bench, settings: Settings) -> float:
    workflow = make_five_tasks()
    spans = []
    async with open_engine(settings) as engine:
        await carry_out_many(engine, workflow, DOCUMENT, _WARM_UP)
        for _ in range(bench.pick(1000, 20)):
            begin = time.perf_counter()
            await carry_out(engine, workflow, DOCUMENT)
            spans.append(time.perf_counter() - begin)
    return statistics.median(spans)


def measure_fork(bench: Bench) -> Iterator[Row]:
    """Measure a run that forks into 1,000 branches of one task each."""
    branches = bench.pick(1000, 100)
    for durability in ("effect", "task"):
        with tempfile.TemporaryDirectory(dir=bench.folder) as name:
            span = asyncio.run(_run_fork(bench, Path(name), branches, durability))
        conditions = f"durability={durability}; a task of two expressions in each branch"
        figure = "fork" if branches == 1000 else ""  # noqa: PLR2004 -- what the others' figure is about
        yield Row(f"fork of {branches}, durability={durability}", span, "s", conditions, figure)


async def _run_fork(bench: Bench, folder: Path, branches: int, durability: str) -> float:
    workflow = make_workflow("wide", [{"wide": {"fork": {"branches": make_set_tasks(branches)}}}])
    spans = []
    async with open_bench_engine(folder, durability) as engine:
        for _ in range(bench.pick(10, 1) + 1):
            begin = time.perf_counter()
            output = await carry_out(engine, workflow, {"count": 0, "order": "A-4711"})
            spans.append(time.perf_counter() - begin)
            if [each["count"] for each in output] != [1] * branches:
                raise RuntimeError("the fork did not give every branch's output")
    return statistics.median(spans[1:])


def measure_waits(bench: Bench) -> Iterator[Row]:
    """Measure 1,000 runs that wait for a second at the same time."""
    runs = bench.pick(1000, 100)
    workflow = make_workflow("wait", [{"wait": {"wait": {"seconds": 1}}}])

    async def wait(folder: Path) -> float:
        async with open_bench_engine(folder) as engine:
            await carry_out(engine, make_five_tasks(), DOCUMENT)
            spans = []
            for _ in range(bench.pick(5, 1)):
                begin = time.perf_counter()
                await carry_out_many(engine, workflow, {}, runs, at_once=runs)
                spans.append(time.perf_counter() - begin)
            return statistics.median(spans)

    with tempfile.TemporaryDirectory(dir=bench.folder) as name:
        span = asyncio.run(wait(Path(name)))
    yield Row(f"{runs} waits of 1 s", span, "s", "as many runs at once, from the first start to the last end", "waits")
