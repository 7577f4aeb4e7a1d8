"""The commands on a server: as on a folder, with the same output and exit codes."""

import io
import json
import os
import re
import subprocess
import sys
import time
from typing import NamedTuple

import pytest
from tests.kapell_server import KAPELL, WORKFLOWS, make_environment, write_source

from kapell.cli.app import app
from kapell.cli.completion import complete_run

pytestmark = pytest.mark.xdist_group("client")  # all of them share one server


class Ended(NamedTuple):
    code: int
    out: str
    err: str


class Commands:
    """Calls commands in this process, as many as there are: each start of one would take a second."""

    def __init__(self, monkeypatch, capsys, *options):
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        self.options = options

    def __call__(self, *arguments, stdin=""):
        self._monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        with pytest.raises(SystemExit) as raised:
            app([*map(str, arguments), *map(str, self.options)], prog_name="kapell")
        out, err = self._capsys.readouterr()
        return Ended(raised.value.code or 0, out, err)


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    for name in list(os.environ):
        if name.startswith("KAPELL_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def token_file(server, tmp_path):
    file = tmp_path / "token"
    file.write_text(server.token)
    return file


@pytest.fixture
def kapell(server, monkeypatch, capsys, token_file):
    """Commands on the server."""
    return Commands(monkeypatch, capsys, "--server", server.address, "--token-file", token_file)


@pytest.fixture
def local(monkeypatch, capsys, tmp_path):
    """Commands on a folder."""
    return Commands(monkeypatch, capsys, "--data", tmp_path / "data")


def write(folder, name):
    file = folder / f"{name}.yaml"
    file.write_text(write_source(name, WORKFLOWS[name]))
    return file


ID = re.compile(r"\b[0-9a-hjkmnp-tv-z]{26}\b")
TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z)?|\d\d:\d\d:\d\d(\.\d+)?|\d{16}|\d+(\.\d+)? m?s\b")
SECONDS = re.compile(r'"seconds": [\d.]+')


def without_chance(text):
    """Return an output without what differs from run to run, and how wide its columns are."""
    text = SECONDS.sub('"seconds": 0', TIME.sub("TIME", ID.sub("RUN", text)))
    text = re.sub(r' --(server|data) \S+( --token-file \S+)?|\n +"definition": ".*",', "", text)
    return re.sub(r"  +", "  ", text)


LOOKING = [
    ["runs", "show"],
    ["runs", "show", "--json"],
    ["runs", "history"],
    ["runs", "history", "--json", "--after", "1"],
    ["runs", "list", "--limit", "1"],
    ["runs", "list", "--limit", "1", "--json"],
    ["why"],
    ["why", "--json"],
    ["runs", "log"],
]


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [("hello", '{"name": "Ada"}', 0), ("faults", '{"word": "x"}', 1), ("talks", "{}", 0)],
)
def test_a_run_on_a_server_looks_as_one_in_a_folder(kapell, local, tmp_path, name, value, code):
    there = kapell("run", f"demo/{name}", "--input", value)
    here = local("run", write(tmp_path, name), "--input", value)
    assert (there.code, here.code) == (code, code)
    assert without_chance(there.out) == without_chance(here.out)
    assert without_chance(there.err) == without_chance(here.err)
    for command in LOOKING:
        there, here = kapell(*command), local(*command)
        assert there.code == here.code == 0, there.err
        assert without_chance(there.out) == without_chance(here.out), command
        assert without_chance(there.err) == without_chance(here.err), command


def test_a_task_is_asked_about_by_its_name(kapell):
    kapell("run", "demo/hello", "--input", '{"name": "Ada"}')
    assert "greet" in kapell("why", "last", "greet").out
    refused = kapell("why", "last", "nothing")
    assert (refused.code, "no task `nothing`" in refused.err) == (2, True)


def test_a_faulted_run_is_mended(kapell, local, tmp_path):
    for commands, what in ((kapell, "demo/faults"), (local, write(tmp_path, "faults"))):
        assert commands("run", what, "--input", '{"word": "x"}').code == 1
        mended = commands("runs", "retry", "last", "--task", "fail", "--input", '{"word": "7"}')
        assert (mended.code, json.loads(mended.out)) == (0, {"text": 7})
        assert commands("runs", "retry", "last").code == 2
        assert commands("run", what, "--input", '{"word": "x"}').code == 1
        skipped = commands("runs", "skip", "last", "--output", '{"text": 0}', "--json")
        assert (skipped.code, json.loads(skipped.out)["output"]) == (0, {"text": 0})


