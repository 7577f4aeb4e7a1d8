"""Requests that no honest client sends: each is answered in words, changes nothing, and never fails the server."""

from __future__ import annotations

import gzip
import json
import re

import pytest
import pytest_asyncio
from tests.api_server import running
from tests.raw_http import Served, make_request, send_raw

from kapell.settings import Settings

pytestmark = pytest.mark.asyncio(loop_scope="module")

MOST_BYTES = 64 * 1024


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(tmp_path_factory):
    data = tmp_path_factory.mktemp("requests") / "data"
    async with running(Settings(data=data, port=0, max_body_bytes=MOST_BYTES)) as server:
        served = Served(server, await server.sign_in(), data)
        await served.admin.publish()
        yield served


# -- bodies ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"name": "\xff"}', b"\x00", b'{"name": "a"}\x00',
        b'{"name": "a\\ud800"}', b'{"name": 1e999}', b'{"name": ' + b"9" * 30_000 + b"}",
        b"[" * 30_000, b'{"a":' * 10_000, b"[" * 30_000 + b"]" * 30_000, b'{"name": "a", "other": 1}',
        b"name=a", b'<?xml version="1.0"?><name>a</name>', gzip.compress(b'{"name": "a"}', mtime=0),
        '{"name": "a"}'.encode("utf-16"), b"\xef\xbb\xbf" + b'{"name": "a"}',
    ],
    ids=lambda body: repr(body[:16]),
)  # fmt: skip
async def test_a_body_that_is_none_is_refused_in_words(served, body):
    for path in ("/api/v1/groups", "/api/v1/runs", "/api/v1/expressions/evaluate", "/api/v1/sign-in"):
        answer = await served.send("POST", path, body, Content_Type="application/json")
        assert (answer.status, answer.problem["code"]) == (422, "usage"), path
        assert answer.problem["detail"].startswith("The body")


async def test_a_compressed_body_is_not_unpacked(served):
    body = gzip.compress(b'{"name": "' + b"a" * 10_000_000 + b'"}')
    assert len(body) < MOST_BYTES
    answer = await served.send("POST", "/api/v1/groups", body, Content_Encoding="gzip")
    assert answer.status == 422


async def test_a_body_that_is_too_large_is_refused_before_it_is_read(served):
    head = make_request("POST", "/api/v1/groups", Authorization=served.authorization, Content_Length="999999999999")
    answer = await send_raw(served.port, head)
    assert (answer.status, answer.problem["code"]) == (413, "limit_exceeded")


async def test_a_body_without_a_length_is_read_to_the_limit_only(served):
    head = make_request(
        "POST", "/api/v1/groups", Authorization=served.authorization, Content_Length=None, Transfer_Encoding="chunked"
    )
    chunk = b"4000\r\n" + b" " * 0x4000 + b"\r\n"
    answer = await send_raw(served.port, head, *[chunk] * 5)
    assert (answer.status, answer.problem["code"]) == (413, "limit_exceeded")
    for path in ("/api/v1/runs", "/api/v1/sign-in"):
        head = make_request(
            "POST", path, Authorization=served.authorization, Content_Length=None, Transfer_Encoding="chunked"
        )
        assert (await send_raw(served.port, head, *[chunk] * 5)).status == 413
    small = make_request(
        "POST", "/api/v1/groups", Authorization=served.authorization, Content_Length=None, Transfer_Encoding="chunked"
    )
    answer = await send_raw(served.port, small, b'11\r\n{"name":"chunked"\r\n', b"1\r\n}\r\n0\r\n\r\n")
    assert answer.status == 201


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: -1\r\n", b"Content-Length: 5\r\nContent-Length: 6\r\n", b"Content-Length: five\r\n",
        b"Content-Length: +5\r\n", b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", b"Transfer-Encoding: xchunked\r\n",
        b"Content-Length: 0x5\r\n", b"Content-Length : 5\r\n", b"Folded: a\r\n b\r\nContent-Length: bad\r\n",
        b"Bad Header: x\r\n", b"X: a\x00b\r\n", b"X: " + b"a" * 200_000 + b"\r\n",
    ],
    ids=lambda framing: repr(framing[:40]),
)  # fmt: skip
async def test_requests_that_could_be_taken_for_two_reach_no_route(served, framing):
    """What a proxy may read otherwise than the server does: such a request is refused, or its connection closed."""
    head = b"POST /api/v1/groups HTTP/1.1\r\nHost: x\r\nAuthorization: %b\r\n" % served.authorization.encode()
    smuggled = b"DELETE /api/v1/groups/kept HTTP/1.1\r\nHost: x\r\nAuthorization: %b\r\n\r\n"
    body = b"0\r\n\r\n" + smuggled % served.authorization.encode()
    await served.send("POST", "/api/v1/groups", b'{"name": "kept"}')
    answer = await send_raw(served.port, head + framing + b"\r\n" + body)
    assert answer.status in {0, 400, 413, 422, 431}
    assert (await served.send("GET", "/api/v1/groups/kept/members")).status == 200


