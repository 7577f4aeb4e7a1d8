"""How the engine is, in sentences, for everybody who sees runs."""

import asyncio
from contextlib import suppress

import msgspec
import pytest
from tests.api_server import on_both_databases, running

from kapell.api.engine_routes import describe_lateness, describe_space, describe_work
from kapell.api.loop_watch import LoopWatch

CHECKS = ["engine", "work", "event loop", "search", "disk", "encryption", "audit log"]


async def make_viewer(admin, server, namespace):
    person = await admin.post("/people", {"name": "vera", "password": "Correct-horse-battery-1"})
    subject = {"kind": "person", "key": person["person_id"]}
    await admin.post("/bindings", {"role": "viewer", "subject": subject, "namespace": namespace})
    return await server.sign_in("vera", "Correct-horse-battery-1")


@on_both_databases
async def test_who_sees_runs_of_one_namespace_is_told_how_the_engine_is(admin, server):
    viewer = await make_viewer(admin, server, "demo")
    found = await viewer.get("/engine")
    assert [finding["check"] for finding in found["findings"]] == CHECKS
    statuses = {finding["check"]: finding["status"] for finding in found["findings"]}
    del statuses["event loop"]  # a machine that is busy with other tests is not well
    assert set(statuses.values()) == {"ok"}, found
    assert str(server.parts.settings.data) not in str(found), "a path is for who keeps the installation"


async def test_trouble_with_the_disk_is_told_with_what_to_do(admin, server, monkeypatch):
    monkeypatch.setattr(server.parts.engine._committer, "trouble", "database or disk is full")
    engine = (await admin.get("/engine"))["findings"][0]
    assert engine["status"] == "problem"
    assert "disk" in engine["advice"]
    assert "full" not in engine["text"], "what a database says may name paths and hosts"


async def test_sealed_data_are_said_to_be_sealed_and_not_searched(settings, tmp_path):
    sealing = msgspec.structs.replace(settings, encrypt_at_rest=True, master_key_file=tmp_path / "master.key")
    async with running(sealing) as server:
        admin = await server.sign_in()
        said = {finding["check"]: finding["text"] for finding in (await admin.get("/engine"))["findings"]}
    assert "cannot be searched" in said["search"]
    assert "sealed at rest" in said["encryption"]


async def test_runs_that_the_index_does_not_know_yet_are_counted(admin, server, monkeypatch):
    monkeypatch.setattr(server.parts.engine.store, "list_unindexed", lambda limit: list(range(min(limit, 1234))))
    search = (await admin.get("/engine"))["findings"][3]
    assert search["status"] == "warning"
    assert search["text"].startswith("1,000 runs or more")


@pytest.mark.parametrize(
    ("under_way", "waiting", "status", "text"),
    [
        (0, 0, "ok", "No attempt is under way, and none waits for a slot."),
        (1, 1, "ok", "One attempt is under way, and one waits for a slot."),
        (100, 1000, "ok", "100 attempts are under way, and 1,000 wait for a slot."),
        (100, 1001, "warning", "100 attempts are under way, and 1,001 wait for a slot."),
    ],
)
def test_a_queue_is_worth_a_warning_when_it_is_much_longer_than_what_is_done(under_way, waiting, status, text):
    found = describe_work(under_way, waiting)
    assert (found.status, found.text) == (status, text)
    assert bool(found.advice) == (status != "ok")


@pytest.mark.parametrize(("times_held", "status"), [(0, "ok"), (9, "ok"), (10, "warning")])
def test_lateness_is_worth_a_warning_when_it_is_no_single_delay(times_held, status):
    found = describe_lateness(1.5, times_held)
    assert (found.status, bool(found.advice)) == (status, status != "ok")
    assert "1,500 ms late" in found.text


class SteppingClock:
    """Shows times that were given, and ends whoever sleeps after the last one."""

    def __init__(self, times):
        self._times = list(times)

    def monotonic(self):
        return self._times.pop(0) if self._times else 0.0

    async def sleep(self, _seconds):
        if not self._times:
            raise asyncio.CancelledError


async def test_the_last_minute_is_remembered():
    watch = LoopWatch(SteppingClock([0.0, 0.25, 0.25, 1.0]))  # the second look is half a second late
    with suppress(asyncio.CancelledError):
        await watch.run()
    assert (watch.latest_worst, watch.times_held) == (0.5, 1)


@pytest.mark.parametrize(
    ("free", "status"), [(2 << 30, "ok"), ((1 << 30) - 1, "warning"), ((100 << 20) - 1, "problem")]
)
def test_space(free, status):
    found = describe_space(free)
    assert (found.status, bool(found.advice)) == (status, status != "ok")
