"""Witnesses: each takes a head as it is, or says that it does not."""

import json
import socket
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer

import msgspec
import pytest

from kapell.audit.errors import WitnessError
from kapell.audit.model import Head
from kapell.audit.witnessed import is_own_signature, read_heads
from kapell.audit.witnesses import FileWitness, SyslogWitness, WebhookWitness, make_witnesses
from kapell.errors import UsageError


@pytest.fixture
def head(log, make):
    log.record([make.entry(1)])
    return log.make_head()


def test_a_file_is_appended_to_and_read_back(log, make, tmp_path, head):
    path = tmp_path / "witness.jsonl"
    witness = FileWitness(path)
    witness.send(head)
    witness.send(head)
    log.record([make.entry(2)])
    second = log.make_head()
    witness.send(second)
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(path.read_text().splitlines()) == 3
    assert list(read_heads(path)) == [head, second]
    assert is_own_signature(second)


def test_a_single_head_may_be_spread_over_lines(tmp_path, head):
    path = tmp_path / "head.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(head), indent=2))
    assert list(read_heads(path)) == [head]


@pytest.mark.parametrize("text", ["", "nonsense", "{}", "[]\n", '{"statement": {}}'])
def test_what_is_no_head_is_refused(tmp_path, text):
    path = tmp_path / "head.json"
    path.write_text(text)
    with pytest.raises(UsageError, match="is no head"):
        list(read_heads(path))


def test_a_head_that_was_changed_is_refused(tmp_path, head):
    path = tmp_path / "head.json"
    path.write_bytes(msgspec.json.encode(head).replace(b'"size":1', b'"size":2'))
    with pytest.raises(UsageError, match="has not signed"):
        list(read_heads(path))


def test_a_file_that_cannot_be_written_is_said_to_be_so(tmp_path, head):
    with pytest.raises(WitnessError, match="No such file"):
        FileWitness(tmp_path / "missing" / "witness.jsonl").send(head)


class Hook(BaseHTTPRequestHandler):
    def do_POST(self):
        self.server.bodies.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.server.status)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def hook():
    server = HTTPServer(("127.0.0.1", 0), Hook)
    server.bodies, server.status = [], 204
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_webhook_is_posted_to(hook, head):
    witness = WebhookWitness(f"http://127.0.0.1:{hook.server_port}/heads?key=1")
    witness.send(head)
    ((path, body),) = hook.bodies
    assert path == "/heads?key=1"
    assert msgspec.json.decode(body, type=Head) == head
    assert "key" not in witness.name


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_webhook_that_answers_otherwise_has_not_taken_it(hook, head, status):
    hook.status = status
    with pytest.raises(WitnessError, match=str(status)):
        WebhookWitness(f"http://127.0.0.1:{hook.server_port}/").send(head)
    assert len(hook.bodies) == 1


def test_a_webhook_that_is_away_is_said_to_be_so(head):
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(WitnessError, match="cannot be reached"):
        WebhookWitness(f"http://127.0.0.1:{port}/").send(head)


def read_message(data, head):
    priority, _, rest = data.decode().partition(" ")
    assert priority == "<110>1"
    fields = rest.split(" ", 6)
    assert (fields[0], fields[2], fields[4], fields[5]) == (head.statement.at, "kapell", "audit-head", "-")
    assert msgspec.convert(json.loads(fields[6]), Head) == head


def test_syslog_by_a_local_socket(tmp_path, head):
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as server:
        server.bind(str(tmp_path / "log"))
        SyslogWitness(f"syslog:{tmp_path}/log").send(head)
        read_message(server.recv(65536), head)
    with pytest.raises(WitnessError, match="cannot be reached"):
        SyslogWitness(f"syslog:{tmp_path}/log").send(head)


def test_syslog_by_udp(head):
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(10)
        SyslogWitness(f"syslog://127.0.0.1:{server.getsockname()[1]}").send(head)
        read_message(server.recv(65536), head)


def test_syslog_by_tcp_counts_its_bytes(head):
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        SyslogWitness(f"syslog+tcp://127.0.0.1:{server.getsockname()[1]}").send(head)
        connection, _ = server.accept()
        with closing(connection), connection.makefile("rb") as stream:
            length, _, data = stream.read().partition(b" ")
            assert int(length) == len(data)
            read_message(data, head)


def test_a_setting_names_several(tmp_path):
    found = make_witnesses(f"file:{tmp_path}/w, https://example.com/x,syslog:/dev/log,syslog+tcp://log.example.com")
    assert [witness.name for witness in found] == [
        f"file:{tmp_path}/w",
        "https://example.com",
        "syslog:/dev/log",
        "syslog+tcp://log.example.com",
    ]
    assert make_witnesses("") == []


@pytest.mark.parametrize("text", ["x", "file:", "https://", "http://h:99999/", "syslog:", "syslog+tcp:/x", "ftp://x/"])
def test_what_names_no_witness_is_refused(text):
    with pytest.raises(UsageError):
        make_witnesses(text)
