"""Commands for many runs: previewed, given to exactly the runs that were shown, and carried on after a restart."""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

import msgspec
from tests.api_server import FAULTS, on_both_databases, running

from kapell.api import bulk_operations

pytestmark = on_both_databases

SLEEP = """
document: {{dsl: '1.0.3', namespace: {namespace}, name: sleep, version: '1.0.0'}}
do:
  - sleep: {{wait: {{hours: 1}}}}
"""


async def publish_all(admin):
    for namespace in ("demo", "bank"):
        await admin.publish(namespace, "sleep", source=SLEEP.format(namespace=namespace))
    await admin.publish(name="faults", source=FAULTS)


async def preview(client, action, status=None, *, runs, **rest):
    return await client.post("/runs/bulk", {"action": action, "runs": runs, **rest}, status=status)


async def carry_out(client, action, **asked):
    """Preview, start, and return the operation when it is over."""
    found = await preview(client, action, **asked)
    started = await client.post(f"/bulk/{found['bulk_id']}/start", {"expected": found["matched"]})
    return await wait_bulk(client, started["bulk_id"])


async def wait_bulk(client, bulk_id):
    async with asyncio.timeout(20):
        while True:
            found = await client.get(f"/bulk/{bulk_id}")
            if found["state"] != "running":
                return found
            await asyncio.sleep(0.02)


def as_before(server, client):
    """Return a client of another server with the same token."""
    other = server.client()
    other.headers = client.headers
    return other


async def test_many_runs_are_commanded_at_once(server, admin):
    await publish_all(admin)
    sleepers = [(await admin.run(name="sleep"))["run_id"] for _ in range(25)]
    faulty = (await admin.run({"number": "x"}, name="faults"))["run_id"]
    await admin.wait_run(faulty)

    found = await preview(admin, "suspend", runs={"namespace": "demo"}, reason="maintenance")
    assert (found["matched"], found["would_refuse"]) == (26, 1)
    assert found["refusals"] == [{"reason": "A run that is faulted cannot be given `suspend`.", "count": 1}]
    assert [run["run_id"] for run in found["sample"]] == [faulty, *reversed(sleepers)][:10]
    later = (await admin.run(name="sleep"))["run_id"]
    problem = await admin.post(f"/bulk/{found['bulk_id']}/start", {"expected": 27}, status=422)
    assert "26 runs, and not 27" in problem["detail"]
    await admin.post(f"/bulk/{found['bulk_id']}/start", {"expected": 26})
    await admin.post(f"/bulk/{found['bulk_id']}/start", {"expected": 26}, status=409)
    done = await wait_bulk(admin, found["bulk_id"])
    assert (done["state"], done["done"], done["refused"], done["left"]) == ("completed", 25, 1, 0)
    statuses = {run["run_id"]: run["status"] for run in (await admin.get("/runs"))["items"]}
    assert {statuses[run_id] for run_id in sleepers} == {"suspended"}
    assert statuses[later] != "suspended", "it was not there when the preview was made"
    (refused,) = (await admin.get(f"/bulk/{found['bulk_id']}/runs?outcome=refused"))["items"]
    assert refused["run_id"] == faulty
    assert refused["reason"]
    assert len((await admin.get(f"/bulk/{found['bulk_id']}/runs?limit=10&cursor=20"))["items"]) == 6
    records = (await admin.get(f"/audit/records?action=run.suspend&target=run/{sleepers[0]}"))["items"]
    assert records[0]["private"]["details"] == {"bulk": found["bulk_id"]}
    assert records[0]["private"]["reason"] == "maintenance"

    assert (await carry_out(admin, "resume", runs={"status": ["suspended"]}))["done"] == 25
    assert (await carry_out(admin, "cancel", runs={"name": "sleep"}))["done"] == 26
    assert (await carry_out(admin, "retry", runs={"status": ["faulted"]}))["done"] == 1
    await admin.wait_run(faulty, status=["faulted"])
    async with asyncio.timeout(10):
        while True:
            if (await preview(admin, "skip", runs={"text": "faults", "status": ["faulted"]}))["matched"]:
                break
            await asyncio.sleep(0.1)
    assert (await carry_out(admin, "skip", runs={"text": "faults"}, output={"result": 1}))["done"] == 1
    assert (await admin.wait_run(faulty))["output"] == {"result": 1}
    assert len((await admin.get("/bulk"))["items"]) == 5


