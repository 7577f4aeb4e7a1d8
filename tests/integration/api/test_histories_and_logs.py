"""What happened in a run and what it wrote: read from any place on, and looked through by the server."""

from __future__ import annotations

import asyncio
import json
from time import perf_counter

import pytest
from tests.api_server import on_both_databases, running

from kapell.api import log_routes
from kapell.engine.store import LogLine
from kapell.settings import Settings

TALKS = """
document: {dsl: '1.0.3', namespace: demo, name: talks, version: '1.0.0'}
do:
  - speak:
      run:
        script:
          language: python
          code: |
            import sys
            for number in range(1, 41):
                print(f"line {number}", "NEEDLE" if number % 10 == 0 else "hay", flush=True)
            print("a complaint", file=sys.stderr)
  - look: {set: {seen: true}}
  - fail:
      raise:
        error: {type: 'https://example.org/broken', status: 500, title: Broken, detail: 'the Belt snapped'}
"""
LOOP = """
document: {dsl: '1.0.3', namespace: demo, name: loop, version: '1.0.0'}
do:
  - around:
      for: {in: '${ [range(5100)] }'}
      do:
        - first: {set: {a: 1}}
        - inner: {do: [{second: {set: {b: 2}}}]}
"""


@pytest.fixture
async def talked(admin):
    """The id of a run that has written 41 lines, and faulted."""
    await admin.publish(name="talks", source=TALKS)
    run_id = (await admin.run(name="talks"))["run_id"]
    await admin.wait_run(run_id)
    return run_id


def numbers(page):
    return [each["seq"] for each in page["items"]]


@on_both_databases
async def test_a_log_is_searched_and_read_in_both_directions(admin, talked):
    path = f"/runs/{talked}/log"
    everything = await admin.get(path)
    last = numbers(everything)[-1]
    found = await admin.get(f"{path}?text=needle")
    assert [line["text"] for line in found["items"]] == [f"line {number} NEEDLE" for number in (10, 20, 30, 40)]
    assert found["next"] is None
    first = await admin.get(f"{path}?text=needle&limit=3")
    rest = await admin.get(f"{path}?text=needle&limit=3&after={first['next']}")
    assert numbers(first) + numbers(rest) == numbers(found)
    ending = await admin.get(f"{path}?before={last + 1}&limit=5")
    assert numbers(ending) == list(range(last - 4, last + 1))
    assert numbers(await admin.get(f"{path}?before={ending['next']}&limit=2")) == [last - 6, last - 5]
    complaints = await admin.get(f"{path}?stream=stderr&task=/do/0/speak")
    assert [line["text"] for line in complaints["items"]] == ["a complaint"]
    assert numbers(await admin.get(f"{path}?task=/do/1/look")) == []
    moment = everything["items"][5]["at"]
    told = await admin.get(f"{path}?until={moment.replace('+', '%2B')}")
    assert numbers(told) == [line["seq"] for line in everything["items"] if line["at"] <= moment]
    await admin.get(f"{path}?after=1&before=5", status=422)
    await admin.get(f"{path}?stream=nothing", status=422)


async def test_a_search_that_takes_long_says_how_far_it_came(admin, talked, monkeypatch):
    monkeypatch.setattr(log_routes, "_LONGEST_SECONDS", -1.0)
    monkeypatch.setattr("kapell.engine.log_search._AT_ONCE", 8)
    found, requests, after = [], 0, "0"
    while after is not None:
        page = await admin.get(f"/runs/{talked}/log?text=needle&limit=5&after={after}")
        found, requests, after = found + page["items"], requests + 1, page["next"]
    assert len(found) == 4
    assert requests > 4


async def test_the_stream_of_a_log_can_be_filtered(admin, talked):
    async with asyncio.timeout(10), admin.stream(f"/runs/{talked}/log/events?text=needle") as response:
        text = (await response.text()).split("\n\n")
    lines = [json.loads(each.partition("data: ")[2]) for each in text if "event: line" in each]
    assert [line["text"][-6:] for line in lines] == ["NEEDLE"] * 4
    assert any("event: end" in each for each in text)
    assert [each for each in text if each.startswith("id: ") and "looked so far" in each], "resumes from there"


