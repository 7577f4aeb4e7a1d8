"""The engine on PostgreSQL: killed and carried on, kept out while another works, and through restarts of the server."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys

import psycopg
import pytest

from kapell.app import open_engine, open_store
from kapell.engine.loading import iter_events
from kapell.engine.store import RunFilter
from kapell.errors import ConflictError
from kapell.kernel import events as ev
from kapell.language import load_workflow
from kapell.settings import Settings

DOCUMENT = "document: {dsl: 1.0.3, namespace: tests, name: steps, version: 1.0.0}\n"
STEPS = f"""
{DOCUMENT}
do:
  - first:
      set: {{count: "${{ .count + 1 }}"}}
  - pause:
      wait: {{seconds: 4}}
  - second:
      set: {{count: "${{ .count + 1 }}"}}
"""
QUICK = DOCUMENT + "do:\n" + "".join(f'  - step{n}:\n      set: {{count: "${{ .count + 1 }}"}}\n' for n in range(5))

WORK = """
import asyncio, sys
from pathlib import Path
from kapell.app import open_engine
from kapell.language import load_workflow
from kapell.settings import Settings

async def main():
    async with open_engine(Settings(data=Path(sys.argv[1]), database=sys.argv[2])) as engine:
        run_id = engine.start_run(load_workflow(sys.stdin.read(), "steps.yaml"), {"count": 0})
        while not engine.store.list_unfinished():
            await asyncio.sleep(0.01)
        print(run_id, flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.fixture
def settings(tmp_path, postgres_url):
    return Settings(data=tmp_path / "data", database=postgres_url)


@pytest.fixture
def started(settings):
    """A process that has started a run and waits in it: the process, and the run's id."""
    process = subprocess.Popen(
        [sys.executable, "-c", WORK, settings.data, settings.database],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    process.stdin.write(STEPS)
    process.stdin.close()
    yield process, process.stdout.readline().strip()
    process.kill()
    process.stdout.close()
    process.wait(timeout=60)


async def test_a_run_of_an_engine_that_was_killed_is_carried_on_by_another(settings, started):
    process, run_id = started
    with pytest.raises(ConflictError, match=f":{process.pid}, since"):
        async with open_engine(settings):
            pass
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=60)
    await asyncio.sleep(0.2)  # the server notices that the lock's connection has gone
    async with asyncio.timeout(30), open_engine(settings) as engine:
        assert engine.unfinished == [run_id]
        outcome = await engine.wait_run(run_id)
    assert (outcome.status, outcome.output) == ("completed", {"count": 2})
    store = open_store(settings)
    events = [event for _, event in iter_events(store, run_id)]
    store.close()
    assert sum(type(event) is ev.TaskCompleted for event in events) == 3
    assert list(settings.data.glob("*.db")) == []


async def test_the_loop_goes_on_while_the_database_holds_back_what_is_read(settings, lag):
    workflow = load_workflow(QUICK, "steps.yaml")
    async with asyncio.timeout(30), open_engine(settings) as engine:
        await engine.prepare(workflow)
        run_id = engine.start_run(workflow, {"count": 0})
        await engine.wait_run(run_id)
        with psycopg.connect(settings.database) as other, lag() as measured:
            await asyncio.to_thread(other.execute, "LOCK TABLE runs IN ACCESS EXCLUSIVE MODE")
            asked = [
                asyncio.ensure_future(engine.wait_run(run_id)),
                asyncio.ensure_future(engine.fork_run(run_id, "/do/2/step2")),
                asyncio.ensure_future(engine.resume_run(run_id)),
            ]
            await asyncio.sleep(2)
            assert not any(task.done() for task in asked)
        assert measured.longest < 1
        outcome, (forked, _), refused = await asyncio.gather(*asked, return_exceptions=True)
        assert outcome.output == (await engine.wait_run(forked)).output == {"count": 5}
        assert isinstance(refused, ConflictError)


async def test_runs_go_on_through_restarts_of_the_server(settings, postgres_server):
    runs = 300
    workflow = load_workflow(QUICK, "steps.yaml")
    async with asyncio.timeout(60), open_engine(settings) as engine:

        async def be_client():
            outputs = []
            for _ in range(runs // 10):
                outcome = await engine.wait_run(engine.start_run(workflow, {"count": 0}))
                outputs.append((outcome.status, outcome.output))
            return outputs

        clients = [asyncio.ensure_future(be_client()) for _ in range(10)]
        for _ in range(2):
            await asyncio.sleep(0.3)
            await asyncio.to_thread(postgres_server.kill)
            await asyncio.to_thread(postgres_server.start)
        outputs = [output for client in clients for output in await client]
    assert outputs == [("completed", {"count": 5})] * runs
    store = open_store(settings)
    records = store.list_runs(RunFilter(), limit=runs + 1)
    assert [record.status for record in records] == ["completed"] * runs
    for record in records:
        names = [type(event).__name__ for _, event in iter_events(store, record.run_id)]
        assert names.count("TaskCompleted") == 5
        assert names.count("RunCompleted") == 1
    store.close()
