"""`call: http` against real servers."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import socket

import pytest
from aiohttp import web

from kapell.connectors.http import HttpActivity, HttpSettings
from kapell.sdk import ActivityError


async def echo(request):
    """Answer with what arrived."""
    return web.json_response(
        {
            "method": request.method,
            "path": request.raw_path,
            "headers": {name.lower(): value for name, value in request.headers.items()},
            "body": (await request.read()).decode("latin-1"),
            "peer": request.transport.get_extra_info("peername")[1],
        },
        headers={"X-Answer": "yes"},
    )


@pytest.fixture
async def server(serve):
    async def silent(request):
        await asyncio.sleep(30)

    async def status(request):
        code = int(request.match_info["code"])
        headers = {"Location": "/echo"} if 300 <= code < 400 else {}
        return web.Response(status=code, text="a reason in words", headers=headers)

    async def large(request):
        return web.Response(body=b"x" * int(request.query["size"]), content_type="text/plain")

    async def bomb(request):
        body = gzip.compress(bytes(50_000_000))
        return web.Response(body=body, headers={"Content-Encoding": "gzip"}, content_type="text/plain")

    async def broken(request):
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"only a little")
        request.transport.close()
        return response

    async def cookie(request):
        return web.json_response({"sent": request.headers.get("Cookie")}, headers={"Set-Cookie": "session=1"})

    return await serve(
        web.route("*", "/echo{rest:.*}", echo),
        web.get("/silent", silent),
        web.route("*", "/status/{code}", status),
        web.get("/large", large),
        web.get("/bomb", bomb),
        web.get("/broken", broken),
        web.get("/cookie", cookie),
    )


@pytest.fixture
def call(server, make_http, make_request, context):
    """Perform a call of the server; arguments as in the language."""
    activities = {}

    async def perform(path="/echo", *, variables=None, settings=None, **arguments):
        key = json.dumps(settings or {})
        activity = activities.setdefault(key, make_http(**(settings or {})))
        arguments = {"method": "get", "endpoint": f"http://127.0.0.1:{server.port}{path}", **arguments}
        return await activity.perform(make_request("http", variables=variables, **arguments), context)

    return perform


async def test_a_call_sends_all_parts_and_returns_the_content(call):
    seen = await call(
        "/echo/{id}?status={status}",
        variables={"id": "a/b", "status": "not sold"},
        method="post",
        query={"q": ["x&y", 2]},
        headers={"X-Own": "1"},
        body={"name": "milou"},
    )
    assert seen["method"] == "POST"
    assert seen["path"] == "/echo/a%2Fb?status=not%20sold&q=x%26y&q=2"
    assert seen["body"] == '{"name":"milou"}'
    assert seen["headers"]["content-type"] == "application/json"
    assert seen["headers"]["x-own"] == "1"
    assert seen["headers"]["idempotency-key"] == "key-1"
    assert seen["headers"]["user-agent"].startswith("Kapell/")


async def test_the_response_output_has_everything(call):
    output = await call("/echo", output="response", headers={"Authorization": "secret", "X-Own": "1"})
    assert output["statusCode"] == 200
    assert output["headers"]["X-Answer"] == "yes"
    assert output["headers"]["Content-Type"].startswith("application/json")
    assert output["content"]["headers"]["authorization"] == "secret"
    assert output["request"]["headers"]["Authorization"] == "***"
    assert output["request"]["headers"]["X-Own"] == "1"
    assert output["request"]["method"] == "GET"
    assert output["request"]["uri"].endswith("/echo")


async def test_the_raw_output_is_base64(call):
    output = await call("/large", query={"size": 3}, output="raw")
    assert base64.b64decode(output) == b"xxx"


@pytest.mark.parametrize("method", ["get", "head", "post", "put", "patch", "delete", "options"])
async def test_every_method_arrives(call, method):
    output = await call("/echo", method=method, output="response")
    assert output["statusCode"] == 200
    assert output["content"] is None if method == "head" else output["content"]["method"] == method.upper()


async def test_connections_are_used_again_and_cookies_are_not(call):
    peers = {(await call("/echo"))["peer"] for _ in range(5)}
    assert len(peers) == 1
    assert [(await call("/cookie"))["sent"] for _ in range(2)] == [None, None]


async def test_an_error_status_is_a_communication_error_with_an_excerpt(call):
    with pytest.raises(ActivityError) as caught:
        await call("/status/404")
    error = caught.value
    assert (error.type, error.status, error.title) == ("communication", 404, "Not Found")
    assert "a reason in words" in error.detail


async def test_redirects_are_errors_or_results_but_never_followed(call):
    with pytest.raises(ActivityError, match="redirects are not followed") as caught:
        await call("/status/302")
    assert caught.value.status == 302
    output = await call("/status/302", redirect=True, output="response")
    assert (output["statusCode"], output["headers"]["Location"]) == (302, "/echo")


async def test_no_answer_in_time_is_a_timeout(call):
    with pytest.raises(ActivityError) as caught:
        await call("/silent", settings={"total_timeout_seconds": 0.2})
    assert (caught.value.type, caught.value.status) == ("timeout", 408)
    assert "/silent" in caught.value.detail


async def test_nobody_listening_is_a_communication_error(make_http, make_request, context):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    request = make_request("http", method="get", endpoint=f"http://127.0.0.1:{port}/")
    with pytest.raises(ActivityError, match="no connection") as caught:
        await make_http().perform(request, context)
    assert (caught.value.type, caught.value.status) == ("communication", 503)


async def test_an_unknown_host_is_a_communication_error(make_http, make_request, context):
    request = make_request("http", method="get", endpoint="http://no-such-host.invalid/")
    with pytest.raises(ActivityError, match=r"no-such-host\.invalid") as caught:
        await make_http().perform(request, context)
    assert (caught.value.type, caught.value.title) == ("communication", "Unknown host")


@pytest.mark.parametrize("endpoint", ["ftp://h/x", "http://", "http://h:99999/", "http://[::1"])
async def test_an_address_that_is_none_is_a_validation_error(make_http, make_request, context, endpoint):
    with pytest.raises(ActivityError) as caught:
        await make_http().perform(make_request("http", method="get", endpoint=endpoint), context)
    assert caught.value.type == "validation"


async def test_a_broken_response_is_a_communication_error(call):
    with pytest.raises(ActivityError, match="broke") as caught:
        await call("/broken")
    assert (caught.value.type, caught.value.status) == ("communication", 502)


async def test_a_response_over_the_limit_is_refused_and_one_at_it_is_not(call):
    settings = {"max_response_bytes": 200_000}
    assert len(await call("/large?size=200000", settings=settings)) == 200_000
    with pytest.raises(ActivityError, match="larger than 200000 bytes") as caught:
        await call("/large?size=200001", settings=settings)
    assert caught.value.status == 413


async def test_the_limit_counts_what_a_compressed_body_becomes(call):
    with pytest.raises(ActivityError, match="larger than 1000000 bytes"):
        await call("/bomb", settings={"max_response_bytes": 1_000_000})
    assert (await call("/echo"))["method"] == "GET"


async def test_a_large_json_body_is_decoded(serve, make_http, make_request, context):
    value = [{"n": n, "text": "x" * 100} for n in range(20_000)]

    async def answer(request):
        return web.json_response(value)

    server = await serve(web.get("/", answer))
    request = make_request("http", method="get", endpoint=f"http://127.0.0.1:{server.port}/")
    assert await make_http().perform(request, context) == value


async def test_a_server_is_trusted_by_the_given_authorities_only(serve, make_http, make_request, context, certificate):
    path, tls = certificate
    server = await serve(web.get("/", echo), tls=tls)
    request = make_request("http", method="get", endpoint=f"https://localhost:{server.port}/")
    assert (await make_http(ca_file=path).perform(request, context))["method"] == "GET"
    with pytest.raises(ActivityError, match="certificate") as caught:
        await make_http().perform(request, context)
    assert (caught.value.type, caught.value.title) == ("communication", "TLS failure")


async def test_a_missing_ca_file_is_a_configuration_error(make_http, make_request, context, tmp_path):
    request = make_request("http", method="get", endpoint="https://localhost/")
    with pytest.raises(ActivityError, match="cannot be read") as caught:
        await make_http(ca_file=str(tmp_path / "none.pem")).perform(request, context)
    assert caught.value.type == "configuration"


@pytest.fixture
async def proxy():
    """A small forward proxy: notes the request line and answers in place of the server."""
    seen = []

    async def handle(reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        seen.append(head)
        if head.startswith("CONNECT refused"):
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        else:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\nby proxy!")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], seen


async def test_calls_go_through_the_proxy_of_the_settings(proxy, make_http, make_request, context):
    port, seen = proxy
    activity = make_http(proxy=f"http://user:pw@127.0.0.1:{port}")
    output = await activity.perform(make_request("http", method="get", endpoint="http://api.invalid/pets"), context)
    assert output == "by proxy!"
    assert seen[0].startswith("GET http://api.invalid/pets HTTP/1.1")
    assert "Proxy-Authorization: Basic " in seen[0]


async def test_calls_go_through_the_proxy_of_the_environment(proxy, monkeypatch, make_request, context):
    port, seen = proxy
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    activity = HttpActivity(HttpSettings())
    request = make_request("http", method="get", endpoint="http://api.invalid/pets")
    assert await activity.perform(request, context) == "by proxy!"
    await activity.close()
    assert len(seen) == 1


async def test_a_proxy_that_refuses_is_named(proxy, make_http, make_request, context):
    port, _ = proxy
    activity = make_http(proxy=f"http://127.0.0.1:{port}")
    with pytest.raises(ActivityError, match="407") as caught:
        await activity.perform(make_request("http", method="get", endpoint="https://refused.invalid/"), context)
    assert caught.value.title == "Proxy failure"


async def test_an_origin_can_be_served_by_a_stand_in(serve, make_http, make_request, context):
    server = await serve(web.get("/v2/pets", echo))
    activity = make_http(origins={"https://petstore.example": f"http://127.0.0.1:{server.port}"})
    request = make_request("http", method="get", endpoint="https://petstore.example/v2/pets?a=1", output="response")
    output = await activity.perform(request, context)
    assert output["request"]["uri"] == "https://petstore.example/v2/pets?a=1"
    assert output["content"]["headers"]["host"] == "petstore.example"
    assert output["content"]["path"] == "/v2/pets?a=1"


async def test_a_cancelled_call_ends_at_once_and_leaves_the_client_usable(call):
    task = asyncio.ensure_future(call("/silent"))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await call("/echo"))["method"] == "GET"


async def test_a_hundred_calls_at_once(call):
    outputs = await asyncio.gather(*[call("/echo", query={"n": n}) for n in range(100)])
    assert sorted(int(output["path"].partition("n=")[2]) for output in outputs) == list(range(100))


def test_the_activity_follows_its_caller_to_another_loop(make_request, context):
    activity = HttpActivity(HttpSettings(proxy_from_environment=False))

    async def once():
        app = web.Application()
        app.add_routes([web.get("/", echo)])
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        output = await activity.perform(
            make_request("http", method="get", endpoint=f"http://127.0.0.1:{port}/"), context
        )
        await activity.close()
        await runner.cleanup()
        return output["method"]

    assert [asyncio.run(once()) for _ in range(2)] == ["GET", "GET"]