async def test_a_sealed_log_is_searched_too(tmp_path):
    async with running(Settings(data=tmp_path / "data", port=0, encrypt_at_rest=True)) as server:
        admin = await server.sign_in()
        await admin.publish(name="talks", source=TALKS)
        run_id = (await admin.run(name="talks"))["run_id"]
        await admin.wait_run(run_id)
        found = await admin.get(f"/runs/{run_id}/log?text=needle")
        assert [line["text"] for line in found["items"]] == [f"line {number} NEEDLE" for number in (10, 20, 30, 40)]


@on_both_databases
async def test_a_history_is_filtered_by_the_server(admin, talked):
    path = f"/runs/{talked}/history"
    everything = (await admin.get(path))["items"]
    bad = await admin.get(f"{path}?only_bad=true")
    assert bad["items"] == [event for event in everything if event["is_bad"]]
    assert len(bad["items"]) >= 2
    kinds = await admin.get(f"{path}?type=task_completed&type=run_started")
    assert {event["type"] for event in kinds["items"]} == {"task_completed", "run_started"}
    of_task = await admin.get(f"{path}?task=/do/0/speak")
    assert {event["name"] for event in of_task["items"]} == {"speak"}
    assert of_task["items"] == [event for event in everything if event["reference"] == "/do/0/speak"]
    told = await admin.get(f"{path}?text=BELT%20snapped")
    assert told["items"]
    assert all("Belt snapped" in event["text"] for event in told["items"])
    assert told["items"][-1]["event"]["error"]["detail"] == "the Belt snapped"
    first = await admin.get(f"{path}?text=speak&limit=1")
    rest = await admin.get(f"{path}?text=speak&after={first['next']}")
    assert numbers(first) + numbers(rest) == [event["seq"] for event in everything if event["name"] == "speak"]
    problem = await admin.get(f"{path}?type=nonsense", status=422)
    assert "task_completed" in problem["hint"]


async def test_what_happens_later_is_told_as_well(admin, talked):
    path = f"/runs/{talked}/history?only_bad=true"
    before = numbers(await admin.get(path))
    await admin.post(f"/runs/{talked}/retry", {})
    await admin.wait_run(talked)
    after = numbers(await admin.get(path))
    assert after[: len(before)] == before
    assert len(after) > len(before)


@pytest.mark.serial
@pytest.mark.timeout(180)
async def test_a_long_history_answers_a_filter_at_once(admin, server):
    """20,000 events: told once, then each filter reads what was told."""
    await admin.publish(name="loop", source=LOOP)
    run_id = (await admin.run(name="loop"))["run_id"]
    async with asyncio.timeout(120):
        await server.parts.engine.wait_run(run_id)
    seconds = []
    for query in (
        "limit=1",
        "only_bad=true",
        "type=task_completed&text=second&after=9000",
        "task=/do/0/around/for/5099",
    ):
        began = perf_counter()
        page = await admin.get(f"/runs/{run_id}/history?{query}")
        seconds.append(perf_counter() - began)
    assert page["items"]
    assert (await admin.get(f"/runs/{run_id}/state"))["seq"] > 20_000
    assert max(seconds[1:]) < 0.5, f"{seconds}: 0.1 s on a machine that does nothing else"


async def test_many_lines_are_no_hindrance(admin, server, talked):
    """The end of a long log is there at once; so is what stands there."""
    lines = [
        LogLine(at=server.parts.clock.now(), reference="/do/0/speak", entry=1, attempt=1, stream="stdout", text="hay")
    ] * 5000
    for _ in range(10):
        server.parts.engine.store.append_log(talked, lines)
    page = await admin.get(f"/runs/{talked}/log?before={2**53}&limit=2")
    assert numbers(page)[1] > 50_000
    assert page["next"] == str(numbers(page)[0])
    found, after = [], "0"
    while after is not None:
        page = await admin.get(f"/runs/{talked}/log?text=complaint&after={after}")
        found, after = found + page["items"], page["next"]
    assert len(found) == 1
