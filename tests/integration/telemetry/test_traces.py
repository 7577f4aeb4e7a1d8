"""Traces as a collector gets them: OTLP over HTTP, decoded by the protocol's own classes."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import aiohttp
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from tests.api_server import running

from kapell.settings import Settings
from kapell.tracing.contexts import find_context, make_span_id, read_traceparent

CANARY = "canary-in-a-coal-mine"
CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
HEAD = "document: {dsl: '1.0.3', namespace: demo, name: NAME, version: '1.0.0'}\ndo:\n"
CALLING = (
    HEAD.replace("NAME", "calling")
    + """
  - each:
      for: {each: item, in: '${ $workflow.input.items }'}
      do:
        - call:
            call: http
            with: {method: get, endpoint: ADDRESS/ok}
  - careful:
      try:
        - bad:
            call: http
            with: {method: get, endpoint: ADDRESS/bad}
      catch:
        do:
          - mend: {set: {mended: true}}
  - never: {if: '${ false }', set: {a: 1}}
  - child:
      run: {workflow: {namespace: demo, name: child, version: '1.0.0'}}
"""
)
CHILD = HEAD.replace("NAME", "child") + "  - speak:\n      run: {shell: {command: 'echo hello'}}\n"


class Collector:
    """A collector of traces, and a server that is called by runs: it keeps the spans, and the headers of its calls."""

    def __init__(self):
        self.spans = []
        self.resources = []
        self.called = []
        self.refuses = False
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                collector.called.append((self.path, self.headers.get("traceparent")))
                self.send_response(500 if self.path == "/bad" else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                assert self.path == "/v1/traces"
                assert self.headers["Content-Type"] == "application/x-protobuf"
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                if not collector.refuses:
                    collector.keep(body)
                self.send_response(400 if collector.refuses else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def keep(self, body):
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.resources.append({each.key: each.value.string_value for each in resource.resource.attributes})
            for scope in resource.scope_spans:
                self.spans += scope.spans

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def wait_for(self, condition):
        until = time.monotonic() + 40
        while not condition(self.spans):
            assert time.monotonic() < until, [span.name for span in self.spans]
            time.sleep(0.02)
        return {span.span_id: span for span in self.spans}


@pytest.fixture
def collector():
    collector = Collector()
    yield collector
    collector.close()


def facts(span):
    found = {}
    for each in span.attributes:
        kind = each.value.WhichOneof("value")
        found[each.key] = getattr(each.value, kind)
    return found


def has_ended(run_id):
    root = make_span_id(run_id, "run").to_bytes(8)
    return lambda spans: any(span.span_id == root for span in spans)


def find(spans, name):
    return [span for span in spans.values() if span.name == name]


async def test_a_run_is_one_trace_with_its_tasks_attempts_calls_and_child_runs(tmp_path, collector):
    settings = Settings(data=tmp_path / "data", port=0, otlp_endpoint=collector.address)
    async with running(settings) as server:
        admin = await server.sign_in()
        await admin.publish(name="child", source=CHILD)
        await admin.publish(name="calling", source=CALLING.replace("ADDRESS", collector.address))
        value = {"items": [CANARY, 2]}
        run_id = (await admin.run(value, name="calling", headers={"traceparent": CALLER}))["run_id"]
        assert (await admin.wait_run(run_id))["run"]["status"] == "completed"
        spans = await asyncio.to_thread(collector.wait_for, has_ended(run_id))
        context = read_traceparent(CALLER)
        assert {int.from_bytes(span.trace_id) for span in spans.values()} == {context.trace_id}
        (root,) = find(spans, "run demo/calling")
        assert int.from_bytes(root.parent_span_id) == context.parent_id
        assert facts(root)["kapell.run.id"] == run_id
        assert facts(root)["kapell.run.status"] == "completed"
        # every span but the first lies in another one of the same trace, and within its time
        for span in spans.values():
            assert span.start_time_unix_nano <= span.end_time_unix_nano
            if span is not root:
                around = spans[span.parent_span_id]
                assert around.start_time_unix_nano <= span.start_time_unix_nano
                assert span.end_time_unix_nano <= around.end_time_unix_nano
        attempts = find(spans, "call attempt")
        assert len(attempts) == len(find(spans, "call")) == 2
        assert all(span.kind == span.SPAN_KIND_CLIENT for span in attempts)
        assert all(facts(span)["http.request.method"] == "GET" for span in attempts)
        told = {int(header.split("-")[2], 16) for path, header in collector.called if path == "/ok"}
        assert told == {int.from_bytes(span.span_id) for span in attempts}
        (each,) = find(spans, "each")
        assert all(spans[span.parent_span_id] is each for span in find(spans, "call"))
        assert [event.name for event in each.events] == ["iteration_started"] * 2 or not each.events
        (bad,) = find(spans, "bad attempt")
        assert bad.status.code == bad.status.STATUS_CODE_ERROR
        assert facts(bad)["http.response.status_code"] == 500
        (careful,) = find(spans, "careful")
        assert [event.name for event in careful.events] == ["error_caught"]
        assert careful.status.code == careful.status.STATUS_CODE_UNSET
        assert [event.name for event in root.events] == ["task_skipped"]
        (child,) = find(spans, "run demo/child")
        (waiting,) = find(spans, "child attempt")
        assert child.parent_span_id == waiting.span_id
        assert facts(waiting)["kapell.child_run.id"] == facts(child)["kapell.run.id"]
        assert find(spans, "speak")
        assert len(spans) == len(collector.spans)  # nothing is told twice
        assert all(resource["service.name"] == "kapell" for resource in collector.resources)
        assert CANARY not in repr(collector.spans)


STEPS = (
    HEAD.replace("NAME", "steps")
    + """
  - first:
      run: {shell: {command: 'echo 1'}}
  - slow:
      run: {shell: {command: 'sleep 30'}}
  - last: {set: {done: true}}
