"""What a server writes to its log: a real one, from start to stop."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry
from tests.certificates import make_certificate

from kapell.api.certificate import Certificate
from kapell.api.loop_watch import LoopWatch
from kapell.api.observing import Observer, RequestMetrics
from kapell.errors import StorageError
from kapell.testing.virtual_clock import VirtualClock

SECRET = "a-token-that-nobody-may-see"


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What a server told on stdout and stderr that was started, asked a few things, and stopped."""
    environment = os.environ | {"KAPELL_LOG_FORMAT": "json", "KAPELL_LOG_REQUESTS": "true"}
    command = [sys.executable, "-m", "kapell", "up", "--port", "0", "--data", tmp_path_factory.mktemp("logs")]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            lines = read_until_ready(process.stderr)
            ask(json.loads(lines[-1])["address"])
            process.send_signal(signal.SIGTERM)
            stdout, stderr = process.communicate(timeout=20)
        finally:
            process.kill()
    return stdout, [*lines, *stderr.splitlines()]


def read_until_ready(stream):
    lines = []
    for line in stream:
        lines.append(line)
        if '"server_ready"' in line:
            return lines
    raise AssertionError("".join(lines))


def ask(address):
    headers = {"Authorization": f"Bearer {SECRET}", "Cookie": f"kapell_session={SECRET}", "X-Request-Id": "mine-1"}
    for path in (f"/health?token={SECRET}", f"/api/v1/runs/{SECRET}", f"/{SECRET}"):
        try:
            urllib.request.urlopen(urllib.request.Request(address + path, headers=headers)).close()
        except urllib.error.HTTPError as error:
            error.close()


def test_every_line_is_json_and_the_password_is_told_apart_once(told):
    stdout, lines = told
    events = [json.loads(line) for line in lines]
    assert all({"timestamp", "level", "event", "module"} <= set(event) for event in events)
    password = json.loads(stdout)["password"]
    assert not any(password in line for line in lines)


def test_start_migrations_takeover_and_stop_are_events(told):
    names = [json.loads(line)["event"] for line in told[1]]
    expected = ["server_starting", "database_migrated", "runs_taken_over", "server_ready"]
    assert [name for name in dict.fromkeys(names) if name in expected] == expected
    assert names[-1] == "server_stopped"
    assert names.index("server_stopping") > names.index("request")
    assert any("Finished server process" in name for name in names)  # the library below speaks the same way


def test_requests_name_their_route_and_nothing_that_is_secret(told):
    requests = [event for event in map(json.loads, told[1]) if event["event"] == "request"]
    assert [(event["route"], event["status"]) for event in requests] == [
        ("/health", 200),
        ("/api/v1/runs/{run_id}", 401),
        ("unmatched", 404),
    ]
    assert all(event["request_id"] == "mine-1" and event["address"] == "127.0.0.1" for event in requests)
    assert all(event["milliseconds"] > 0 for event in requests)
    assert not any(SECRET in line for line in told[1])


async def test_a_request_that_fails_is_one_line_with_the_reason(server, monkeypatch, capsys):
    admin = await server.sign_in()
    capsys.readouterr()

    def refuse(*_rest):
        raise StorageError("The disk is full.")

    def fail(*_rest):
        raise ZeroDivisionError("by nothing")

    for replacement, status, words in ((refuse, 503, "The disk is full."), (fail, 500, "ZeroDivisionError")):
        monkeypatch.setattr(server.parts.engine.store, "get_record", replacement)
        await admin.get("/runs/some-run", status=status)
        lines = [line for line in capsys.readouterr().err.splitlines() if "request_failed" in line]
        assert len(lines) == 1
        assert words in lines[0]
        assert f"status={status}" in lines[0]
        assert "route=/api/v1/runs/{run_id}" in lines[0]
        assert "principal_id=" in lines[0]
        assert admin.last.headers["X-Request-Id"] in lines[0]


async def test_a_loop_that_was_held_is_told(capsys):
    clock = VirtualClock()
    watch, seen = LoopWatch(clock), []
    watch.listeners.append(seen.append)
    task = asyncio.ensure_future(watch.run())
    for seconds in (0.25, 1.0):
        await asyncio.sleep(0)
        clock.advance(seconds)
        await asyncio.sleep(0.01)
    task.cancel()
    assert seen == [0.0, 0.75]
    assert "event_loop_held" in capsys.readouterr().err


def test_a_certificate_near_its_end_is_told_once_a_day(tmp_path, capsys):
    clock = VirtualClock()
    until = clock.now().replace(microsecond=0) + timedelta(days=22)
    path, _ = make_certificate(tmp_path, since=until - timedelta(days=90), until=until)
    certificate = Certificate(path, clock)
    told = []
    for _ in range(5):
        certificate.warn_in_time()
        certificate.warn_in_time()
        told.append(capsys.readouterr().err.count("certificate_expires"))
        clock.advance(12 * 3600)
    assert told == [0, 0, 1, 0, 1]
    until = clock.now() + timedelta(days=80)
    make_certificate(tmp_path, since=until - timedelta(days=90), until=until)
    certificate.read()
    certificate.warn_in_time()
    assert "certificate_expires" not in capsys.readouterr().err


async def test_nothing_is_logged_of_requests_unless_it_is_wanted(capsys):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(_message):
        pass

    scope = {"type": "http", "method": "BREW", "path": "/pot", "client": None}
    metrics = RequestMetrics(CollectorRegistry())
    await Observer(app, metrics, log_requests=False)(scope, None, send)
    assert capsys.readouterr().err == ""
    assert metrics._counters.keys() == {("other", "unmatched", 200)}
