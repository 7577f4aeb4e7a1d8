"""What became of a run's tasks, over the API."""

from __future__ import annotations

import msgspec
import pytest
from tests.api_server import FAULTS, HELLO, on_both_databases, running

from kapell.api.told_runs import ToldRuns
from kapell.client.wire.tasks import RunTasks
from kapell.errors import DamagedHistoryError

pytestmark = on_both_databases

TRIES = """
document: {dsl: '1.0.3', namespace: demo, name: tries, version: '1.0.0'}
do:
  - attempt:
      try:
        - look: {run: {shell: {command: 'if [ -e "$1" ]; then echo there; else exit 3; fi', arguments: ['${ .file }']}}}
      catch: {errors: {}, retry: {delay: {milliseconds: 100}, limit: {attempt: {count: 100}}}}
  - each:
      for: {in: '${ [1, 2] }'}
      do:
        - add: {set: {x: 1}}
"""


async def test_tasks_are_told_and_later_only_what_has_changed(admin, tmp_path):
    await admin.publish(name="tries", source=TRIES)
    run = await admin.run({"file": str(tmp_path / "there")}, name="tries")
    path = f"/runs/{run['run_id']}/tasks"
    known, seq = {}, 0
    while len(known.get(1, {}).get("retries", ())) < 2:
        found = await admin.get(f"{path}?after={seq}")
        assert all(task["seq"] > seq for task in found["tasks"])
        known, seq = known | {task["number"]: task for task in found["tasks"]}, found["seq"]
    assert known[1]["status"] in {"waiting", "running"}
    (tmp_path / "there").touch()
    await admin.wait_run(run["run_id"])
    found = await admin.get(f"{path}?after={seq}")
    assert (found["status"], found["has_more"]) == ("completed", False)
    known |= {task["number"]: task for task in found["tasks"]}
    whole = await admin.get(path)
    assert whole["tasks"] == list(known.values())
    assert (await admin.get(f"{path}?after={found['seq']}"))["tasks"] == []

    attempt, first, *_ = whole["tasks"]
    assert attempt["retries"][0]["delay_seconds"] == 0.1
    assert first["status"] == "caught"
    assert first["attempts"][0]["outcome"] == "failed"
    assert first["error"]["title"] == first["attempts"][0]["error"] != ""
    *_, each, add, last = whole["tasks"]
    assert (each["items"], add["iteration"], last["iteration"]) == (2, 0, 1)
    assert last["reference"] == "/do/1/each/for/1/do/0/add"
    assert last["place"] == "/do/1/each/do/0/add"
    assert last["parent"] == each["entry"]
    msgspec.convert(whole, RunTasks, strict=False)


async def test_a_long_answer_comes_in_pieces(admin):
    tasks = "\n".join(f"  - t{number}: {{set: {{x: 1}}}}" for number in range(30))
    source = f"document: {{dsl: '1.0.3', namespace: demo, name: long, version: '1.0.0'}}\ndo:\n{tasks}"
    await admin.publish(name="long", source=source)
    run = await admin.run(name="long")
    await admin.wait_run(run["run_id"])
    path = f"/runs/{run['run_id']}/tasks"
    numbers, seq, has_more = [], 0, True
    while has_more:
        found = await admin.get(f"{path}?limit=7&after={seq}")
        assert len(found["tasks"]) <= 7
        numbers += [task["number"] for task in found["tasks"]]
        seq, has_more = found["seq"], found["has_more"]
    assert numbers == list(range(1, 31))
    assert seq == (await admin.get(path))["seq"]


async def test_what_went_wrong_is_shown_to_who_may_see_data(server, admin):
    await admin.publish(name="faults", source=FAULTS)
    run = await admin.run({"number": "secret-canary"}, name="faults")
    await admin.wait_run(run["run_id"])
    (task,) = (await admin.get(f"/runs/{run['run_id']}/tasks"))["tasks"]
    assert (task["status"], "secret-canary" in task["error"]["detail"]) == ("faulted", True)
    reader = await server.sign_in(permissions=["run.read"])
    found = await reader.get(f"/runs/{run['run_id']}/tasks")
    assert found["tasks"][0]["error"]["title"] == "Expression error"
    assert "secret-canary" not in str(found)
    await reader.get("/runs/nothing/tasks", status=404)
    records = await admin.get(f"/audit/records?target=run/{run['run_id']}&action=run.read_data")
    assert [record["private"]["actor_name"] for record in records["items"]] == ["admin/tests"]


async def test_where_data_is_encrypted_tasks_are_told_all_the_same(settings):
    large = {"name": "x" * 100_000, "items": ["y" * 40_000] * 3}
    each = HELLO.format(namespace="demo", name="hello", version="1.0.0") + LOOP
    async with running(msgspec.structs.replace(settings, encrypt_at_rest=True)) as server:
        admin = await server.sign_in()
        await admin.publish(source=each)
        run = await admin.run(large)
        await admin.wait_run(run["run_id"])
        found = await admin.get(f"/runs/{run['run_id']}/tasks")
        report = await admin.get("/reports/tasks?namespace=demo&name=hello")
        definition = await admin.get(f"/runs/{run['run_id']}/definition")
    assert [task.get("items") for task in found["tasks"]] == [None, 3, None, None, None]
    assert report["runs"] == 1
    assert definition["source"] == each


LOOP = """\
  - loop:
      for: {in: '${ $workflow.input.items }'}
      do: [{add: {set: {x: 1}}}]
"""


async def test_a_history_that_does_not_fit_together_is_said_to_be_damaged(server, admin):
    await admin.publish()
    run = await admin.run()
    await admin.wait_run(run["run_id"])
    store = server.parts.engine.store
    record = store.get_record(run["run_id"])

    class WithoutItsBeginning:
        """A store whose histories have lost their first event."""

        get_payload = store.get_payload

        def iter_history(self, run_id, after_seq=0):
            for row in store.iter_history(run_id, after_seq):
                yield msgspec.structs.replace(row, body=msgspec.json.encode(msgspec.json.decode(row.body)[1:]))

    told = ToldRuns(WithoutItsBeginning(), server.parts.engine.definitions)
    for _ in range(2):
        with pytest.raises(DamagedHistoryError, match="does not fit together"), told.tell(record):
            pass