async def test_nobody_reaches_runs_in_bulk_that_they_cannot_reach_singly(server, admin):
    await publish_all(admin)
    mine = (await admin.run(name="sleep", namespace="bank"))["run_id"]
    theirs = (await admin.run(name="sleep"))["run_id"]
    person = await admin.post("/people", {"name": "banker", "password": "Correct-horse-battery-1"})
    subject = {"kind": "person", "key": person["person_id"]}
    await admin.post("/bindings", {"role": "viewer", "subject": subject, "namespace": "demo"})
    bound = await admin.post("/bindings", {"role": "operator", "subject": subject, "namespace": "bank"})
    banker = await server.sign_in("banker", "Correct-horse-battery-1")
    found = await preview(banker, "cancel", runs={"name": "sleep"})
    assert (found["matched"], found["would_refuse"]) == (2, 1)
    assert "`run.control`" in found["refusals"][0]["reason"]
    await preview(banker, "cancel", status=403, runs={"namespace": "demo"})
    await preview(banker, "retry", status=403, runs={"namespace": "demo"})
    await admin.post(f"/bulk/{found['bulk_id']}/start", {"expected": 2}, status=403)
    await server.client().get(f"/bulk/{found['bulk_id']}", status=401)
    foreign = await preview(admin, "cancel", runs={"namespace": "bank"})
    await banker.get(f"/bulk/{foreign['bulk_id']}", status=404)
    again = await preview(banker, "suspend", runs={"namespace": "bank"})
    await admin.ask("DELETE", f"/bindings/{bound['binding_id']}")
    started = await banker.ask("POST", f"/bulk/{again['bulk_id']}/start", {"expected": 1}, status=403)
    assert started["code"] == "forbidden"
    assert {(await admin.get(f"/runs/{run}"))["run"]["status"] for run in (mine, theirs)} <= {"running", "waiting"}


async def test_what_cannot_be_meant_is_refused_with_a_sentence(admin):
    for asked, word in [
        ({"action": "cancel", "runs": {}}, "restricts nothing"),
        ({"action": "explode", "runs": {"name": "a"}}, "action"),
        ({"action": "cancel", "runs": {"nmae": "a"}}, "nmae"),
        ({"action": "cancel", "runs": {"name": "a"}, "output": 1}, "skip"),
        ({"action": "cancel", "runs": {"started_after": "2026-01-01T00:00:00"}}, "timezone"),
    ]:
        problem = await admin.post("/runs/bulk", asked, status=422)
        assert word in problem["detail"], problem
    await admin.get("/bulk/none", status=404)
    await admin.post("/bulk/none/cancel", status=404)
    await admin.get(f"/bulk/none/runs?{urlencode({'cursor': '²'})}", status=404)


async def test_it_goes_on_after_a_restart_and_stops_when_it_is_cancelled(settings, monkeypatch):
    seen = asyncio.Event()
    give_all = bulk_operations.BulkOperations._give_all

    async def give_slowly(self, *arguments, **rest):
        given = await give_all(self, *arguments, **rest)
        seen.set()
        await asyncio.sleep(0.3)
        return given

    monkeypatch.setattr(bulk_operations.BulkOperations, "_give_all", give_slowly)
    monkeypatch.setattr(bulk_operations, "_AT_ONCE", 4)
    async with running(settings) as server:
        admin = await server.sign_in()
        await publish_all(admin)
        for _ in range(12):
            await admin.run(name="sleep")
        found = await preview(admin, "suspend", runs={"name": "sleep"})
        await admin.post(f"/bulk/{found['bulk_id']}/start", {"expected": 12})
        await seen.wait()
    monkeypatch.undo()
    async with running(settings) as server:
        done = await wait_bulk(as_before(server, admin), found["bulk_id"])
        assert (done["state"], done["done"], done["refused"]) == ("completed", 12, 0)
        admin = as_before(server, admin)
        monkeypatch.setattr(bulk_operations, "_AT_ONCE", 1)
        found = await preview(admin, "cancel", runs={"name": "sleep"})
        await admin.post(f"/bulk/{found['bulk_id']}/start", {"expected": 12})
        stopped = await admin.post(f"/bulk/{found['bulk_id']}/cancel")
        assert stopped["state"] == "cancelled"
        await asyncio.sleep(0.2)
        stopped = await admin.get(f"/bulk/{found['bulk_id']}")
        assert stopped["left"] > 0
        listed = (await admin.get(f"/runs?{urlencode({'status': 'suspended'})}"))["items"]
        assert len(listed) == stopped["left"]
        await admin.post(f"/bulk/{found['bulk_id']}/cancel", status=409)
        assert server.parts.settings == msgspec.structs.replace(settings)
