"""Where workflows may call, and how often anybody may ask, over the API."""

from __future__ import annotations

import asyncio

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer
from tests.api_server import running
from tests.raw_http import make_request, send_raw

from kapell.settings import Settings

pytestmark = pytest.mark.asyncio(loop_scope="module")

CALL = """
document: {{dsl: '1.0.3', namespace: demo, name: {name}, version: '1.0.0'}}
do:
  - fetch:
      call: http
      with: {{method: get, redirect: true, endpoint: '{url}'}}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def inside():
    """A service that workflows are to be kept from, and where it was asked."""
    called = []

    async def note(request):
        called.append(request.path)
        return web.json_response({"token": "of the machine"})

    app = web.Application()
    app.add_routes([web.get("/{any:.*}", note)])
    async with TestServer(app) as server:
        yield server, called


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(tmp_path_factory, inside):
    settings = Settings(
        data=tmp_path_factory.mktemp("limits") / "data",
        port=0,
        denied_addresses="loopback, metadata",
        rate_limit=20,
        stranger_rate_limit=5,
        rate_burst_seconds=4,
    )
    async with running(settings) as server:
        yield server, await server.sign_in()


async def test_a_call_to_a_denied_address_faults_and_says_why(served, inside):
    _, admin = served
    service, called = inside
    for number, host in enumerate(("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "169.254.169.254")):
        name = f"call{number}"
        await admin.publish(name=name, source=CALL.format(name=name, url=f"http://{host}:{service.port}/secret"))
        run = await admin.run(name=name)
        found = await admin.wait_run(run["run_id"])
        assert found["run"]["status"] == "faulted"
        assert found["error"]["type"].endswith("/authorization")
        assert (found["error"]["status"], found["error"]["title"]) == (403, "Address denied")
        assert "allowed_addresses" in found["error"]["detail"]
        history = await admin.get(f"/runs/{run['run_id']}/history")
        assert sum("attempt" in event["text"].lower() for event in history["items"]) <= 2, "it is not tried again"
        await asyncio.sleep(0.5)  # within the rate that this server is set to
    assert called == []


async def test_who_asks_too_often_is_told_when_to_go_on(served):
    server, admin = served
    port = int(server.address.rpartition(":")[2])
    await asyncio.sleep(1)
    asked = make_request("GET", "/api/v1/me", **admin.headers)
    answers = [await send_raw(port, asked) for _ in range(150)]
    refused = [answer for answer in answers if answer.status == 429]
    assert {answer.status for answer in answers} == {200, 429}
    assert refused[0].problem["code"] == "rate_limited"
    assert refused[0].problem["retryable"]
    assert refused[0].headers["retry-after"] == "1"
    assert refused[0].headers["ratelimit-policy"] == '"principal";q=80;w=4'
    assert refused[0].headers["ratelimit"] == '"principal";r=0;t=1'
    start = make_request("POST", "/api/v1/runs", b"{}", **admin.headers)
    assert {(await send_raw(port, start)).status for _ in range(30)} >= {429}, "the quick way to start counts, too"
    await asyncio.sleep(1.1)
    assert (await send_raw(port, asked)).status == 200


async def test_strangers_are_held_to_a_pace_and_nobody_else_with_them(served):
    server, admin = served
    port = int(server.address.rpartition(":")[2])
    without = [await send_raw(port, make_request("GET", "/api/v1/me")) for _ in range(40)]
    assert {answer.status for answer in without} == {401, 429}
    wrong = [await send_raw(port, make_request("GET", "/api/v1/me", Authorization="Bearer kpl_x")) for _ in range(5)]
    assert {answer.status for answer in wrong} == {429}
    sign_in = make_request("POST", "/api/v1/sign-in", b"{}", Authorization="Bearer kpl_x", Cookie="kapell_session=x")
    assert (await send_raw(port, sign_in)).status == 429
    for path in ("/health", "/ready"):
        assert {(await send_raw(port, make_request("GET", path))).status for _ in range(40)} == {200}
    await asyncio.sleep(0.2)
    await admin.get("/me")