async def test_of_a_key_that_comes_twice_the_last_counts_everywhere(served):
    body = b'{"name": "first-of-two", "name": "second-of-two"}'
    answer = await served.send("POST", "/api/v1/groups", body)
    assert (answer.status, json.loads(answer.body)["name"]) == (201, "second-of-two")


# -- paths and headers -------------------------------------------------------------------------------------------------


TRAVERSALS = [
    "../../../../etc/passwd", "..%2f..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/etc/passwd", "..%5c..%5cetc", "....//etc",
    "%252e%252e%252fetc", "..;/..;/etc", "%c0%ae%c0%ae/etc", "..%00/etc", "/etc/passwd", "file:///etc/passwd",
    "audit.key", "..%2fmaster.key", "../data/server.db",
]  # fmt: skip


@pytest.mark.parametrize("path", TRAVERSALS)
async def test_no_path_leads_to_a_file(served, path):
    for prefix in ("/", "/api/v1/", "/api/v1/runs/", "/api/v1/workflows/demo/", "/api/v1/secrets/demo/"):
        for method in ("GET", "DELETE"):
            answer = await served.send(method, prefix + path)
            assert answer.status in {400, 404, 405, 422}, (prefix, method, answer)
            assert b"root:" not in answer.body
            assert b"SQLite format" not in answer.body
    assert (served.data / "audit.key").exists()


@pytest.mark.parametrize(
    "name", ["..", ".", "%2e%2e", "..%2fx", "a%2fb", "a%5cb", "a%00b", "-", "a b", "CON", "a" * 300]
)
async def test_no_name_of_a_thing_is_a_path(served, name):
    before = {path.name for path in served.data.iterdir()}
    parent = {path.name for path in served.data.parent.iterdir()}
    source = {"source": "document: {dsl: '1.0.3', namespace: demo, name: hello, version: '9.0.0'}\ndo: []\n"}
    for method, path, body in (
        ("PUT", f"/secrets/{name}/x", {"value": "1"}),
        ("PUT", f"/secrets/demo/{name}", {"value": "1"}),
        ("POST", f"/workflows/{name}/hello/versions", source),
        ("POST", f"/workflows/demo/{name}/versions", source),
        ("PUT", f"/roles/{name}", {"permissions": ["run.read"]}),
    ):
        answer = await served.send(method, f"/api/v1{path}", json.dumps(body).encode())
        assert answer.status < 500, (path, answer)
    after = {path.name for path in served.data.iterdir()}
    assert {path for path in after - before if not path.startswith(("runs.db", "server.db", "log.db"))} == set()
    assert {path.name for path in served.data.parent.iterdir()} == parent


async def test_what_a_client_sends_does_not_become_a_header(served):
    for given in ("a\tb", "ä", "x" * 500, "../../x", "a;b"):
        answer = await served.send("GET", "/api/v1/me", X_Request_Id=given)
        assert re.fullmatch(r"[A-Za-z0-9._-]{1,64}", answer.headers["x-request-id"])
        assert answer.headers["x-request-id"] != given
    body = json.dumps({"namespace": "demo", "name": "hello"}).encode()
    for key in ("ä\xff", "a\tb", "%0d%0aSet-Cookie: a=b", "'", "x" * 201):
        answer = await served.send("POST", "/api/v1/runs", body, Idempotency_Key=key)
        assert answer.status in {201, 422}, answer
        assert "set-cookie" not in answer.headers
    answer = await served.send("GET", "/api/v1/runs/%0d%0aSet-Cookie:%20a=b")
    assert (answer.status, "set-cookie" in answer.headers) == (404, False)


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Basic YWRtaW46eA==", "bearer kpl_x", "Bearer \xff", "Bearer " + "x" * 20_000,
     "Bearer a b", "Bearer kpl_" + "0" * 26 + "_" + "0" * 64, "Bearer ' OR 1=1 --", "Bearer kpl_..%2f_x"],
)  # fmt: skip
async def test_no_odd_credential_is_taken(served, authorization):
    answer = await send_raw(served.port, make_request("GET", "/api/v1/me", Authorization=authorization))
    assert (answer.status, answer.problem["code"]) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_an_empty_origin_is_another_sites(served):
    answer = await served.send("POST", "/api/v1/sign-in", b'{"name": "a", "password": "b"}', Origin="")
    assert (answer.status, answer.problem["code"]) == (403, "forbidden")


async def test_browsers_are_told_to_be_careful(served):
    for path in ("/api/v1/me", "/api/v1/none", "/health", "/api/v1/openapi.json"):
        headers = (await served.send("GET", path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["referrer-policy"] == "no-referrer"
        assert "server" not in headers
        assert not any(name.startswith("access-control") for name in headers)
