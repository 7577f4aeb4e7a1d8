"""Events by both clients on a server, and by the commands, on a server as on a folder."""

from __future__ import annotations

import asyncio
import io
import json
import os
import sys
import threading
from pathlib import Path
from zlib import crc32

import pytest

from kapell.cli.app import app
from kapell.cli.folder_events import FolderEvents
from kapell.client import AsyncClient
from kapell.errors import NotFoundError, UsageError
from kapell.events.cloud_events import make_event
from kapell.settings import read_settings

pytestmark = pytest.mark.xdist_group("client")  # all of them share one server

EVENT = {"source": "/shop", "type": "com.example.ordered"}


@pytest.fixture
def namespace(request):
    """One of the test's own: the server is shared."""
    return f"n{crc32(request.node.name.encode())}"


def test_events_are_sent_listed_and_looked_at(client, namespace):
    first, second, again = client.events.send(
        namespace, [{**EVENT, "id": "1", "data": {"total": 3}}, EVENT, {**EVENT, "id": "1"}]
    ).events
    assert (first.id, first.duplicate) == ("1", False)
    assert second.position == first.position + 1
    assert second.id, "one is made"
    assert (again.position, again.duplicate) == (None, True)
    listed = list(client.events.list(namespace=namespace, page_size=1))
    assert [event.position for event in listed] == [second.position, first.position]
    assert [event.id for event in client.events.list(namespace=namespace, id="1", type=["x", EVENT["type"]])] == ["1"]
    assert not list(client.events.list(namespace=namespace, until=listed[-1].arrived_at))
    found = client.events.get(first.position)
    assert found.event == {"specversion": "1.0", **EVENT, "id": "1", "data": {"total": 3}}
    assert (found.received, found.has_data, found.consumers) == (listed[1], True, [])
    assert "data" not in client.events.get(first.position, data=False).event
    with pytest.raises(NotFoundError):
        client.events.get(2**52)
    with pytest.raises(UsageError, match="Number 1 of the batch: The event's `type` is missing"):
        client.events.send(namespace, [{"source": "/"}])


async def test_events_are_followed_by_both_clients(server, client, namespace):
    sent = client.events.send(namespace, [EVENT, {**EVENT, "type": "other"}, {**EVENT, "data": [1]}]).events
    after = sent[0].position - 1
    tail = client.events.tail(namespace=namespace, type=EVENT["type"], data=True, after=after)
    found = [await asyncio.to_thread(next, tail) for _ in range(2)]
    assert [each.received.position for each in found] == [sent[0].position, sent[2].position]
    assert found[1].event["data"] == [1]
    async with AsyncClient(server.address, token=server.token) as other:
        stream = other.events.tail(namespace=namespace)
        waiting = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0.3)
        await other.events.send(namespace, [{**EVENT, "data": [2]}])
        arrived = await asyncio.wait_for(waiting, 10)
        assert not arrived.has_data
        assert "data" not in arrived.event
        await stream.aclose()


# -- commands --------------------------------------------------------------------------------------------------------


