"""Runs that take longer than their workflow's past lets expect."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.api_server import on_both_databases

from kapell.api import overdue_routes

pytestmark = on_both_databases

MAYBE = """
document: {dsl: '1.0.3', namespace: NAMESPACE, name: NAME, version: '1.0.0'}
do:
  - choose: {switch: [{rests: {when: .rests, then: rest}}, {otherwise: {then: end}}]}
  - rest: {wait: {days: 20}}
"""


class Later:
    """The server's clock, some time ahead."""

    def __init__(self, clock, ahead):
        self._clock = clock
        self._ahead = ahead

    def now(self):
        return self._clock.now() + self._ahead


async def prepare(admin, *names, namespace="demo"):
    """Let each workflow complete twice, and then hang; return the runs that hang, by name."""
    hanging = {}
    for name in names:
        await admin.publish(namespace, name, source=MAYBE.replace("NAMESPACE", namespace).replace("NAME", name))
        for _ in range(2):
            done = await admin.run({"rests": False}, namespace=namespace, name=name)
            await admin.wait_run(done["run_id"])
        hanging[name] = (await admin.run({"rests": True}, namespace=namespace, name=name))["run_id"]
    return hanging


async def test_a_run_that_hangs_is_overdue_after_a_minute(server, admin):
    hanging = await prepare(admin, "usual")
    await admin.publish(name="first", source=MAYBE.replace("NAMESPACE", "demo").replace("NAME", "first"))
    await admin.run({"rests": True}, name="first")
    assert await admin.get("/runs/overdue") == {"items": [], "has_more": False}
    server.parts.clock = Later(server.parts.clock, timedelta(minutes=2))
    found = await admin.get("/runs/overdue")
    (overdue,) = found["items"]
    assert overdue["run"]["run_id"] == hanging["usual"]
    assert 120 < overdue["taken_seconds"] < 240
    assert 0 < overdue["expected_seconds"] < 30
    assert overdue["completed_runs"] == 2
    assert not found["has_more"]
    await admin.post(f"/runs/{hanging['usual']}/cancel")
    await admin.wait_run(hanging["usual"])
    assert (await admin.get("/runs/overdue"))["items"] == []


async def test_they_are_filtered_and_cut(server, admin, monkeypatch):
    hanging = await prepare(admin, "a", "b")
    theirs = await prepare(admin, "c", namespace="bank")
    server.parts.clock = Later(server.parts.clock, timedelta(hours=1))
    whole = await admin.get("/runs/overdue")
    assert {item["run"]["run_id"] for item in whole["items"]} == {*hanging.values(), *theirs.values()}
    ratios = [item["taken_seconds"] / item["expected_seconds"] for item in whole["items"]]
    assert [round(ratio) for ratio in ratios] == sorted((round(ratio) for ratio in ratios), reverse=True)
    assert [item["run"]["name"] for item in (await admin.get("/runs/overdue?name=b"))["items"]] == ["b"]
    assert [item["run"]["name"] for item in (await admin.get("/runs/overdue?namespace=bank"))["items"]] == ["c"]
    cut = await admin.get("/runs/overdue?limit=2")
    assert (len(cut["items"]), cut["has_more"]) == (2, True)

    monkeypatch.setattr(overdue_routes, "_LOOKED_THROUGH", 1)
    many = await admin.get("/runs/overdue")
    assert {item["run"]["run_id"] for item in many["items"]} == {item["run"]["run_id"] for item in whole["items"]}


async def test_other_namespaces_are_not_told_of(server, admin):
    await prepare(admin, "a")
    await prepare(admin, "c", namespace="bank")
    person = await admin.post("/people", {"name": "vera", "password": "Correct-horse-battery-1"})
    subject = {"kind": "person", "key": person["person_id"]}
    await admin.post("/bindings", {"role": "viewer", "subject": subject, "namespace": "demo"})
    vera = await server.sign_in("vera", "Correct-horse-battery-1")
    server.parts.clock = Later(server.parts.clock, timedelta(hours=1))
    assert [item["run"]["name"] for item in (await vera.get("/runs/overdue"))["items"]] == ["a"]
    await vera.get("/runs/overdue?namespace=bank", status=403)


async def test_a_run_that_is_as_slow_as_usual_is_not_overdue(server, admin):
    hanging = await prepare(admin, "slow")
    store = server.parts.engine.store
    where = overdue_routes.RunFilter(statuses=overdue_routes._UNFINISHED)
    now = store.get_record(hanging["slow"]).created_at
    seconds = overdue_routes.read_expectations(store, where, now)["demo", "slow"].seconds
    expectation = overdue_routes.Expectation(seconds=100.0, runs=2)
    assert expectation.limit == timedelta(seconds=200)
    assert overdue_routes.Expectation(seconds=seconds, runs=2).limit == timedelta(minutes=1)
    for age, count in ((59, 0), (61, 1)):
        at: datetime = now + timedelta(seconds=age)
        assert len(overdue_routes.find_overdue(store, where, at, 50).items) == count