def test_a_run_is_suspended_resumed_and_cancelled(kapell, client):
    run_id = client.runs.start("demo", "sleep").run_id
    assert kapell("runs", "suspend", run_id).err == f"Run {run_id} is suspended.\n"
    assert json.loads(kapell("runs", "resume", run_id, "--detach", "--json").out)["status"] == "running"
    assert kapell("runs", "cancel", run_id[:-2]).err == f"Run {run_id} is cancelled.\n"
    again = kapell("runs", "cancel", run_id)
    assert (again.code, "cannot be cancelled" in again.err) == (2, True)


def test_a_run_is_forked_once_that_is_agreed_to(kapell):
    kapell("run", "demo/talks")
    asked = kapell("runs", "fork", "last", "--from", "talk")
    assert (asked.code, "run: shell" in asked.err, "--yes" in asked.err) == (2, True, True)
    forked = kapell("runs", "fork", "last", "--from", "talk", "--yes", "--json")
    assert (forked.code, json.loads(forked.out)["status"]) == (0, "completed")
    left = kapell("runs", "fork", "last", "--from", "/do/0/talk", "--yes", "--detach", "--json")
    assert left.code == 0


def test_a_log_is_followed_to_the_end(kapell, client):
    client.runs.start("demo", "talks")
    followed = kapell("runs", "log", "-f")
    assert sorted(line.rpartition("| ")[2] for line in followed.out.splitlines()) == ["one", "three", "two"]


def test_progress_tells_what_happens_and_what_processes_write(kapell):
    told = kapell("run", "demo/talks", "-v")
    assert "talk: Completed after" in told.err
    assert "stdout: three" in told.err
    assert told.err.splitlines()[-1].endswith(tuple("0123456789.s")) or "completed" in told.err


def test_the_same_key_starts_one_run(kapell):
    first = kapell("run", "demo/hello", "--input", '{"name": "Ada"}', "--idempotency-key", "cli", "--json")
    again = kapell("run", "demo/hello@1.0.0", "--input", '{"name": "Ada"}', "--idempotency-key", "cli", "--json")
    assert json.loads(first.out)["run_id"] == json.loads(again.out)["run_id"]


def test_a_list_goes_on_where_the_page_ended(kapell, client):
    for _ in range(3):
        client.runs.start("demo", "hello", input={"name": "Ada"}, wait_seconds=5)
    wanted = [run["run_id"] for run in json.loads(kapell("runs", "list", "--name", "hello", "--json").out)][:3]
    after = next(client.runs.list(name="hello", page_size=1).pages()).next
    rest = json.loads(kapell("runs", "list", "--name", "hello", "--json", "--limit", "2", "--after", after).out)
    assert [run["run_id"] for run in rest] == wanted[1:]
    refused = kapell("runs", "list", "--status", "fautled")
    assert (refused.code, "Did you mean faulted?" in refused.err) == (2, True)


def test_a_file_is_published_and_run_by_its_name(kapell, tmp_path):
    file = tmp_path / "fresh.yaml"
    file.write_text(write_source("fresh", WORKFLOWS["hello"]))
    refused = kapell("run", file)
    assert refused.code == 2
    assert f"kapell publish {file}" in refused.err
    assert "kapell run demo/fresh" in refused.err
    assert kapell("publish", file, "--note", "The first.").out == "demo/fresh@1.0.0 is published\n"
    assert kapell("publish", file).out == "demo/fresh@1.0.0 had been published before\n"
    assert json.loads(kapell("run", "demo/fresh", "--input", '{"name": "Ada"}').out) == {"text": "Hello Ada"}
    file.write_text(write_source("fresh", WORKFLOWS["nap"]))
    conflict = kapell("publish", file)
    assert (conflict.code, "1.0.0" in conflict.err) == (2, True)
    file.write_text("document: {dsl: '1.0.3'}\ndo: []\n")
    invalid = kapell("publish", file)
    assert (invalid.code, f"{file}:1" in invalid.err) == (2, True)


@pytest.mark.parametrize("what", ["nope", "demo/", "demo/hello@", "a b/c"])
def test_what_names_no_workflow_is_refused(kapell, what):
    refused = kapell("run", what)
    assert (refused.code, "NAMESPACE/NAME" in refused.err) == (2, True)


def test_what_is_not_there(kapell):
    assert kapell("runs", "show", "0" * 26).code == 2
    assert "Type its whole id" in kapell("runs", "show", "zzz").err
    assert "demo/nothing" in kapell("run", "demo/nothing").err


def test_what_makes_no_sense_on_a_server_says_so(server, kapell, token_file, monkeypatch, capsys):
    for command, hint in (
        (["runs", "prune", "--older-than", "1d"], "KAPELL_RETENTION_DAYS"),
        (["resume"], "by itself"),
    ):
        plain = Commands(monkeypatch, capsys, "--server", server.address)
        assert hint in plain(*command).err
        monkeypatch.setenv("KAPELL_SERVER", server.address)
        named = Commands(monkeypatch, capsys)(*command)
        assert (named.code, "--data" in named.err) == (2, True)
        monkeypatch.delenv("KAPELL_SERVER")
    assert "publish" in kapell("run", "demo/hello", "--workflows", ".").err
    assert "--data or --server" in kapell("runs", "list", "--data", "x").err
    assert "--server" in Commands(monkeypatch, capsys)("runs", "list", "--token-file", token_file).err
    assert kapell("run", "demo/hello", "--secrets", token_file).code == 2


