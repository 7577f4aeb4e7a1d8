"""Texts of every kind, on both databases: each is kept as it came or refused in words, and none fails the server."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
import pytest_asyncio
from tests.api_server import running
from tests.raw_http import Served

from kapell.settings import Settings

pytestmark = pytest.mark.asyncio(loop_scope="module")

PHRASE = "Correct-horse-battery-1"


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["sqlite", "postgres"])
async def served(request, tmp_path_factory):
    data = tmp_path_factory.mktemp("texts") / "data"
    url = request.getfixturevalue("make_postgres_database")() if request.param == "postgres" else ""
    async with running(Settings(data=data, port=0, database=url)) as server:
        served = Served(server, await server.sign_in(), data)
        await served.admin.publish()
        yield served


@pytest.mark.parametrize(
    ("method", "path", "make_body"),
    [
        ("POST", "/groups", lambda text: {"name": "described", "description": text}),
        ("POST", "/groups", lambda text: {"name": text}),
        ("POST", "/people", lambda text: {"name": "nully", "display_name": text}),
        ("POST", "/people", lambda text: {"name": "nully2", "password": PHRASE + text}),
        ("POST", "/sign-in", lambda text: {"name": text, "password": text}),
        ("PUT", "/roles/clerk", lambda text: {"permissions": ["run.read"], "description": text}),
        ("POST", "/tokens", lambda text: {"name": text, "scope": {"permissions": ["run.read"]},
                                          "expires_at": "2030-01-01T00:00:00Z"}),
        ("PUT", "/secrets/demo/odd", lambda text: {"value": {"key": text, text: 1}}),
        ("POST", "/runs", lambda text: {"namespace": "demo", "name": "hello", "input": {"name": text, text: 1}}),
        ("POST", "/runs", lambda text: {"namespace": text, "name": "hello"}),
        ("POST", "/workflows/demo/odd/versions", lambda text: {"source": f"document: {text}"}),
        ("POST", "/expressions/evaluate", lambda text: {"expression": f'"{text}"', "data": text}),
    ],
)  # fmt: skip
async def test_no_text_fails_the_server(served, method, path, make_body):
    for text in ("a\0b", "a\r\nb: c", "\u202eb", "x" * 5000, "😀\uffff", "' OR 1=1 --", "%s %(a)s :b"):
        answer = await served.send(method, f"/api/v1{path}", json.dumps(make_body(text)).encode())
        assert answer.status in {200, 201, 204, 401, 403, 404, 409, 413, 422, 429}, answer.body


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "'", "😀", "..", "%"], ids=ascii)
async def test_no_query_fails_the_server(served, text):
    written = quote(text.encode("utf-8", "surrogatepass"))
    for path in (
        "/runs?namespace={}", "/runs?name={}", "/runs?cursor={}", "/runs?status={}", "/workflows?search={}",
        "/workflows?cursor={}", "/people?search={}", "/people?cursor={}", "/audit/records?target={}",
        "/audit/records?action={}*", "/audit/records?actor={}", "/secrets?namespace={}", "/secrets?cursor={}",
        "/groups/{}/members", "/people/{}", "/runs/{}", "/runs/{}/history", "/workflows/{}/{}", "/secrets/{}/{}",
        "/sign-in/oidc/{}", "/sign-in/oidc/{}/callback", "/roles/{}", "/tokens?owner_id={}",
    ):  # fmt: skip
        answer = await served.send("GET", "/api/v1" + path.format(written, written))
        assert answer.status in {200, 401, 404, 405, 409, 422}, (path, answer)
    await served.check_health()


async def test_a_run_keeps_every_text_as_it_came(served):
    text = "a\0b\u202e😀"
    body = json.dumps({"namespace": "demo", "name": "hello", "input": {"name": text}}).encode()
    answer = await served.send("POST", "/api/v1/runs?wait=10", body)
    run_id = json.loads(answer.body)["run_id"]
    found = await served.admin.wait_run(run_id)
    assert (found["output"], found["input"]) == ({"text": f"Hello {text}"}, {"name": text})
