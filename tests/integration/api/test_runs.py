"""Runs over the API: from publishing a workflow to a repaired run."""

from __future__ import annotations

import asyncio
import json

from tests.api_server import FAULTS, on_both_databases

pytestmark = on_both_databases


async def test_a_run_is_started_and_shown(admin):
    await admin.publish()
    run = await admin.run({"name": "Ada"})
    found = await admin.wait_run(run["run_id"])
    assert found["run"]["status"] == "completed"
    assert found["output"] == {"text": "Hello Ada"}
    listed = await admin.get("/runs")
    assert [item["run_id"] for item in listed["items"]] == [run["run_id"]]


async def test_an_idempotency_key_starts_one_run_only(admin):
    await admin.publish()
    started = await asyncio.gather(
        *(admin.run({"name": "Ada"}, headers={"Idempotency-Key": "once"}) for _ in range(20))
    )
    assert len({run["run_id"] for run in started}) == 1
    assert len((await admin.get("/runs"))["items"]) == 1
    problem = await admin.run({"name": "Eve"}, headers={"Idempotency-Key": "once"}, status=409)
    assert "was used for another request" in problem["detail"]


async def test_a_faulted_run_is_understood_and_mended(admin):
    await admin.publish(name="faults", source=FAULTS)
    run = await admin.run({"number": "x"}, name="faults")
    found = await admin.wait_run(run["run_id"])
    assert found["run"]["status"] == "faulted"
    why = await admin.get(f"/runs/{run['run_id']}/why")
    assert "faulted" in why["summary"]
    assert why["options"]
    await admin.post(f"/runs/{run['run_id']}/retry", {"input": {"number": "7"}, "reason": "a typo"})
    found = await admin.wait_run(run["run_id"], ("completed",))
    assert found["output"] == {"result": 7}
    history = await admin.get(f"/runs/{run['run_id']}/history")
    assert [event["seq"] for event in history["items"]] == list(range(1, len(history["items"]) + 1))
    before = await admin.get(f"/runs/{run['run_id']}/state?at=1")
    assert before["status"] == "running"


async def test_a_fork_begins_again_from_a_task(admin):
    await admin.publish()
    run = await admin.run()
    await admin.wait_run(run["run_id"])
    for _ in range(5):
        forked = await admin.post(f"/runs/{run['run_id']}/fork", {"reference": "/do/0/greet"})
        assert forked["run"]["run_id"] != run["run_id"]
        assert (await admin.wait_run(forked["run"]["run_id"]))["output"] == {"text": "Hello Ada"}


async def test_pages_follow_one_another(admin):
    await admin.publish()
    runs = [(await admin.run({"name": str(number)}))["run_id"] for number in range(7)]
    found, cursor = [], ""
    while cursor is not None:
        page = await admin.get(f"/runs?limit=3{'&cursor=' + cursor if cursor else ''}")
        found += [item["run_id"] for item in page["items"]]
        cursor = page["next"]
    assert found == runs[::-1]


async def test_what_is_not_there_or_does_not_fit_is_a_problem(admin):
    for method, path, body, status in [
        ("GET", "/runs/nothing", None, 404),
        ("POST", "/runs", {"namespace": "demo", "name": "nothing"}, 404),
        ("POST", "/runs", {"namespace": "demo"}, 422),
        ("POST", "/runs", {"namespace": "demo", "name": "a", "inptu": {}}, 422),
        ("POST", "/runs/nothing/cancel", {}, 404),
        ("GET", "/runs?limit=0", None, 422),
        ("GET", f"/audit/records?cursor={10**30}", None, 422),
        ("GET", "/nowhere", None, 404),
        ("PUT", "/runs", {}, 405),
    ]:
        problem = await admin.ask(method, path, body, status=status)
        assert problem["status"] == status
        assert problem["detail"]
        assert problem["request_id"] == admin.last.headers["X-Request-Id"]
        assert admin.last.content_type == "application/problem+json"


