"""Processes and servers that say too much, or what nobody can read."""

from __future__ import annotations

import asyncio
import gzip
import json

import pytest
from aiohttp import web

HUNDRED_MB = 100_000_000

SHELL = """
do:
  - first:
      set: {{ready: true}}
  - loud:
      run:
        shell: {{command: {command}}}
        return: {returns}
"""

CALL = """
do:
  - first:
      set: {{ready: true}}
  - call:
      call: http
      with: {{method: GET, endpoint: '{url}', output: {output}}}
"""


def shell(command, returns="stdout"):
    return SHELL.format(command=json.dumps(command), returns=returns)


@pytest.mark.parametrize("returns", ["stdout", "stderr", "all"])
async def test_a_process_that_writes_too_much_is_ended(carry_out, returns):
    redirect = ">&2" if returns == "stderr" else ""
    report = await carry_out(shell(f"head -c {HUNDRED_MB} /dev/zero | tr '\\\\0' x {redirect}; sleep 60", returns))
    assert report.error.title == "Output too large"
    assert report.error.instance == "/do/1/loud"
    assert report.seconds < 30
    report.check_bounded()


async def test_a_loud_process_whose_output_nobody_wants_completes(carry_out):
    report = await carry_out(shell(f"head -c {HUNDRED_MB} /dev/zero | tr '\\\\0' '\\\\n'", "none"))
    assert report.outcome.status == "completed"
    report.check_bounded()


async def test_an_output_just_below_the_limit_is_kept(carry_out):
    report = await carry_out(shell("head -c 30000000 /dev/zero | tr '\\\\0' x"))
    assert len(report.outcome.output) == 30_000_000
    report.check_bounded(400)


@pytest.mark.parametrize("returns", ["stdout", "all"])
async def test_bytes_that_are_no_text_are_replaced(carry_out, returns):
    report = await carry_out(shell(r"printf 'a\377\376b\355\240\200c\000d'", returns))
    text = report.outcome.output if returns == "stdout" else report.outcome.output["stdout"]
    assert text.startswith("a\ufffd")
    assert text.encode()
    assert text.endswith("d")


@pytest.fixture
async def server(serve):
    """A server with one answer; returns its URL."""

    async def start(body=b"", content_type="application/json", *, chunks=None, headers=None):
        async def answer(request):
            if chunks is None:
                return web.Response(body=body, content_type=content_type, headers=headers)
            response = web.StreamResponse(headers={"Content-Type": content_type})
            await response.prepare(request)
            for chunk in chunks():
                await response.write(chunk)
            return response

        return await serve(answer)

    return start


@pytest.mark.parametrize("output", ["content", "raw", "response"])
async def test_a_response_that_is_too_large_is_refused(carry_out, server, output):
    def chunks():
        for _ in range(100):
            yield b"x" * (HUNDRED_MB // 100)

    url = await server(content_type="text/plain", chunks=chunks)
    report = await carry_out(CALL.format(url=url, output=output))
    assert "too large" in report.error.title.lower()
    assert report.error.status == 413
    assert report.error.instance == "/do/1/call"
    report.check_bounded()


async def test_a_compressed_bomb_is_refused(carry_out, server):
    bomb = await asyncio.to_thread(gzip.compress, b"x" * HUNDRED_MB, 1)
    url = await server(bomb, "text/plain", headers={"Content-Encoding": "gzip"})
    report = await carry_out(CALL.format(url=url, output="content"))
    assert report.error.instance == "/do/1/call"
    report.check_bounded()


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b"[" * 10_000 + b"]" * 10_000,
        b"[" * 900 + b"]" * 900,
        b'{"a":' * 600 + b"1" + b"}" * 600,
        b'{"text": "a\xff\xfeb"}',
        b'{"text": "\xed\xa0\x80"}',
        b'{"text": "\\ud800"}',
        b'{"a": 1',
        b"\xff\xfe\x00",
        b'{"a": NaN}',
    ],
    ids=lambda body: body[:12].decode("latin-1") + f"~{len(body)}",
)
async def test_a_response_that_is_no_usable_json_is_an_error_at_the_task(carry_out, server, body):
    url = await server(body)
    report = await carry_out(CALL.format(url=url, output="content"))
    assert report.error.instance == "/do/1/call"
    assert report.error.detail


@pytest.mark.parametrize("content_type", ["text/plain", "text/html; charset=no-such-charset", "application/xml"])
async def test_a_text_with_bad_bytes_is_replaced(carry_out, serve, content_type):
    async def answer(_):
        return web.Response(body=b"a\xff\xfeb", headers={"Content-Type": content_type})

    report = await carry_out(CALL.format(url=await serve(answer), output="content"))
    assert report.outcome.output == "a\ufffd\ufffdb"


async def test_a_large_json_response_just_below_the_limit_is_kept(carry_out, server):
    body = json.dumps([{"id": number, "name": f"customer {number}"} for number in range(300_000)]).encode()
    url = await server(body)
    report = await carry_out(CALL.format(url=url, output="content"))
    assert len(report.outcome.output) == 300_000
    report.check_bounded(600)


async def test_a_response_that_never_ends_is_given_up(carry_out, serve):
    async def answer(request):
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await response.prepare(request)
        for _ in range(600):
            await response.write(b"x")
            await asyncio.sleep(0.1)
        return response

    report = await carry_out(CALL.format(url=await serve(answer), output="content"), call_timeout_seconds=1.0)
    assert report.error.type.endswith("/timeout")
    assert report.seconds < 20
