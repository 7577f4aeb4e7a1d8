"""Commands that reach a run while another process owns the data folder."""

from contextlib import closing

import pytest

from kapell.app import open_store
from kapell.clock import SystemClock
from kapell.engine.inbox import encode_command
from kapell.kernel.commands import SuspendRun
from kapell.kernel.events import AttemptEnded
from kapell.reasons import Reason
from kapell.settings import read_settings


@pytest.fixture
def running(kapell, slow):
    """A process that carries out the slow workflow, in the middle of its first task."""
    process = kapell.start("run", slow)
    kapell.await_file("begun.txt")
    return process


def test_a_run_is_cancelled_from_outside(kapell, running):
    ended = kapell("runs", "cancel", "last", "--json")
    assert (ended.code, ended.json["status"]) == (0, "cancelled")
    assert kapell.finish(running).code == 3


def test_a_run_is_suspended_and_resumed_from_outside(kapell, running):
    assert kapell("runs", "suspend", "last", "--json").json["status"] == "suspended"
    (kapell.folder / "go").touch()
    kapell.await_that(lambda: any(isinstance(event, AttemptEnded) for event in kapell.list_events()))
    assert "The run is suspended" in kapell("why").out
    assert running.poll() is None
    assert "carries it on" in kapell("runs", "resume", "last").err
    assert kapell.finish(running).json == {"went": "went"}


def test_a_command_is_obeyed_soon(kapell, running):
    run_id = kapell.newest().run_id
    command = encode_command(SuspendRun(reason=Reason("test", "Test.")))
    with closing(open_store(read_settings({}, data=kapell.folder / "data"))) as store:
        command_id = store.put_command(run_id, command, SystemClock().now())
        kapell.await_that(lambda: store.find_answer(command_id) is not None, timeout=10)
        assert store.get_record(run_id).status == "suspended"


def test_what_does_not_fit_is_refused_with_the_reason(kapell, running):
    ended = kapell("runs", "retry", "last")
    assert (ended.code, ended.err) == (
        2,
        "kapell: The run is running, so it cannot be retried; only a run that is faulted can.\n",
    )
    forked = kapell("runs", "fork", "last", "--from", "begin", "--yes")
    assert (forked.code, "can only be forked by the owner" in forked.err) == (2, True)
    pruned = kapell("runs", "prune", "--older-than", "1d")
    assert (pruned.code, f"is in use by process {running.pid}" in pruned.err) == (2, True)


def test_a_run_is_watched_from_outside(kapell, running):
    assert kapell("runs", "list", "--json").json[0]["status"] == "running"
    why = kapell("why").out
    assert "begin: Attempt 1 is under way for" in why
    assert "kapell runs suspend" in why
    follower = kapell.start("runs", "log", "-f")
    (kapell.folder / "go").touch()
    assert kapell.finish(follower).out.rstrip().endswith("begin | went")
    assert kapell.finish(running).code == 0