async def test_a_body_that_is_too_large_is_refused(admin, server):
    text = "x" * server.parts.settings.max_body_bytes
    await admin.ask("POST", "/runs", {"namespace": "demo", "name": "hello", "input": text}, status=413)


async def test_live_events_follow_a_run_and_resume(admin):
    await admin.publish()
    run = await admin.run()
    await admin.wait_run(run["run_id"])
    seen = await read_events(admin, f"/runs/{run['run_id']}/events", until="end")
    numbers = [number for number, kind, _ in seen if kind == "event"]
    assert numbers == list(range(1, len(numbers) + 1))
    rest = await read_events(admin, f"/runs/{run['run_id']}/events", until="end", headers={"Last-Event-ID": "2"})
    assert [number for number, kind, _ in rest if kind == "event"] == numbers[2:]


async def test_changes_of_all_runs_resume_also_where_no_header_can_be_set(server, admin):
    await admin.publish()
    before = server.parts.live.position
    runs = []
    for name in ("Ada", "Bob"):
        runs.append((await admin.run({"name": name}))["run_id"])
        await admin.wait_run(runs[-1])
    path = f"/events?after={before}"
    ((number, _, data),) = await read_events(admin, path, until="run")
    assert (number, json.loads(data)["run_id"]) == (before + 1, runs[0])
    middle = server.parts.live.position - 1
    header = {"Last-Event-ID": str(middle)}
    ((number, _, data),) = await read_events(admin, path, until="run", headers=header)  # the header is newer
    assert (number, json.loads(data)["run_id"]) == (middle + 1, runs[1])
    listed = (await admin.get(f"/runs/{runs[1]}"))["run"]
    told = {"seq": json.loads(data)["seq"], "type": "run_completed"}
    assert listed | told == json.loads(data) | {"error": None}  # whoever shows a list need not read it for a change
    ((_, kind, _),) = await read_events(admin, "/events?after=1", until="reset")
    assert kind == "reset"
    odd = await read_events(admin, path, until="run", headers={"Last-Event-ID": "9" * 5000})
    assert odd[0][0] == before + 1
    await admin.get("/events?after=-1", status=422)


TALK = """
document: {dsl: '1.0.3', namespace: demo, name: talk, version: '1.0.0'}
do:
  - speak:
      run:
        shell:
          command: echo one; while [ ! -e "$1" ]; do sleep 0.02; done; echo two >&2
          arguments: ['${ .file }']
"""


async def test_a_log_is_followed_while_it_is_written(admin, tmp_path):
    await admin.publish("demo", "talk", source=TALK)
    run = await admin.run({"file": str(tmp_path / "go")}, name="talk")
    path = f"/runs/{run['run_id']}/log/events"
    first = await read_events(admin, path, until="line")
    assert [read_line(data) for _, _, data in first] == [("one", "stdout")]
    reading = asyncio.create_task(read_events(admin, path, until="end", headers={"Last-Event-ID": str(first[0][0])}))
    await asyncio.sleep(0.1)
    (tmp_path / "go").touch()
    rest = await reading
    assert [kind for _, kind, _ in rest] == ["line", "end"]
    assert read_line(rest[0][2]) == ("two", "stderr")


def read_line(data):
    """Return text and stream of a log line."""
    line = json.loads(data)
    return line["text"], line["stream"]


async def read_events(client, path, until, headers=None):
    """Return (id, type, data) of a stream up to an event of a type."""
    found, current = [], {}
    async with asyncio.timeout(20), client.stream(path, headers) as response:
        assert response.status == 200
        async for line in response.content:
            text = line.decode().rstrip("\n")
            if text:
                key, _, value = text.partition(": ")
                current[key] = value
                continue
            if "event" in current:
                found.append((int(current["id"]), current["event"], current["data"]))
                if current["event"] == until:
                    return found
            current = {}
    raise AssertionError(found)
