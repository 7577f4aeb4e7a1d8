"""The server is killed under load, again and again: no accepted run is lost, and none runs twice.

Fifty clients start runs with idempotency keys, and send each request again until it is answered. A key that was
answered once keeps its run; in the end there is one run for each key, and all have completed.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import signal
import sys

import aiohttp
import pytest

FULL = os.environ.get("KAPELL_TEST_CRASH") == "full" or os.environ.get("CI") == "true"
KILLS = 8 if FULL else 3
CLIENTS = 50
_RESTARTED_TOO = 0.3
"""How often the database's server is killed and started again as well."""

WORKFLOW = """
document: {dsl: '1.0.3', namespace: crash, name: small, version: '1.0.0'}
do:
  - first:
      set: {number: '${ .number + 1 }'}
  - pause:
      wait: {milliseconds: 50}
  - second:
      set: {number: '${ .number + 1 }'}
"""
AGAIN = (aiohttp.ClientError, ConnectionError, TimeoutError)


class Server:
    """A server process that is killed and started again at the same address."""

    def __init__(self, folder, database):
        self._command = [sys.executable, "-m", "kapell", "up", "--data", str(folder), "--port"]
        self._database = ["--database", database] if database else []
        self._port = "0"
        self.address = ""
        self.password = ""

    async def start(self):
        self._process = await asyncio.create_subprocess_exec(
            *self._command, self._port, *self._database, stderr=asyncio.subprocess.PIPE
        )
        said = []
        async with asyncio.timeout(60):
            while line := (await self._process.stderr.readline()).decode():
                said.append(line)
                if found := re.fullmatch(r"\s+(\S+)\s*", line):
                    self.password = found[1]
                if found := re.search(r"serves on (\S+)", line):
                    self.address = found[1]
                    self._port = self.address.rpartition(":")[2]
                    self._draining = asyncio.create_task(self._process.stderr.read())
                    return
        raise AssertionError("".join(said))

    async def kill(self):
        self._process.send_signal(signal.SIGKILL)
        await self._process.wait()

    async def stop(self):
        self._process.terminate()
        async with asyncio.timeout(30):
            assert await self._process.wait() == 0


async def sign_in(session, server):
    async with session.post(
        f"{server.address}/api/v1/sign-in", json={"name": "admin", "password": server.password}
    ) as response:
        assert response.status == 200
    path = f"{server.address}/api/v1/workflows/crash/small/versions"
    async with session.post(path, json={"source": WORKFLOW}) as response:
        assert response.status == 201


class Clients:
    """Fifty clients, and what they were told."""

    def __init__(self, session, server):
        self._session = session
        self._server = server
        self.accepted = {}
        self.sent = 0
        self.is_over = False

    async def work(self, client):
        number = 0
        while not self.is_over:
            key = f"{client}-{number}"
            await self.start(key, number)
            number += 1
            await asyncio.sleep(0)

    async def start(self, key, number):
        """Send one request until it is answered; whoever asks again under the same key is told the same run."""
        body = {"namespace": "crash", "name": "small", "input": {"number": number}}
        while True:
            self.sent += 1
            try:
                async with self._session.post(
                    f"{self._server.address}/api/v1/runs", json=body, headers={"Idempotency-Key": key}
                ) as response:
                    found = await response.json()
                    if response.status in {200, 201}:
                        assert self.accepted.setdefault(key, found["run_id"]) == found["run_id"]
                        return
                    assert response.status == 503, found
            except AGAIN:
                await asyncio.sleep(0.2)  # fifty who ask more often would keep the server from starting


async def list_runs(session, address, *, under_way=False):
    """Return all runs, or some of those that are under way."""
    found, cursor = [], None
    asked = [("status", "running"), ("status", "waiting"), ("limit", "1")] if under_way else [("limit", "500")]
    while True:
        params = [*asked, ("cursor", cursor)] if cursor else asked
        async with session.get(f"{address}/api/v1/runs", params=params) as response:
            page = await response.json()
        found += page["items"]
        cursor = page["next"]
        if cursor is None or under_way:
            return found


@pytest.mark.crash
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_no_accepted_run_is_lost_and_none_is_doubled(tmp_path, request, kind):
    postgres = request.getfixturevalue("postgres_server") if kind == "postgres" else None
    database = request.getfixturevalue("postgres_url") if kind == "postgres" else ""
    dice = random.Random(kind)  # noqa: S311 -- dice of a test
    server = Server(tmp_path / "data", database)
    await server.start()
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar, timeout=aiohttp.ClientTimeout(total=30)) as session:
        await sign_in(session, server)
        clients = Clients(session, server)
        working = [asyncio.create_task(clients.work(number)) for number in range(CLIENTS)]
        for _ in range(KILLS):
            await asyncio.sleep(dice.uniform(0.1, 1.5))
            await server.kill()
            if database and dice.random() < _RESTARTED_TOO:
                postgres.kill()
                postgres.start()
            await server.start()
        await asyncio.sleep(1)
        clients.is_over = True
        await asyncio.gather(*working)
        async with asyncio.timeout(120):
            while await list_runs(session, server.address, under_way=True):  # noqa: ASYNC110 -- nobody is told
                await asyncio.sleep(0.1)
            runs = await list_runs(session, server.address)
    await server.stop()
    assert {run["status"] for run in runs} == {"completed"}
    known = {run["run_id"] for run in runs}
    assert len(clients.accepted) > CLIENTS
    assert set(clients.accepted.values()) == known, "each accepted run is there, and none that no key was given"
    assert len(known) == len(clients.accepted), "no two keys share a run"