class Ended:
    def __init__(self, code, out, err):
        self.code = code
        self.out = out
        self.err = err

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture(params=["folder", "server"])
def kapell(request, server, monkeypatch, capsys, tmp_path):
    """The command, called in this process: each start of one would take a second."""
    for name in list(os.environ):
        if name.startswith("KAPELL_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "token").write_text(server.token)
    on_server = ["--server", server.address, "--token-file", "token"]
    options = on_server if request.param == "server" else ["--data", "data"]

    def call(*arguments, stdin=""):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        with pytest.raises(SystemExit) as raised:
            app([*map(str, ["events", *arguments]), *options], prog_name="kapell")
        return Ended(raised.value.code or 0, *capsys.readouterr())

    return call


def test_an_event_is_made_of_options(kapell, namespace):
    (sent,) = kapell(
        "send", "--namespace", namespace, "--type", "a", "--source", "/s", "--subject", "7", "--payload", '{"n": 1}',
        "--json",
    ).json  # fmt: skip
    shown = kapell("show", sent["position"], "--json").json
    time = shown["event"].pop("time")
    assert time.endswith("Z")
    assert shown["event"] == {
        "specversion": "1.0", "id": sent["id"], "source": "/s", "type": "a", "subject": "7", "data": {"n": 1}
    }  # fmt: skip
    assert shown["via"].startswith(("cli/", "api/"))
    text = kapell("show", sent["position"]).out
    assert '  "n": 1' in text
    assert "No run has consumed it." in text


def test_events_are_sent_from_a_file_and_from_stdin(kapell, namespace, tmp_path):
    file = tmp_path / "events.json"
    file.write_text(json.dumps([{**EVENT, "id": "1", "data": 1}, {**EVENT, "id": "1"}]))
    sent = kapell("send", file, "--namespace", namespace)
    assert [line.split("  ")[0] for line in sent.out.splitlines()] == [
        "position",
        *[sent.out.split()[3]],
        "sent before",
    ]
    assert kapell("send", "-", "--namespace", namespace, "--json", stdin=json.dumps(EVENT)).json[0]["position"]
    listed = kapell("list", "--namespace", namespace, "--json").json
    assert [event["source"] for event in listed] == ["/shop", "/shop"]
    assert listed[1]["id"] == "1"
    last = listed[0]["position"]
    lines = kapell("list", "--namespace", namespace, "--before", last, "--type", EVENT["type"]).out.splitlines()
    assert len(lines) == 2
    assert "com.example.ordered" in lines[1]
    assert kapell("list", "--namespace", namespace, "--until", "2020-01-01").err == "There are no such events.\n"


def test_what_cannot_be_sent_is_said(kapell, namespace, tmp_path):
    (tmp_path / "bad.json").write_text('{"type": ""}')
    for arguments, said in [
        (["bad.json"], "The event's `source` is missing"),
        (["missing.json"], "missing.json cannot be read"),
        ([], "There is nothing to send"),
        (["bad.json", "--type", "a"], "The event is given twice"),
        (["--type", "a", "--source", "a b"], "The event's `source` is no URI reference"),
        (["--type", "a", "--payload", "{"], "--payload is no JSON"),
    ]:
        ended = kapell("send", *arguments, "--namespace", namespace)
        assert (ended.code, said in ended.err) == (2, True), ended.err
    assert "is no name for a namespace" in kapell("send", "--type", "a", "--namespace", "No").err
    assert kapell("show", 2**52).code == 2


def test_a_tail_shows_what_is_there_and_what_comes(kapell, namespace):
    first = kapell("send", "--namespace", namespace, "--type", "a", "--payload", "[1]", "--json").json[0]["position"]
    kapell("send", "--namespace", namespace, "--type", "b")
    lines = kapell("tail", "--namespace", namespace, "--after", first - 1, "--limit", 2).out.splitlines()
    assert [line.split()[4] for line in lines] == ["a", "b"]
    assert lines[0].endswith("[1]")
    told = kapell("tail", "--namespace", namespace, "--type", "b", "--after", 0, "--limit", 1, "--json")
    assert told.json["event"]["type"] == "b"


def test_a_tail_waits_for_what_is_still_to_come(kapell, client, namespace, request):
    if "server" in request.node.name:
        later = threading.Timer(0.5, client.events.send, [namespace, [{**EVENT, "id": "late"}]])
    else:
        kapell("send", "--namespace", namespace, "--type", "first")  # the folder is made by it
        event = make_event({**EVENT, "specversion": "1.0", "id": "late"})
        later = threading.Timer(0.5, FolderEvents(read_settings({}, data=Path("data"))).send, [namespace, [event]])
    later.start()
    told = kapell("tail", "--namespace", namespace, "--limit", 1, "--json").json
    later.join()
    assert told["id"] == "late"