def test_a_folder_takes_no_key_and_no_name(local):
    assert "folder" in local("run", "demo/hello", "--idempotency-key", "x").err
    assert local("run", "demo/hello").code == 2


def test_the_environment_names_server_and_token(server, monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("KAPELL_SERVER", f"{server.address}/")
    monkeypatch.setenv("KAPELL_TOKEN", server.token)
    kapell = Commands(monkeypatch, capsys)
    assert json.loads(kapell("run", "demo/hello", "--input", '{"name": "Ada"}').out) == {"text": "Hello Ada"}
    assert "--server" not in kapell("run", "hello.yaml").err
    folder = Commands(monkeypatch, capsys, "--data", tmp_path / "data")
    assert folder("runs", "list").err == "There are no such runs.\n"


def test_completion_offers_the_runs_of_the_usual_server(server, client, monkeypatch):
    run = client.runs.start("demo", "hello", input={"name": "Ada"}, wait_seconds=5)
    assert complete_run("") == [("last", "the newest run")]
    monkeypatch.setenv("KAPELL_SERVER", server.address)
    monkeypatch.setenv("KAPELL_TOKEN", server.token)
    assert (run.run_id, "hello, completed") in complete_run(run.run_id[:20])
    assert complete_run("la") == [("last", "the newest run")]


def test_somebody_signs_in_works_and_signs_out(server, monkeypatch, capsys, tmp_path):
    kapell = Commands(monkeypatch, capsys, "--server", server.address)
    stranger = kapell("runs", "list")
    assert (stranger.code, f"kapell sign-in --server {server.address}" in stranger.err) == (2, True)
    wrong = kapell("sign-in", "--name", "admin", stdin="wrong\n")
    assert (wrong.code, kapell("sign-in", "--name", "admin").code, kapell("sign-in").code) == (2, 2, 2)
    signed = kapell("sign-in", "--name", "admin", stdin=f"{server.password}\n")
    assert (signed.code, "as admin until" in signed.err) == (0, True)
    assert server.password not in signed.err
    (file,) = (tmp_path / "settings" / "kapell" / "tokens").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert kapell("runs", "list").code == 0
    token = file.read_text().strip()
    assert kapell("sign-out").code == 0
    assert not file.exists()
    with server.client(token=token) as client, pytest.raises(Exception, match=r"signed in|token"):
        client.me.get()
    assert (kapell("sign-out").code, kapell("runs", "list").code) == (2, 2)


def test_who_may_not_see_the_data_is_told_so(server, monkeypatch, capsys, tmp_path):
    with server.client() as client:
        run = client.runs.start("demo", "hello", input={"name": "Ada"}, wait_seconds=5)
    file = tmp_path / "narrow"
    file.write_text(server.make_token({"run.read"}))
    kapell = Commands(monkeypatch, capsys, "--server", server.address, "--token-file", file)
    shown = kapell("runs", "show", run.run_id)
    assert (shown.code, "run.data" in shown.out, "Ada" in shown.out) == (0, True, False)
    assert "greet: Completed." in kapell("runs", "history", run.run_id).out
    refused = kapell("runs", "history", run.run_id, "--json")
    assert (refused.code, "run.data" in refused.err) == (2, True)
    assert "run.start" in kapell("run", "demo/hello").err
    assert "run.data" in kapell("runs", "log", run.run_id).err


def test_a_server_that_is_away(monkeypatch, capsys, free_port):
    monkeypatch.setattr("kapell.cli.server_client.RETRY_SECONDS", 0.0)
    kapell = Commands(monkeypatch, capsys, "--server", f"http://127.0.0.1:{free_port}")
    for command in (["runs", "list"], ["run", "demo/hello"], ["why"], ["sign-in", "--name", "x"]):
        ended = kapell(*command)
        assert (ended.code, "connection refused" in ended.err) == (2, True)


def test_the_real_command_loads_only_what_it_needs(server, token_file, tmp_path):
    environment = make_environment(tmp_path) | {"KAPELL_SERVER": server.address, "KAPELL_TOKEN_FILE": str(token_file)}
    done = subprocess.run(
        [*KAPELL, "run", "demo/hello", "--input", '{"name": "Ada"}'],
        check=False, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, json.loads(done.stdout)) == (0, {"text": "Hello Ada"})
    program = (
        "import sys\nfrom kapell.cli.app import app\n"
        "try:\n    app(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "print(sorted({'kapell.client', 'urllib3', 'aiohttp', 'kapell.app', 'fastapi'} & set(sys.modules)))"
    )
    for options, loaded in ((["--data", tmp_path], "['kapell.app']"), ([], "['kapell.client', 'urllib3']")):
        done = subprocess.run(
            [sys.executable, "-c", program, "runs", "list", "--json", *options],
            check=True, env=environment, capture_output=True, text=True,
        )  # fmt: skip
        assert done.stdout.splitlines()[-1] == loaded


def test_triggers_are_made_shown_and_explained(kapell, client):
    made = kapell("triggers", "create", "demo/nightly", "--workflow", "hello", "--cron", "30 2 * * *",
                  "--zone", "Europe/Berlin", "--input", '{"name": "Ada"}', "--overlap", "skip", "--json")  # fmt: skip
    assert made.code == 0, made.err
    trigger = json.loads(made.out)
    assert (trigger["spec"]["schedule"]["zone"], trigger["spec"]["overlap"]) == ("Europe/Berlin", "skip")
    assert re.search(
        r"^demo/nightly +hello@latest +30 2 \* \* \* \(Europe/Berlin\)", kapell("triggers", "list").out, re.MULTILINE
    )
    assert "It has not been due yet" in kapell("triggers", "history", "demo/nightly").err
    assert kapell("triggers", "pause", "demo/nightly", "--reason", "stock-taking").code == 0
    assert kapell("triggers", "pause", "demo/nightly").code == 2
    run_id = kapell("triggers", "fire", "demo/nightly").out.strip()
    deadline = time.monotonic() + 20  # it starts within moments
    while next(iter(client.triggers.firings(trigger["trigger_id"]))).outcome != "started":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert client.runs.wait(run_id).run.status == "completed"
    shown = kapell("triggers", "show", "demo/nightly").out
    assert "demo/nightly  paused" in shown
    assert run_id in shown
    (firing,) = json.loads(kapell("triggers", "history", trigger["trigger_id"], "--json").out)
    assert (firing["run_id"], firing["reason"]) == (run_id, "It was fired by hand.")
    assert "It fires next at" in kapell("triggers", "resume", "demo/nightly").err
    assert kapell("triggers", "delete", "demo/nightly").code == 0
    gone = kapell("triggers", "show", "demo/nightly")
    assert (gone.code, "There is no trigger demo/nightly" in gone.err) == (2, True)


def test_a_trigger_for_events_is_made_and_shown(kapell):
    filter_ = '{"with": {"type": "sent", "data": "${ .total > 10 }"}}'
    made = kapell("triggers", "create", "demo/orders", "--workflow", "hello", "--on-type", "paid",
                  "--filter", filter_, "--all", "--read", "data")  # fmt: skip
    assert (made.code, "fires when its events come" in made.err) == (0, True), made.err
    assert re.search(r"^demo/orders +hello@latest +on all of paid, sent", kapell("triggers", "list").out, re.MULTILINE)
    assert "It fires when its events come; it has heard 0" in kapell("triggers", "show", "demo/orders").out
    assert kapell("triggers", "delete", "demo/orders").code == 0
    one = kapell("triggers", "create", "demo/orders", "--workflow", "hello", "--on-type", "paid", "--debounce", "PT5S",
                 "--json")  # fmt: skip
    events = {"on": {"one": {"with": {"type": "paid"}}}, "read": "envelope", "debounce": "PT5S"}
    assert json.loads(one.out)["spec"]["events"] == events
    assert kapell("triggers", "delete", "demo/orders").code == 0


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("demo/bad", "--workflow", "hello", "--cron", "61 * * * *"), "no cron expression"),
        (("demo/bad", "--workflow", "hello"), "exactly one"),
        (("demo/bad", "--workflow", "hello", "--every", "PT1H", "--input", "{"), "not JSON"),
        (("demo/bad", "--workflow", "hello", "--every", "PT1H", "--missed", "some"), "cannot be a trigger"),
        (("bad", "--workflow", "hello", "--every", "PT1H"), "names no namespace"),
        (("demo/bad", "--workflow", "hello", "--filter", "{"), "not JSON"),
        (("demo/bad", "--workflow", "hello", "--on-type", "paid", "--every", "PT1H"), "not both"),
        (("demo/bad", "--workflow", "hello", "--on-type", "paid", "--all", "--debounce", "PT1S"), "debounced"),
        (("demo/bad", "--workflow", "nothing", "--every", "PT1H"), "nothing"),
    ],
)
def test_triggers_that_will_not_do_are_refused(kapell, options, says):
    refused = kapell("triggers", "create", *options)
    assert refused.code == 2
    assert says in refused.err
