"""CloudEvents over the API: sent in all modes, seen by whom it may concern, followed as they arrive."""

from __future__ import annotations

import asyncio
import json

import pytest
from tests.api_server import make_person, on_both_databases, running

from kapell.engine.event_store import EventUse
from kapell.engine.store import Batch

pytestmark = on_both_databases

EVENT = {"specversion": "1.0", "id": "1", "source": "/shop", "type": "com.example.ordered"}
STRUCTURED = {"Content-Type": "application/cloudevents+json"}
BATCHED = {"Content-Type": "application/cloudevents-batch+json; charset=utf-8"}
BINARY = {
    "ce-specversion": "1.0",
    "ce-id": "b1",
    "ce-source": "/shop",
    "ce-type": "com.example.paid",
    "ce-subject": "Gr%C3%BC%C3%9Fe",
    "ce-orderid": "7",
    "Content-Type": "application/json",
}


def make(number, **more):
    return {**EVENT, "id": str(number), **more}


async def send(client, body, *, namespace="demo", headers=STRUCTURED, status=202):
    return await client.ask("POST", f"/namespaces/{namespace}/events", body, headers=headers, status=status)


async def send_batch(client, *events, namespace="demo"):
    answer = await send(client, list(events), namespace=namespace, headers=BATCHED)
    return [each["position"] for each in answer["events"]]


async def test_an_event_is_sent_in_all_three_modes(admin):
    one = await send(admin, {**EVENT, "data": {"total": 12.5}, "orderid": 7})
    assert one == {"events": [{"id": "1", "source": "/shop", "position": 1, "duplicate": False}]}
    assert await send_batch(admin, make(2), make(3)) == [2, 3]
    await send(admin, {"paid": True}, headers=BINARY)
    found = await admin.get("/cloud-events/1")
    assert found["event"] == {**EVENT, "orderid": 7, "data": {"total": 12.5}}
    assert (found["has_data"], found["consumers"], found["has_more_consumers"]) == (True, [], False)
    found = await admin.get("/cloud-events/4")
    assert found["event"] == {
        **{name.removeprefix("ce-"): value for name, value in BINARY.items() if name.startswith("ce-")},
        "subject": "Gr\u00fc\u00dfe",
        "datacontenttype": "application/json",
        "data": {"paid": True},
    }
    assert found["received"]["via"].startswith("api/")
    assert await send(admin, [], headers=BATCHED) == {"events": []}


async def test_what_was_sent_before_is_dropped_and_told(admin):
    assert await send_batch(admin, make(1), make(1), make(2)) == [1, None, 2]
    again = await send(admin, make(2, data="other"))
    assert again["events"] == [{"id": "2", "source": "/shop", "position": None, "duplicate": True}]
    assert "data" not in (await admin.get("/cloud-events/2"))["event"]
    assert await send_batch(admin, make(2), namespace="other") == [3]


async def test_what_is_no_event_is_refused_with_its_attribute(admin):
    problem = await send(admin, {**EVENT, "id": ""}, status=422)
    assert (problem["code"], problem["detail"]) == ("usage", "The event's `id` is empty.")
    problem = await send(admin, [EVENT, {**EVENT, "time": "now"}], headers=BATCHED, status=422)
    assert "Number 2 of the batch: The event's `time`" in problem["detail"]
    problem = await send(admin, EVENT, headers={"Content-Type": "application/json"}, status=422)
    assert "application/cloudevents+json" in problem["hint"]
    await send(admin, {**EVENT, "data": "x" * 1_100_000}, status=413)
    await send(admin, EVENT, namespace="No-Name", status=422)
    deep = {"data": None}
    for _ in range(450):
        deep = {"data": deep}
    await send(admin, {**EVENT, **deep}, status=413)
    assert (await admin.get("/cloud-events"))["items"] == [], "of a refused batch nothing is kept"


@pytest.mark.parametrize(
    "headers",
    [
        {"ce-id": "\u00ff", "ce-specversion": "1.0"},
        {"ce-id": "%ff"},
        {"Content-Type": "application/cloudevents+xml"},
        {"Content-Type": ";;;"},
        {"Content-Type": "application/cloudevents-batch+json"},
    ],
)
async def test_hostile_messages_are_refused(admin, headers):
    problem = await send(admin, {"a": 1}, headers=headers, status=422)
    assert problem["code"] == "usage"


async def test_events_are_found_by_their_attributes(admin):
    await send_batch(admin, make(1), make(2, type="b", subject="s"), make(3, source="/till"), make(4, type="b"))
    await send_batch(admin, make(1), namespace="other")

    async def find(query):
        return [each["position"] for each in (await admin.get(f"/cloud-events?{query}"))["items"]]

    assert await find("") == [5, 4, 3, 2, 1]
    assert await find("namespace=demo&type=b") == [4, 2]
    assert await find("type=b&type=com.example.ordered&source=/shop") == [5, 4, 2, 1]
    assert await find("subject=s") == [2]
    assert await find("id=1&namespace=other") == [5]
    assert await find("source=/till") == [3]
    via = (await admin.get("/cloud-events/1"))["received"]["via"]
    assert len(await find(f"via={via}")) == 5
    arrived_at = (await admin.get("/cloud-events/5"))["received"]["arrived_at"].replace("+", "%2B")
    assert await find(f"since={arrived_at}") == [5]
    assert await find(f"until={arrived_at}") == [4, 3, 2, 1]
    first = await admin.get("/cloud-events?limit=2")
    assert [each["position"] for each in first["items"]] == [5, 4]
    assert await find(f"limit=2&cursor={first['next']}") == [3, 2]
    assert (await admin.get("/cloud-events?limit=2&cursor=3"))["next"] is None
    assert await find(f"cursor={'9' * 30}") == [5, 4, 3, 2, 1]
    await admin.get("/cloud-events?cursor=x", status=422)
    await admin.get("/cloud-events?type=%00", status=422)
    await admin.get("/cloud-events/6", status=404)


