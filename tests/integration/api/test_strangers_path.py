"""What a stranger does on the first day, with the real command: from the first start to a verified audit log."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from contextlib import asynccontextmanager

import aiohttp
from tests.api_server import Client

WORKFLOW = """
document: {dsl: '1.0.3', namespace: shop, name: ship, version: '1.0.0', title: Ship an order}
do:
  - weigh:
      set: {grams: '${ .grams | tonumber }'}
  - label:
      run:
        shell:
          command: echo "label for $GRAMS g"
          environment: {GRAMS: '${ .grams | tostring }'}
"""


@asynccontextmanager
async def up(data):
    """Start `kapell up` on a free port; give its address and the password that it shows."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "kapell", "up", "--data", str(data), "--port", "0", stderr=asyncio.subprocess.PIPE
    )
    password = None
    try:
        async with asyncio.timeout(30):
            while True:
                line = (await process.stderr.readline()).decode()
                assert line, "the server ended"
                if match := re.fullmatch(r"\s+(\S+)\s*", line):
                    password = match[1]
                if match := re.search(r"serves on (\S+)", line):
                    break
        yield match[1], password
    finally:
        process.terminate()
        async with asyncio.timeout(30):
            assert await process.wait() == 0


async def test_from_the_first_start_to_a_verified_log(tmp_path):
    data = tmp_path / "data"
    jar = aiohttp.CookieJar(unsafe=True)
    async with up(data) as (address, password), aiohttp.ClientSession(cookie_jar=jar) as session:
        stranger = Client(session, address)
        await stranger.post("/sign-in", {"name": "admin", "password": password})
        await stranger.publish("shop", "ship", source=WORKFLOW)

        key = {"Idempotency-Key": "order-17"}
        run = await stranger.run({"grams": "1 kg"}, "shop", "ship", headers=key)
        again = await stranger.run({"grams": "1 kg"}, "shop", "ship", headers=key)
        assert again["run_id"] == run["run_id"]

        told = asyncio.create_task(follow(stranger, run["run_id"]))
        found = await stranger.wait_run(run["run_id"])
        assert found["run"]["status"] == "faulted"
        assert found["error"]["instance"] == "/do/0/weigh"
        why = await stranger.get(f"/runs/{run['run_id']}/why")
        assert "weigh" in json.dumps(why)

        mended = {"input": {"grams": "1000"}, "reason": "grams, not kilograms"}
        await stranger.post(f"/runs/{run['run_id']}/retry", mended)
        found = await stranger.wait_run(run["run_id"], ("completed",))
        assert found["output"] == "label for 1000 g"
        log = await stranger.get(f"/runs/{run['run_id']}/log")
        assert [line["text"] for line in log["items"] if line["stream"] == "stdout"] == ["label for 1000 g"]
        sentences = await asyncio.wait_for(told, 20)
        assert any("faulted" in text for text in sentences)
        assert any("completed" in text for text in sentences)

        records = (await stranger.get(f"/audit/records?target=run/{run['run_id']}"))["items"]
        assert [record["action"] for record in records] == ["run.retry", "run.read_data", "run.start"]
        assert records[0]["private"]["reason"] == "grams, not kilograms"

    verified = await asyncio.to_thread(run_command, "audit", "verify", "--data", str(data), "--json")
    assert verified.returncode == 0, verified.stdout + verified.stderr

    async with up(data) as (address, password), aiohttp.ClientSession(cookie_jar=jar) as session:
        assert password is None, "the password is shown once"
        kept = await Client(session, address).get(f"/runs/{run['run_id']}")
        assert kept["run"]["status"] == "completed"


async def follow(client, run_id):
    """Return the sentences of a run's live events, to its end."""
    found = []
    async with client.stream(f"/runs/{run_id}/events") as response:
        async for line in response.content:
            if line.startswith(b"event: end"):
                return found
            if line.startswith(b"data: {") and b'"text"' in line:
                found.append(json.loads(line.removeprefix(b"data: "))["text"])
    raise AssertionError(found)


def run_command(*arguments):
    return subprocess.run([sys.executable, "-m", "kapell", *arguments], capture_output=True, text=True, check=False)