"""
)


def start_server(folder, collector):
    command = [sys.executable, "-m", "kapell", "up", "--port", "0", "--data", folder]
    environment = os.environ | {"KAPELL_LOG_FORMAT": "json", "KAPELL_OTLP_ENDPOINT": collector.address}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_until_ready(process):
    for line in process.stderr:
        if '"server_ready"' in line:
            return json.loads(line)["address"]
    raise AssertionError("The server did not start.")


async def test_a_run_goes_on_with_its_trace_after_the_server_was_killed(tmp_path, collector):
    folder = tmp_path / "data"
    async with running(Settings(data=folder, port=0)) as server:
        admin = await server.sign_in()
        await admin.publish(name="steps", source=STEPS)
    with start_server(folder, collector) as process:
        try:
            admin.address = wait_until_ready(process)
            run_id = await start(admin)
            first = await asyncio.to_thread(collector.wait_for, lambda spans: len(spans) >= 2)
        finally:
            process.send_signal(signal.SIGKILL)
            process.communicate()
    assert {span.name for span in first.values()} == {"first", "first attempt"}
    with start_server(folder, collector) as process:
        try:
            wait_until_ready(process)
            spans = await asyncio.to_thread(collector.wait_for, has_ended(run_id))
        finally:
            process.terminate()
            process.communicate()
    (root,) = find(spans, "run demo/steps")
    assert {span.trace_id for span in collector.spans} == {root.trace_id}
    assert int.from_bytes(root.trace_id) == find_context(run_id, None, 1.0).trace_id
    names = sorted(span.name for span in spans.values())
    assert names == ["first", "first attempt", "run demo/steps", "slow", "slow attempt"]
    assert all(span.parent_span_id in spans for span in spans.values() if span is not root)
    (lost,) = find(spans, "slow attempt")
    assert facts(lost)["kapell.outcome"] == "lost"
    # what was told twice is the same span
    for name in ("first", "first attempt"):
        assert len({span.SerializeToString() for span in collector.spans if span.name == name}) == 1


async def start(admin):
    async with aiohttp.ClientSession() as session:
        admin._session = session
        return (await admin.run({}, name="steps"))["run_id"]
