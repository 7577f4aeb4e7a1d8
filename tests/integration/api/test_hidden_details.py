"""What an error says may be data: who may see runs but not their data is not told, whatever they ask."""

from __future__ import annotations

import json

import pytest
from tests.api_server import on_both_databases

from kapell.api.application import list_permissions, make_routes
from kapell.kernel.concealing import HIDDEN

CANARY = "canary-in-a-detail"
PASSWORD = "Correct-horse-battery-1"
FAILS = """
document: {dsl: '1.0.3', namespace: demo, name: fails, version: '1.0.0'}
do:
  - attempt:
      try:
        - caught:
            raise:
              error: {type: 'https://example.org/caught', status: 500, title: Caught, detail: '${ "was " + .word }'}
      catch:
        do: [{after: {set: '${ . }'}}]
  - again:
      try:
        - repeated:
            raise:
              error: {type: 'https://example.org/again', status: 500, title: Again, detail: '${ "was " + .word }'}
      catch:
        errors: {with: {type: 'https://example.org/again'}}
        retry: {delay: {milliseconds: 1}, limit: {attempt: {count: 1}}}
        do: [{then: {set: '${ . }'}}]
  - race:
      fork:
        compete: true
        branches:
          - loser:
              raise:
                error: {type: 'https://example.org/lost', status: 500, title: Lost, detail: '${ "was " + .word }'}
          - winner: {set: '${ . }'}
  - called:
      try:
        - call:
            call: http
            with: {method: get, endpoint: '${ "http://127.0.0.1:9/" + $workflow.input.word }'}
      catch: {}
  - guarded:
      try:
        - last:
            raise:
              error: {type: 'https://example.org/last', status: 500, title: Last, detail: '${ "was " + .word }'}
      catch:
        errors: {with: {detail: 'something else'}}
        do: [{never: {set: {a: 1}}}]
"""
WAITS = """
document: {dsl: '1.0.3', namespace: demo, name: waits, version: '1.0.0'}
do:
  - guarded:
      try:
        - first:
            raise:
              error: {type: 'https://example.org/first', status: 500, title: First, detail: '${ "was " + .word }'}
      catch:
        retry: {delay: {hours: 1}, limit: {attempt: {count: 5}}}
"""
QUERIES = {
    "/runs/{run_id}/why": ["", "?task=last", "?task=first", "?task=guarded", "?task=again"],
    "/runs/{run_id}/history": ["", f"?text={CANARY}", "?only_bad=true", "?type=run_faulted"],
    "/reports/tasks": ["?namespace=demo&name=fails"],
    "/statistics": ["", "?namespace=demo"],
    "/runs/{run_id}/fork": ["?reference=/do/0/attempt"],
    "/workflows/{namespace}/{name}/diff": ["?old=1.0.0&new=latest"],
}
"""With which queries a route is asked; without any, where nothing stands here."""

STREAMS = {"/api/v1/events", "/api/v1/runs/{run_id}/events", "/api/v1/runs/{run_id}/log/events"}


@pytest.fixture
async def runs(admin):
    """The ids of a faulted run, and of one that waits to try again, with a canary in each error."""
    found = []
    for name, source, status in (("fails", FAILS, "faulted"), ("waits", WAITS, "waiting")):
        await admin.publish(name=name, source=source)
        run_id = (await admin.run({"word": CANARY}, name=name))["run_id"]
        await admin.wait_run(run_id, [status])
        found.append(run_id)
    return found


@pytest.fixture
async def watcher(server, admin):
    """Somebody who may see runs and workflows, and control and repair them, but not see their data."""
    held = ["run.read", "run.control", "run.repair", "run.start", "workflow.read"]
    await admin.ask("PUT", "/roles/watcher", {"permissions": held})
    person = await admin.post("/people", {"name": "walt", "password": PASSWORD})
    subject = {"kind": "person", "key": person["person_id"]}
    await admin.post("/bindings", {"role": "watcher", "subject": subject})
    return await server.sign_in("walt", PASSWORD)


def list_questions():
    """Return the path and permission of each route that may be asked for something."""
    return [(path, needed) for method, path, needed in list_permissions(make_routes()) if method == "GET"]


@on_both_databases
async def test_no_answer_tells_the_detail_of_an_error(admin, watcher, runs):
    asked = 0
    for path, needed in list_questions():
        if path in STREAMS or not (needed or "").startswith(("run.", "workflow.")):
            continue
        short = path.removeprefix("/api/v1")
        for query in QUERIES.get(short, [""]):
            for run_id in runs if "{run_id}" in path else runs[:1]:
                place = {"run_id": run_id, "namespace": "demo", "name": "fails", "version": "1.0.0"}
                filled = short.format_map({**place, "bulk_id": "none", "number": 1})
                answer = await watcher.ask_whatever(filled + query)
                assert CANARY not in answer, filled + query
                asked += CANARY in await admin.ask_whatever(filled + query)
    assert asked > 10, "an administrator is told in most of these answers"


async def test_no_stream_tells_it(watcher, runs):
    for run_id in runs:
        text = b""
        async with watcher.stream(f"/runs/{run_id}/events") as response:
            while b"task_faulted" not in text and b"error_caught" not in text:
                text += await response.content.readany()
        assert CANARY.encode() not in text
        assert HIDDEN.encode() in text


async def test_no_command_tells_it(admin, watcher, runs):
    failed, _ = runs
    retried = await watcher.post(f"/runs/{failed}/retry", {})
    ended = await watcher.post("/runs?wait=10", {"namespace": "demo", "name": "fails", "input": {"word": CANARY}})
    preview = await watcher.post("/runs/bulk", {"action": "retry", "runs": {"name": "fails", "status": ["faulted"]}})
    assert ended["status"] == "faulted"
    assert preview["sample"]
    assert CANARY not in json.dumps([retried, ended, preview])
    assert CANARY in json.dumps(await admin.get(f"/runs/{ended['run_id']}"))


async def test_that_it_is_hidden_is_said(admin, watcher, runs):
    failed, waiting = runs
    assert (await watcher.get(f"/runs/{failed}"))["run"]["error"] == f"Last: {HIDDEN}"
    assert (await admin.get(f"/runs/{failed}"))["run"]["error"] == f"Last: was {CANARY}"
    (fault, quoting) = (await watcher.get(f"/runs/{failed}/why"))["present"]
    assert fault["reason"]["text"] == f"Last: {HIDDEN}."
    assert fault["reason"]["facts"]["error"]["detail"] == HIDDEN
    assert quoting["reason"]["text"].startswith("A `try` around it did not catch the error")
    assert HIDDEN in (await watcher.get(f"/runs/{waiting}/why"))["present"][0]["reason"]["text"]
    tasks = (await watcher.get(f"/runs/{failed}/tasks"))["tasks"]
    (last,) = [task for task in tasks if task["name"] == "last"]
    assert last["error"] == {"type": "https://example.org/last", "title": "Last", "detail": HIDDEN}


async def test_who_may_not_see_a_detail_cannot_search_for_it_either(admin, watcher, runs):
    failed, _ = runs
    assert (await admin.get(f"/runs/{failed}/history?text={CANARY}"))["items"]
    assert not (await watcher.get(f"/runs/{failed}/history?text={CANARY}"))["items"]
    await watcher.get(f"/runs?text={CANARY}", status=403)
