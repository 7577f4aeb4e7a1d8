"""Expressions tried out over the API: on given data and on recorded data, with limits, and without secrets."""

from __future__ import annotations

import asyncio
import time

import pytest
import pytest_asyncio
from tests.api_server import running

from kapell.settings import Settings

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH = "/expressions/evaluate"
LIMIT_SECONDS = 0.4
SLOW = "[range(1e12)] | length"

LOOP = """
document: {dsl: '1.0.3', namespace: demo, name: loop, version: '1.0.0'}
input:
  from: '${ {items: .items, by: "me"} }'
do:
  - first:
      set: {total: '${ .items | length }'}
      export: {as: '${ {total: .total} }'}
  - each:
      for: {each: item, in: '${ $workflow.input.items }'}
      do:
        - double:
            set: {doubled: '${ $item * 2 }'}
  - last:
      set: {wrong: '${ .doubled + "text" }'}
"""

HUSHED = """
document: {dsl: '1.0.3', namespace: demo, name: hush, version: '1.0.0'}
use: {secrets: [key]}
do:
  - say:
      run: {shell: {command: 'cat >/dev/null; echo done', environment: {KEY: '${ $secrets.key }'}}}
  - fail:
      raise: {error: {type: 'https://example.org/x', status: 500, title: 'x'}}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("expressions")
    async with running(Settings(data=folder / "data", port=0, expression_seconds=LIMIT_SECONDS)) as server:
        yield server, await server.sign_in()


@pytest.fixture
def server(served):
    return served[0]


@pytest.fixture
def admin(served):
    return served[1]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def looped(served):
    """A run that has faulted at its last task."""
    admin = served[1]
    await admin.publish(name="loop", source=LOOP)
    run = await admin.run({"items": [1, 2, 3]}, name="loop")
    assert (await admin.wait_run(run["run_id"]))["run"]["status"] == "faulted"
    return run["run_id"]


async def evaluate(client, expression, **rest):
    return await client.post(PATH, {"expression": expression, **rest})


@pytest.mark.parametrize(
    ("expression", "rest", "value"),
    [
        (".a + $b", {"data": {"a": 1}, "variables": {"b": 2}}, 3),
        ("${ .a }", {"data": {"a": None}}, None),
        (".[] | select(. > 1)", {"data": [1, 2, 3]}, 2),
        ('[splits(", *")]', {"data": "a, b"}, ["a", "b"]),
        ('$b | ascii_downcase | [match("[a-z]"; "g").string]', {"data": 0, "variables": {"b": "X1Y"}}, ["x", "y"]),
        (".", {"data": 2**53 + 1}, 2**53 + 1),
    ],
)
async def test_a_value_is_what_runs_would_get(admin, expression, rest, value):
    found = await evaluate(admin, expression, **rest)
    assert (found["has_value"], found["value"], found["problem"]) == (True, value, None)


async def test_without_data_the_syntax_is_checked(admin):
    found = await evaluate(admin, "$a + $context.b")
    assert found == {"has_value": False, "value": None, "problem": None, "variables": ["a", "context"], "seq": None}


async def test_what_is_wrong_with_the_text_is_shown_where_it_is(admin):
    found = await evaluate(admin, "${ .a |\n  .b + + }", data={})
    problem = found["problem"]
    assert (problem["kind"], problem["line"], problem["column"]) == ("syntax", 2, 8)
    assert "${ .a |\n  .b + + }"[problem["position"]] == "+"


@pytest.mark.parametrize(
    ("expression", "rest", "message"),
    [
        (".a.b", {"data": {"a": 1}}, 'Cannot index number with string ("b")'),
        ("error({a: 1})", {"data": 0}, '{"a":1}'),
        ("$a + $b", {"data": 0, "variables": {"b": 1}}, "No value is given for $a."),
        (SLOW, {"data": 0}, "took longer than 0.4 s"),
        ('"x" * 1e9', {"data": 0}, ""),
        ("def f: [f]; f", {"data": 0}, ""),
        ("$secrets.key", {"data": 0}, "Secrets are there only"),
        ("$secrets.key", {"data": 0, "variables": {"secrets": {"key": 1}}}, "Secrets are there only"),
        ("env.PATH", {"data": 0}, ""),
        ("$ENV.PATH", {"data": 0}, ""),
        ("input", {"data": 0}, ""),
    ],
)
async def test_what_goes_wrong_is_told(admin, expression, rest, message):
    found = await evaluate(admin, expression, **rest)
    assert not found["has_value"]
    assert message in found["problem"]["message"]


@pytest.mark.parametrize(
    "body",
    [
        {}, {"expression": 1}, {"expression": "." * 10_001}, {"expression": ".", "more": 1},
        {"expression": ".", "reference": "/do/0/x"}, {"expression": ".", "at": 3},
        {"expression": ".", "run_id": "x", "data": 1}, {"expression": ".", "run_id": "x", "at": 0},
    ],
)  # fmt: skip
async def test_what_does_not_fit_is_refused(admin, body):
    assert (await admin.post(PATH, body, status=422))["code"] == "usage"


async def test_a_run_as_a_whole(admin, looped):
    found = await evaluate(admin, "{i: ., raw: $workflow.input, c: $context, id: $workflow.id}", run_id=looped)
    items = [1, 2, 3]
    assert found["value"] == {
        "i": {"items": items, "by": "me"}, "raw": {"items": items}, "c": {"total": 3}, "id": looped,
    }  # fmt: skip
    before = await evaluate(admin, "[$context, .by]", run_id=looped, at=2)
    assert (before["value"], before["seq"]) == ([{}, "me"], 2)


@pytest.mark.parametrize(
    ("reference", "expression", "value"),
    [
        ("/do/0/first", "[.by, $context, $task.name]", ["me", {}, "first"]),
        ("/do/1/each", "$context.total", 3),
        ("/do/1/each/for/1/do/0/double", "[$item, $index, $item * 2]", [2, 1, 4]),
        ("/do/2/last", ".doubled", 6),
        ("/do/2/last", '.doubled + "text"', None),
    ],
)
async def test_a_task_as_it_was(admin, looped, reference, expression, value):
    found = await evaluate(admin, expression, run_id=looped, reference=reference)
    assert found["value"] == value, found
    assert found["has_value"] == (value is not None)
    assert found["seq"] > 1


async def test_a_task_the_run_had_not_come_to(admin, looped):
    await admin.post(PATH, {"expression": ".", "run_id": looped, "reference": "/do/2/last", "at": 3}, status=404)
    await admin.post(PATH, {"expression": ".", "run_id": looped, "reference": "/do/9/none"}, status=404)
    await admin.post(PATH, {"expression": ".", "run_id": "01" * 13}, status=404)


async def test_secrets_are_in_nothing_that_was_recorded(admin):
    await admin.ask("PUT", "/secrets/demo/key", {"value": "canary-of-expressions"})
    await admin.publish(name="hush", source=HUSHED)
    run = await admin.run(name="hush")
    await admin.wait_run(run["run_id"])
    everything = "[., $input, $context, $task, $workflow, $runtime, $output, $authorization]"
    for reference in ("", "/do/0/say"):
        found = await evaluate(admin, everything, run_id=run["run_id"], reference=reference)
        assert found["has_value"]
        assert "canary-of-expressions" not in str(found)
    found = await evaluate(admin, "$secrets", run_id=run["run_id"], reference="/do/0/say")
    assert not found["has_value"]


async def test_recorded_data_needs_the_permission_and_is_written_down(server, admin, looped):
    async def join(name, role, namespace):
        person = await admin.post("/people", {"name": name, "password": "Correct-horse-battery-1"})
        subject = {"kind": "person", "key": person["person_id"]}
        await admin.post("/bindings", {"role": role, "subject": subject, "namespace": namespace})
        return await server.sign_in(name, "Correct-horse-battery-1")

    viewer, stranger, operator = (
        await join("vera", "viewer", "demo"),
        await join("otto", "operator", "other"),
        await join("olga", "operator", "demo"),
    )
    asked = {"expression": ".by", "run_id": looped}
    assert (await viewer.post(PATH, asked, status=403))["detail"].startswith("This needs `run.data`")
    await stranger.post(PATH, asked, status=404)
    assert (await operator.post(PATH, asked))["value"] == "me"
    assert (await evaluate(stranger, ". + 1", data=1))["value"] == 2
    records = await admin.get(f"/audit/records?target=run/{looped}&action=run.read_data")
    assert "olga/tests" in {record["private"]["actor_name"] for record in records["items"]}


async def test_nobody_takes_it_all_and_runs_do_not_wait_for_it(admin):
    source = LOOP.replace("name: loop", "name: busy").replace(".items | length", '[splits("x")?] | length')
    await admin.publish(name="busy", source=source)
    trying = [asyncio.create_task(ask_status(admin)) for _ in range(5)]
    await asyncio.sleep(0.05)
    begun = time.monotonic()
    run = await admin.run({"items": []}, name="busy")
    await admin.wait_run(run["run_id"])
    assert time.monotonic() - begun < 2 * LIMIT_SECONDS + 1
    answers = await asyncio.gather(*trying)
    assert sorted(answers) == [200, 200, 429, 429, 429]


async def ask_status(client):
    async with client._session.post(
        f"{client.address}/api/v1{PATH}", json={"expression": SLOW, "data": 0}, headers=client.headers
    ) as response:
        return response.status
