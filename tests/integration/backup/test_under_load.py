"""A backup of a server at work: nothing accepted before is missing, and what was under way goes on elsewhere."""

import asyncio
import re
import sys
import time
from contextlib import asynccontextmanager

import aiohttp
import pytest
from tests.api_server import Client, running
from tests.integration.backup.restored_checks import verify

from kapell.backup.archive import ArchiveReader
from kapell.backup.restoring import restore_backup
from kapell.clock import SystemClock
from kapell.settings import Settings

WORKFLOW = """
document: {{dsl: '1.0.3', namespace: demo, name: {name}, version: '1.0.0'}}
do:
  - first: {{set: {{number: '${{ .number + 1 }}'}}}}
  - pause: {{wait: {pause}}}
  - second: {{set: {{number: '${{ .number + 1 }}'}}}}
"""
PAUSES = {"short": "PT1S", "long": "PT10M"}
CLIENTS = 4
LONGEST_START_SECONDS = 3.0  # on a machine that does much else; a start that waited for the backup would take longer


@asynccontextmanager
async def serving(folder):
    """Start a server in a process of its own, and give its address and the administrator's password."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "kapell", "up", "--port", "0", "--data", str(folder)), stderr=asyncio.subprocess.PIPE
    )
    said = ""
    async with asyncio.timeout(60):
        while "serves on" not in said:
            line = (await process.stderr.readline()).decode()
            assert line, said
            said += line
    draining = asyncio.create_task(process.stderr.read())
    try:
        yield re.search(r"serves on (\S+)", said)[1], re.search(r"^  (\S+)$", said, re.MULTILINE)[1]
    finally:
        process.terminate()
        await process.wait()
        await draining


async def back_up(folder, path):
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "kapell", "backup", str(path), "--data", str(folder), "--with-keys"),
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    assert process.returncode == 0, said.decode()


async def load(client, number, accepted, longest, over):
    count = 0
    while not over.is_set():
        key, began = f"{number}-{count}", time.monotonic()
        name = "short" if count % 4 else "long"
        made = await client.run({"number": count}, name=name, headers={"Idempotency-Key": key})
        longest.append(time.monotonic() - began)
        accepted[key] = (made["run_id"], count, name)
        count += 1


@pytest.mark.serial
async def test_nothing_accepted_is_missing_and_everything_goes_on(tmp_path, postgres_url):
    folder, path = tmp_path / "data", tmp_path / "b.zip"
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        async with serving(folder) as (address, password):
            client = Client(session, address)
            await client.post("/sign-in", {"name": "admin", "password": password})
            for name, pause in PAUSES.items():
                await client.publish(name=name, source=WORKFLOW.format(name=name, pause=pause))
            accepted, longest, over = {}, [], asyncio.Event()
            loads = [asyncio.create_task(load(client, number, accepted, longest, over)) for number in range(CLIENTS)]
            await asyncio.sleep(0.5)
            before = dict(accepted)
            longest.clear()
            await back_up(folder, path)
            over.set()
            await asyncio.gather(*loads)
            assert len(accepted) > len(before) > CLIENTS
            assert max(longest) < LONGEST_START_SECONDS
        with ArchiveReader(path) as archive:
            (runs,) = [part for part in archive.check().parts if part.table == "runs"]
            known = {row[runs.columns.index("run_id")] for row in archive.iter_rows(runs)}
        assert {run_id for run_id, *_ in before.values()} <= known
        settings = Settings(data=tmp_path / "moved", port=0, database=postgres_url)
        await asyncio.to_thread(restore_backup, settings, path, SystemClock())
        assert verify(settings) == []
        async with running(settings) as server:
            restored = Client(session, server.address)
            await restored.post("/sign-in", {"name": "admin", "password": password})
            for key, (run_id, number, name) in list(before.items())[-10:]:
                again = await restored.run({"number": number}, name=name, headers={"Idempotency-Key": key}, status=200)
                assert again["run_id"] == run_id
            for run_id in [run_id for run_id, _, name in before.values() if name == "short"][-10:]:
                assert (await restored.wait_run(run_id))["run"]["status"] == "completed"
            waiting = next(run_id for run_id, _, name in before.values() if name == "long")
            assert (await restored.get(f"/runs/{waiting}"))["run"]["status"] in {"running", "waiting"}
            # What was accepted later may be missing: then the same request starts it.
            for key, (_, number, name) in list(accepted.items())[-3:]:
                await restored.run({"number": number}, name=name, headers={"Idempotency-Key": key})
        assert verify(settings) == []
