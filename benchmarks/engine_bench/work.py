"""The work that is measured: workflows, their input, and an engine to run them in this process."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from kapell.app import open_engine
from kapell.language import load_workflow
from kapell.settings import Settings

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from kapell.engine.engine import Engine
    from kapell.language import Workflow

TASKS = 5
AT_ONCE = 50

ORDER = {
    "id": "A-4711",
    "customer": {"name": "Ada Lovelace", "mail": "ada@example.com", "country": "GB"},
    "lines": [{"sku": f"sku-{number:04}", "quantity": number, "price": number * 1.25} for number in range(16)],
    "note": "Please ring twice. " * 3,
}
DOCUMENT = {"count": 0, "order": ORDER}
"""0.9 KB of JSON."""


def make_workflow(name: str, tasks: list[dict[str, Any]], **more: Any) -> Workflow:
    """Return a checked workflow with these tasks."""
    document = {"dsl": "1.0.3", "namespace": "bench", "name": name, "version": "1.0.0"}
    return load_workflow(json.dumps({"document": document, "do": tasks, **more}), f"{name}.json")


def make_set_tasks(count: int) -> list[dict[str, Any]]:
    """Return `count` tasks, each with two expressions, that hand the document on and count themselves."""
    value = {"count": "${ .count + 1 }", "order": "${ .order }"}
    return [{f"step{number}": {"set": value}} for number in range(count)]


def make_five_tasks() -> Workflow:
    """Return the workflow of five small tasks."""
    return make_workflow("five-tasks", make_set_tasks(TASKS))


def open_bench_engine(folder: Path, durability: str = "effect") -> AbstractAsyncContextManager[Engine]:
    """Open an engine as `kapell run` does, with its data in `folder`; commits are durable (`synchronous=FULL`)."""
    return open_engine(Settings(data=folder, durability=durability, max_tasks_per_run=1_000_000))


async def carry_out(engine: Engine, workflow: Workflow, value: Any) -> Any:
    """Run a workflow to its end and return its output."""
    outcome = await engine.wait_run(engine.start_run(workflow, value))
    if outcome.status != "completed":
        raise RuntimeError(f"run {outcome.run_id} {outcome.status}: {outcome.error}")
    return outcome.output


async def carry_out_many(engine: Engine, workflow: Workflow, value: Any, runs: int, at_once: int = AT_ONCE) -> None:
    """Let `at_once` clients carry out `runs` runs, each client one after the other."""

    async def be_client(share: int) -> None:
        for _ in range(share):
            await carry_out(engine, workflow, value)

    shares = [runs // at_once + (number < runs % at_once) for number in range(at_once)]
    await asyncio.gather(*(be_client(share) for share in shares))
