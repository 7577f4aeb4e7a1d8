"""Triggers over the API: made, changed, paused, fired; and the schedules of published workflows."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from tests.api_server import make_person, on_both_databases

pytestmark = on_both_databases

NIGHTLY = {"workflow": "hello", "schedule": {"cron": "30 2 * * *", "zone": "Europe/Berlin"}, "input": {"name": "Ada"}}
EACH_SECOND = {"workflow": "hello", "schedule": {"every": "PT1S"}, "input": {"name": "Ada"}}
SCHEDULED = """
document: {{dsl: '1.0.3', namespace: demo, name: report, version: '{version}'}}
{schedule}
do: [{{begin: {{set: {{value: 1}}}}}}]
"""


async def create(client, spec=None, name="nightly", namespace="demo", **rest):
    body = {"namespace": namespace, "name": name, "spec": spec or NIGHTLY, **rest}
    return await client.post("/triggers", body, status=201)


async def wait_for_firings(client, trigger, number, outcome="started"):
    """Return the history when this has become of so many firings."""
    async with asyncio.timeout(30):
        while True:
            found = (await client.get(f"/triggers/{trigger['trigger_id']}/firings"))["items"]
            if sum(firing["outcome"] == outcome for firing in found) >= number:
                return found
            await asyncio.sleep(0.1)


async def test_a_trigger_is_made_and_found_again(admin):
    await admin.publish()
    made = await create(admin)
    assert made["spec"]["schedule"]["zone"] == "Europe/Berlin"
    assert datetime.fromisoformat(made["planned_at"]) > datetime.now(UTC)
    assert await admin.get(f"/triggers/{made['trigger_id']}") == made
    assert (await admin.get("/triggers?namespace=demo&workflow=hello"))["items"] == [made]
    assert (await admin.get("/triggers?workflow=other"))["items"] == []
    await admin.get("/triggers/nothing", status=404)
    await admin.post("/triggers", {"namespace": "demo", "name": "nightly", "spec": NIGHTLY}, status=409)
    (record,) = (await admin.get(f"/audit/records?target=trigger/{made['trigger_id']}"))["items"]
    assert (record["action"], record["namespace"]) == ("trigger.create", "demo")
    assert "Ada" not in str(record)


async def test_a_trigger_starts_runs_that_say_who_started_them(admin):
    await admin.publish()
    made = await create(admin, EACH_SECOND)
    firing = (await wait_for_firings(admin, made, 2))[-1]
    run = await admin.get(f"/runs/{firing['run_id']}")
    assert run["input"] == {"name": "Ada"}
    (record,) = (await admin.get(f"/audit/records?target=run/{firing['run_id']}&action=run.start"))["items"]
    assert (record["namespace"], record["actor_id"]) == ("demo", f"trigger/{made['trigger_id']}")
    assert (record["private"]["actor_name"], record["private"]["origin"]) == ("demo/nightly", "schedule")


async def test_a_trigger_is_paused_resumed_and_fired_by_hand(admin):
    await admin.publish()
    made = await create(admin, is_paused=True)
    path = f"/triggers/{made['trigger_id']}"
    assert made["is_paused"]
    await admin.post(f"{path}/pause", {}, status=409)
    fired = await admin.post(f"{path}/fire", status=202)
    (firing,) = await wait_for_firings(admin, made, 1)
    assert (firing["run_id"], firing["fired_by"]) == (fired["run_id"], "admin/tests")
    assert not (await admin.post(f"{path}/resume", {"reason": "it is night"}))["is_paused"]
    assert (await admin.post(f"{path}/pause", {}))["is_paused"]
    actions = [
        record["action"] for record in (await admin.get(f"/audit/records?target=trigger/{made['trigger_id']}"))["items"]
    ]
    assert {"trigger.pause", "trigger.resume", "trigger.fire"} <= set(actions)


async def test_a_paused_trigger_says_what_it_left_out(admin):
    await admin.publish()
    made = await create(admin, EACH_SECOND, is_paused=True)
    found = await wait_for_firings(admin, made, 1, outcome="skipped")
    assert {(firing["outcome"], firing["reason"]) for firing in found} == {("skipped", "The trigger was paused.")}


async def test_a_change_meets_the_revision(admin):
    await admin.publish()
    made = await create(admin)
    path = f"/triggers/{made['trigger_id']}"
    later = {**NIGHTLY, "schedule": {"cron": "30 4 * * *"}, "overlap": "skip", "missed": "all"}
    changed = await admin.ask("PUT", path, {"spec": later, "revision": 1})
    assert (changed["revision"], changed["spec"]["overlap"]) == (2, "skip")
    assert datetime.fromisoformat(changed["planned_at"]).hour == 4
    await admin.ask("PUT", path, {"spec": NIGHTLY, "revision": 1}, status=409)
    await admin.ask("DELETE", path, status=204)
    await admin.get(path, status=404)
    await admin.get(f"{path}/firings", status=404)


async def test_what_will_not_do_is_refused_and_checked_for(admin):
    await admin.publish()
    bad = [
        ({**NIGHTLY, "schedule": {"cron": "61 * * * *"}}, 422),
        ({**NIGHTLY, "schedule": {"cron": "0 0 30 2 *"}}, 422),
        ({**NIGHTLY, "schedule": {"cron": "0 * * * *", "zone": "Mars/Base"}}, 422),
        ({**NIGHTLY, "schedule": {}}, 422),
        ({**NIGHTLY, "schedule": {"every": "PT1H", "after": "PT1H"}}, 422),
        ({**NIGHTLY, "jitter": "P1D"}, 422),
        ({**NIGHTLY, "workflow": "nothing"}, 404),
    ]
    for spec, status in bad:
        problem = await admin.post("/triggers", {"namespace": "demo", "name": "bad", "spec": spec}, status=status)
        report = await admin.post("/triggers/check", {"namespace": "demo", "spec": spec})
        assert not report["is_valid"]
        assert report["problem"] == problem["detail"]
    await admin.post("/triggers", {"namespace": "demo", "name": "a b", "spec": NIGHTLY}, status=422)
    good = await admin.post("/triggers/check", {"namespace": "demo", "spec": NIGHTLY})
    assert good["is_valid"]
    assert len(good["upcoming"]) == 5


async def test_what_is_planned_is_shown(admin):
    await admin.publish()
    nightly = await create(admin)
    await create(admin, {**NIGHTLY, "schedule": {"every": "PT12H"}}, "twice")
    upcoming = await admin.get(f"/triggers/{nightly['trigger_id']}/upcoming?limit=3")
    assert upcoming[0]["planned_at"] == nightly["planned_at"]
    assert len(upcoming) == 3
    calendar = await admin.get("/calendar")
    moments = [each["planned_at"] for each in calendar["items"]]
    assert calendar["is_whole"]
    assert moments == sorted(moments)
    assert {each["name"]: 0 for each in calendar["items"]}.keys() == {"nightly", "twice"}
    assert 6 <= sum(each["name"] == "nightly" for each in calendar["items"]) <= 8
    day = (datetime.now(UTC) + timedelta(days=30)).strftime("%Y-%m-%dT00:00:00Z")
    next_day = (datetime.now(UTC) + timedelta(days=31)).strftime("%Y-%m-%dT00:00:00Z")
    assert len((await admin.get(f"/calendar?since={day}&until={next_day}"))["items"]) == 3
    await admin.get(f"/calendar?since={next_day}&until={day}", status=422)
    await admin.get("/calendar?since=2026-01-01T00:00:00", status=422)


async def test_who_may_not_see_data_sees_no_input_and_writes_nothing(server, admin):
    await admin.publish()
    made = await create(admin)
    path = f"/triggers/{made['trigger_id']}"
    viewer = await make_person(server, admin, "viewer")
    assert (await viewer.get(path))["spec"]["input"] is None
    assert (await viewer.get("/triggers"))["items"][0]["spec"]["input"] is None
    await viewer.post(f"{path}/fire", status=403)
    await viewer.ask("DELETE", path, status=403)
    outsider = await make_person(server, admin, "operator", namespace="other")
    await outsider.get(path, status=404)
    await outsider.post(f"{path}/fire", status=404)
    assert (await outsider.get("/triggers"))["items"] == []
    assert (await outsider.get("/calendar"))["items"] == []
    await outsider.get("/calendar?namespace=demo", status=403)


async def test_who_may_not_start_runs_makes_no_triggers(server, admin):
    await admin.publish()
    made = await create(admin)
    client = await server.sign_in(permissions=["trigger.read", "trigger.write"])
    await client.post("/triggers", {"namespace": "demo", "name": "own", "spec": NIGHTLY}, status=403)
    body = {"spec": NIGHTLY, "revision": 1}
    await client.ask("PUT", f"/triggers/{made['trigger_id']}", body, status=403)


async def test_a_published_schedule_starts_runs_until_it_is_replaced(admin):
    path = "/workflows/demo/report/versions"
    source = SCHEDULED.format(version="1.0.0", schedule="schedule: {every: {seconds: 1}}")
    await admin.post(path, {"source": source}, status=201)
    (trigger,) = (await admin.get("/triggers?namespace=demo"))["items"]
    assert (trigger["name"], trigger["owner_version"]) == ("workflow:report", "1.0.0")
    firings = await wait_for_firings(admin, trigger, 2)
    run = await admin.get(f"/runs/{firings[-1]['run_id']}")
    assert (run["run"]["name"], run["run"]["version"]) == ("report", "1.0.0")
    await admin.ask("DELETE", f"/triggers/{trigger['trigger_id']}", status=409)
    await admin.post(path, {"source": SCHEDULED.format(version="1.1.0", schedule="")}, status=201)
    assert (await admin.get("/triggers"))["items"] == []


async def test_a_workflow_starts_again_after_it_has_ended(admin):
    source = SCHEDULED.format(version="1.0.0", schedule="schedule: {after: {seconds: 1}}")
    await admin.post("/workflows/demo/report/versions", {"source": source}, status=201)
    (trigger,) = (await admin.get("/triggers"))["items"]
    later, earlier, *_ = await wait_for_firings(admin, trigger, 2)
    run = (await admin.get(f"/runs/{earlier['run_id']}"))["run"]
    waited = datetime.fromisoformat(later["planned_at"]) - datetime.fromisoformat(run["ended_at"])
    assert waited == timedelta(seconds=1)