async def test_data_is_for_who_may_see_the_data_of_runs(server, admin):
    await send(admin, {**EVENT, "data": {"card": "canary-4711"}, "secretless": "shown"})
    await send(admin, make(2), namespace="theirs")
    viewer = await make_person(server, admin, "viewer", namespace="demo")
    found = await viewer.get("/cloud-events/1")
    assert not found["has_data"]
    assert found["event"] == {**EVENT, "secretless": "shown"}
    assert [each["position"] for each in (await viewer.get("/cloud-events"))["items"]] == [1]
    await viewer.get("/cloud-events/2", status=404)
    await viewer.get("/cloud-events?namespace=theirs", status=403)
    await send(viewer, make(3), status=403)
    (tailed,) = await read_stream(viewer, "/cloud-events/stream?after=0&data=true", 1)
    assert tailed == {"received": found["received"], "event": found["event"], "has_data": False}
    operator = await make_person(server, admin, "operator", namespace="demo")
    assert (await operator.get("/cloud-events/1"))["event"]["data"] == {"card": "canary-4711"}
    assert not (await operator.get("/cloud-events/1?data=false"))["has_data"]
    await send(operator, make(4))
    await send(operator, make(5), namespace="theirs", status=403)
    reads = await admin.get("/audit/records?action=event.read_data")
    assert [record["target"] for record in reads["items"]] == ["event/1"]


async def test_a_request_is_one_record_of_the_audit_log(admin):
    await send_batch(admin, *(make(number) for number in range(30)))
    (record,) = (await admin.get("/audit/records?action=event.send"))["items"]
    assert (record["target"], record["namespace"]) == ("events/demo", "demo")
    details = record["private"]["details"]
    assert details["count"] == 30
    assert details["events"][0] == {"id": "0", "source": "/shop", "type": "com.example.ordered"}
    assert len(details["events"]) == 20


async def test_requests_are_counted_by_their_route(server, admin):
    await send(admin, EVENT)
    await send(admin, {}, status=422)
    counted = await admin.get("/metrics", prefix="")
    route = 'route="/api/v1/namespaces/{namespace}/events"'
    assert f'kapell_http_requests_total{{method="POST",{route},status="202"}} 1.0' in counted
    assert f'kapell_http_requests_total{{method="POST",{route},status="422"}} 1.0' in counted
    await server.client().ask("POST", "/namespaces/a/b/events", {}, status=404)
    await server.client().ask("GET", "/namespaces/a/events", status=405)


async def test_who_consumed_an_event_is_shown(server, admin):
    await admin.publish()
    run = await admin.run()
    await admin.wait_run(run["run_id"])
    await send(admin, EVENT)
    await asyncio.to_thread(consume, server.parts.engine.store, run["run_id"], 1)
    (consumer,) = (await admin.get("/cloud-events/1"))["consumers"]
    assert (consumer["run_id"], consumer["reference"]) == (run["run_id"], "/do/0/greet")


def consume(store, run_id, position):
    """Write that a run consumed an event, as a turn of it does."""
    record = store.get_record(run_id)
    use = EventUse(position=position, reference="/do/0/greet", at=record.updated_at)
    batch = Batch(run_id=run_id, first_seq=0, count=0, at=record.updated_at, body=b"", uses=(use,))
    store.append(1, [batch])


async def read_stream(client, path, count, headers=None):
    """Return what a stream gives first."""
    found = []
    async with asyncio.timeout(10), client.stream(path, headers) as response:
        assert response.status == 200
        async for line in response.content:
            if line.startswith(b"data: "):
                found.append(json.loads(line.removeprefix(b"data: ")))
                if len(found) == count:
                    return found
    return found


async def test_a_stream_shows_what_arrives_from_now_on(admin):
    await send(admin, EVENT)
    reading = asyncio.create_task(read_stream(admin, "/cloud-events/stream?data=true&namespace=demo&type=b", 2))
    await asyncio.sleep(0.3)
    await send_batch(admin, make(2), make(3, type="b", data=[1]), namespace="demo")
    await send(admin, make(4, type="b"), namespace="other")
    await send(admin, make(5, type="b"))
    found = await reading
    assert [each["received"]["id"] for each in found] == ["3", "5"]
    assert found[0]["event"]["data"] == [1]


async def test_a_stream_resumes_where_it_was_cut_off(admin):
    await send_batch(admin, *(make(number) for number in range(1, 6)))
    found = await read_stream(admin, "/cloud-events/stream", 3, {"Last-Event-ID": "2"})
    assert [each["received"]["position"] for each in found] == [3, 4, 5]
    assert "event" in found[0]
    found = await read_stream(admin, "/cloud-events/stream?after=4", 1)
    assert [each["received"]["position"] for each in found] == [5]


async def test_streams_end_when_the_server_stops(settings):
    async with running(settings) as server:
        admin = await server.sign_in()
        reading = asyncio.create_task(read_stream(admin, "/cloud-events/stream?after=0", 99))
        await asyncio.sleep(0.2)
        server.parts.events.close()
        assert await asyncio.wait_for(reading, 5) == []


async def test_events_outlive_the_server(settings):
    async with running(settings) as server:
        admin = await server.sign_in()
        await asyncio.gather(*(send(admin, make(number)) for number in range(20)))
        token = admin.headers
    async with running(settings) as server:
        client = server.client()
        client.headers = token
        listed = await client.get("/cloud-events")
        assert {each["id"] for each in listed["items"]} == {str(number) for number in range(20)}
        assert sorted(each["position"] for each in listed["items"]) == list(range(1, 21))
