"""Runs that events start, over the API: by the schedule of a published workflow, and by triggers."""

from __future__ import annotations

import asyncio

import pytest
from tests.api_server import on_both_databases

from kapell.triggers.event_firing import EventFirings

pytestmark = on_both_databases

HEARTBEAT = "com.example.hospital.events.patients.heartbeat.low"
CALL_NURSE = f"""
document: {{dsl: '1.0.3', namespace: demo, name: event-driven-schedule, version: '0.1.0'}}
schedule:
  on:
    one:
      with:
        type: {HEARTBEAT}
do:
  - callNurse:
      set:
        patientId: ${{ $workflow.input[0].data.patient.id }}
        message: "Alert: Patient's heartbeat is critically low. Immediate attention required."
"""
LISTENS = """
document: {dsl: '1.0.3', namespace: demo, name: listens, version: '0.1.0'}
schedule: {on: {one: {with: {type: begin}}}}
do: [{wait: {listen: {to: {one: {with: {type: begin}}}}}}]
"""
EVENT = {
    "specversion": "1.0",
    "source": "/ward/7",
    "type": HEARTBEAT,
    "data": {"patient": {"id": "p-1", "vitals": {"bpm": 31}}},
}


async def publish(client, source, name):
    await client.post(f"/workflows/demo/{name}/versions", {"source": source}, status=201)
    (trigger,) = (await client.get(f"/triggers?workflow={name}"))["items"]
    return trigger


async def send(client, number, **more):
    body = {**EVENT, "id": str(number), **more}
    headers = {"Content-Type": "application/cloudevents+json"}
    answer = await client.ask("POST", "/namespaces/demo/events", body, headers=headers, status=202)
    return answer["events"][0]["position"]


async def wait_for(ask, is_enough):
    async with asyncio.timeout(30):
        while True:
            found = await ask()
            if is_enough(found):
                return found
            await asyncio.sleep(0.05)


async def wait_for_firings(client, trigger, number):
    async def ask():
        return (await client.get(f"/triggers/{trigger['trigger_id']}/firings"))["items"]

    return await wait_for(ask, lambda found: sum(each["outcome"] == "started" for each in found) >= number)


async def wait_for_end(client, run_id):
    return await wait_for(lambda: client.get(f"/runs/{run_id}"), lambda run: run["run"]["ended_at"] is not None)


async def test_an_event_starts_a_published_workflow_once(admin):
    trigger = await publish(admin, CALL_NURSE, "event-driven-schedule")
    assert (trigger["kind"], trigger["planned_at"]) == ("event", None)
    await send(admin, 0, type="com.example.other")
    position = await send(admin, 1)
    await send(admin, 1)
    (firing,) = await wait_for_firings(admin, trigger, 1)
    assert firing["events"] == [position]
    run = await wait_for_end(admin, firing["run_id"])
    assert run["input"] == [{**EVENT, "id": "1"}]
    assert run["output"]["patientId"] == "p-1"
    assert len((await admin.get("/runs?namespace=demo"))["items"]) == 1
    (consumer,) = (await admin.get(f"/cloud-events/{position}"))["consumers"]
    assert (consumer["run_id"], consumer["reference"]) == (firing["run_id"], "")
    (record,) = (await admin.get(f"/audit/records?target=run/{firing['run_id']}&action=run.start"))["items"]
    assert record["private"]["origin"] == "event"


async def test_a_run_hears_what_came_behind_the_event_that_started_it(admin):
    trigger = await publish(admin, LISTENS, "listens")
    await send(admin, 1, type="begin", data={"number": 1})
    await send(admin, 2, type="begin", data={"number": 2})
    *_, first = await wait_for_firings(admin, trigger, 2)
    run = await wait_for_end(admin, first["run_id"])
    assert (run["input"][0]["id"], run["output"]) == ("1", [{"number": 2}])


async def test_a_trigger_is_made_for_events(admin):
    await admin.publish()
    filters = {"any": [{"with": {"type": "paid", "data": "${ .total > 10 }"}}, {"with": {"type": "sent"}}]}
    spec = {"workflow": "hello", "events": {"on": filters, "read": "data"}, "overlap": "skip"}
    body = {"namespace": "demo", "spec": spec}
    assert await admin.post("/triggers/check", body) == {"is_valid": True, "problem": "", "hint": "", "upcoming": []}
    made = await admin.post("/triggers", {**body, "name": "paid"}, status=201)
    path = f"/triggers/{made['trigger_id']}"
    assert (made["kind"], made["spec"]["events"]["on"]) == ("event", filters)
    await send(admin, 1, type="paid", data={"total": 1})
    await send(admin, 2, type="paid", data={"total": 11})
    (firing,) = await wait_for_firings(admin, made, 1)
    assert (await admin.get(f"/runs/{firing['run_id']}"))["input"] == [{"total": 11}]
    assert await admin.get(f"{path}/upcoming") == []
    assert (await admin.get("/calendar"))["items"] == []
    await admin.post(f"{path}/pause", {})
    position = await send(admin, 3, type="sent")

    async def ask():
        return (await admin.get(f"{path}/firings"))["items"]

    skipped, _ = await wait_for(ask, lambda found: len(found) == 2)
    assert (skipped["outcome"], skipped["reason"]) == ("skipped", "The trigger was paused.")
    assert skipped["events"] == [position]
    changed = {**spec, "events": {"on": {"any": []}, "debounce": "PT1S"}}
    replaced = await admin.ask("PUT", path, {"spec": changed, "revision": 1})
    assert replaced["spec"]["events"]["debounce"] == "PT1S"
    fired = await admin.post(f"{path}/fire", status=202)
    await wait_for_firings(admin, made, 2)
    assert (await wait_for_end(admin, fired["run_id"]))["input"] == []


@pytest.mark.parametrize("on", [{}, {"one": {}, "all": []}, {"one": {"with": {"type": "${ .a | }"}}}, {"all": []}])
async def test_filters_that_cannot_be_read_are_refused(admin, on):
    await admin.publish()
    body = {"namespace": "demo", "name": "bad", "spec": {"workflow": "hello", "events": {"on": on}}}
    await admin.post("/triggers", body, status=422)


async def test_events_that_come_while_the_database_refuses_are_heard_later(admin, monkeypatch):
    trigger = await publish(admin, CALL_NURSE, "event-driven-schedule")
    real, refused = EventFirings.hear, []

    def refuse_once(self, *given):
        if not refused:
            refused.append(given)
            raise OSError("The disk is gone.")
        return real(self, *given)

    monkeypatch.setattr(EventFirings, "hear", refuse_once)
    position = await send(admin, 1)
    (firing,) = await wait_for_firings(admin, trigger, 1)
    assert (firing["events"], len(refused)) == ([position], 1)
