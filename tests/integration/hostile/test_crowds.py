"""Very many tasks, branches and runs."""

from __future__ import annotations

import asyncio
import json
import os
import threading

import psutil
import pytest

from kapell.app import open_engine
from kapell.language import load_workflow
from kapell.settings import Settings

IN_FULL = os.environ.get("KAPELL_TEST_CRASH") == "full" or os.environ.get("CI") == "true"
HEAD = "document: {dsl: '1.0.3', namespace: hostile, name: work, version: '1.0.0'}\n"

LOOP = """
do:
  - many:
      for: {each: i, in: '${ [range(COUNT)] }'}
      do:
        - one:
            set: {i: '${ $i }'}
"""


async def test_a_million_iterations_meet_the_limit(carry_out):
    report = await carry_out(LOOP.replace("COUNT", "1000000"), max_tasks_per_run=5000)
    assert "max_tasks_per_run" in report.error.detail
    assert report.error.instance == "/do/0/many/for/4999/do/0/one"
    report.check_bounded(300)


@pytest.mark.timeout(600)
@pytest.mark.skipif(not IN_FULL, reason="takes minutes: KAPELL_TEST_CRASH=full or CI=true runs it")
async def test_a_million_iterations_complete_where_that_is_allowed(tmp_path):
    workflow = load_workflow(HEAD + LOOP.replace("COUNT", "1000000"), "w")
    before = psutil.Process().memory_info().rss
    async with open_engine(Settings(data=tmp_path / "data", max_tasks_per_run=2_000_000)) as engine:
        outcome = await engine.wait_run(engine.start_run(workflow, {}))
    assert outcome.output == {"i": 999_999}
    assert psutil.Process().memory_info().rss - before < 600 * 2**20


async def test_twenty_thousand_iterations_complete(carry_out):
    report = await carry_out(LOOP.replace("COUNT", "20000"))
    assert report.outcome.output == {"i": 19_999}
    report.check_bounded(100)


async def test_a_fork_of_ten_thousand_completes(carry_out):
    branches = [{f"branch{number}": {"set": {"number": number}}} for number in range(10_000)]
    text = "do: " + json.dumps([{"fork": {"fork": {"branches": branches}}}]) + "\n"
    report = await carry_out(text)
    assert report.outcome.output == [{"number": number} for number in range(10_000)]
    report.check_bounded(300)


async def test_a_fork_that_is_handed_something_large_holds_it_once(carry_out):
    branches = [{f"branch{number}": {"wait": {"milliseconds": 300}}} for number in range(500)]
    tasks = [
        {"large": {"set": {"text": "${ $workflow.input.text }"}}},
        {"fork": {"fork": {"branches": branches}, "output": {"as": "${ length }"}}},
    ]
    report = await carry_out("do: " + json.dumps(tasks) + "\n", {"text": "x" * 1_000_000})
    assert report.outcome.output == 500
    report.check_bounded(150)


async def start_and_wait(engine, workflow, count):
    """Start runs, and return when all of them are on disk and wait."""
    last = [engine.start_run(workflow, {"number": number}) for number in range(count)][-1]
    async with asyncio.timeout(60):
        while not (engine.find_state(last) and engine.find_state(last).entries):  # noqa: ASYNC110 -- it has no event
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)


async def test_thousands_of_runs_that_wait_take_little(tmp_path):
    workflow = load_workflow(HEAD + "do:\n  - pause:\n      wait: {hours: 1}\n", "w")
    process = psutil.Process()
    async with open_engine(Settings(data=tmp_path / "data")) as engine:
        await start_and_wait(engine, workflow, 1)
        memory, threads = process.memory_info().rss, threading.active_count()
        await start_and_wait(engine, workflow, 5000)
        assert threading.active_count() <= threads + 2
        assert process.memory_info().rss - memory < 5000 * 12_000, "each takes less than 12 KB"
        assert len(engine.store.list_unfinished()) == 5001


async def test_runs_that_wait_long_leave_memory(tmp_path, monkeypatch):
    workflow = load_workflow(HEAD + "do:\n  - pause:\n      wait: {hours: 1}\n", "w")
    monkeypatch.setattr("kapell.engine.maintenance.parking._LOOK_SECONDS", 0.05)
    async with open_engine(Settings(data=tmp_path / "data")) as engine:
        runs = [engine.start_run(workflow, {}) for _ in range(2000)]
        async with asyncio.timeout(60):
            while any(engine.find_state(run_id) is not None for run_id in runs):  # noqa: ASYNC110 -- as above
                await asyncio.sleep(0.05)


async def test_a_workflow_that_runs_itself_without_end_holds_nobody_up(tmp_path):
    text = HEAD + "do:\n  - again:\n      run: {workflow: {namespace: hostile, name: work, version: '1.0.0'}}\n"
    endless = load_workflow(text, "w")
    other = load_workflow(HEAD.replace("work", "other") + "do:\n  - one:\n      set: {a: 1}\n", "w")
    async with open_engine(Settings(data=tmp_path / "data"), workflows=[endless]) as engine:
        run_id = engine.start_run(endless, {})
        async with asyncio.timeout(60):
            for _ in range(20):
                assert (await engine.wait_run(engine.start_run(other, {}))).status == "completed"
            await engine.cancel_run(run_id)
            assert (await engine.wait_run(run_id)).status in {"cancelled", "faulted"}
