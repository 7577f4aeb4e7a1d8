"""Rows that were changed on disk: that run is closed with a message that says so, and the others go on."""

from __future__ import annotations

import sqlite3

import pytest

from kapell.errors import DamagedHistoryError, NotFoundError

TEXT = "do:\n  - pause:\n      wait: {milliseconds: 300}\n  - done:\n      set: {done: true}\n"
PARENT = "do:\n  - child:\n      run: {workflow: {namespace: tests, name: child, version: '1.0.0'}}\n"


def change(lab, statement, *values):
    connection = sqlite3.connect(lab.folder.database_path)
    with connection:
        assert connection.execute(statement, values).rowcount > 0
    connection.close()


def flip(lab, run_id):
    """Change one byte in the middle of the run's last row of events."""
    connection = sqlite3.connect(lab.folder.database_path)
    key, first_seq, body = connection.execute(
        "SELECT run_key, first_seq, body FROM history JOIN runs USING (run_key) WHERE run_id = ? "
        "ORDER BY first_seq DESC LIMIT 1", (run_id,)
    ).fetchone()  # fmt: skip
    connection.close()
    changed = bytearray(body)
    changed[len(changed) // 2] ^= 0x20
    change(lab, "UPDATE history SET body = ? WHERE run_key = ? AND first_seq = ?", bytes(changed), key, first_seq)


async def start_three(lab, make_workflow, text=TEXT, **options):
    engine = await lab.start(**options)
    runs = [engine.start_run(make_workflow(text), {"number": number}) for number in range(3)]
    for run_id in runs:
        await engine.suspend_run(run_id)
        await engine.resume_run(run_id)
    await lab.stop(engine)
    return runs


async def check_only_one_is_damaged(lab, runs, part):
    engine = await lab.start()
    outcomes = [await engine.wait_run(run_id) for run_id in runs[1:]]
    assert {outcome.status for outcome in outcomes} == {"completed"}
    record = engine.store.get_record(runs[0])
    assert record.status == "damaged"
    assert record.ended_at is not None
    assert part in record.error
    with pytest.raises(DamagedHistoryError):
        await engine.wait_run(runs[0])
    with pytest.raises(NotFoundError, match="damaged"):
        await engine.cancel_run(runs[0])
    return engine


async def test_a_changed_byte_in_the_history(lab, make_workflow):
    runs = await start_three(lab, make_workflow)
    flip(lab, runs[0])
    engine = await check_only_one_is_damaged(lab, runs, "does not match its checksum")
    assert f"The history of run {runs[0]} is damaged" in engine.store.get_record(runs[0]).error


async def test_a_row_that_is_missing(lab, make_workflow):
    runs = await start_three(lab, make_workflow)
    change(
        lab,
        "DELETE FROM history WHERE first_seq = 1 AND run_key = (SELECT run_key FROM runs WHERE run_id = ?)", runs[0],
    )  # fmt: skip
    await check_only_one_is_damaged(lab, runs, "is missing")


async def test_a_large_value_that_was_changed(lab, make_workflow, made):
    text = "do:\n  - large:\n      set: {text: '${ $workflow.input.filler }'}\n" + TEXT.removeprefix("do:\n")
    engine = await lab.start()
    runs = [engine.start_run(make_workflow(text), {"filler": letter * 100_000}) for letter in "abc"]
    for run_id in runs:
        await engine.suspend_run(run_id)
        await engine.resume_run(run_id)
    await lab.stop(engine)
    change(
        lab,
        "UPDATE payloads SET body = CAST(replace(body, 'aaaa', 'aaab') AS BLOB) WHERE digest IN ("
        "SELECT digest FROM payload_uses JOIN runs USING (run_key) WHERE run_id = ?)", runs[0],
    )  # fmt: skip
    await check_only_one_is_damaged(lab, runs, "does not match its hash")


async def test_a_workflow_that_was_changed_closes_its_runs_alone(lab, make_workflow):
    engine = await lab.start()
    texts = [TEXT, TEXT.replace("true", "1"), TEXT.replace("true", "2")]
    runs = [engine.start_run(make_workflow(text), {}) for text in texts]
    for run_id in runs:
        await engine.suspend_run(run_id)
        await engine.resume_run(run_id)
    await lab.stop(engine)
    change(
        lab,
        "UPDATE definitions SET source = substr(source, 1, length(source) - 9) "
        "WHERE definition_key = (SELECT definition_key FROM runs WHERE run_id = ?)", runs[0],
    )  # fmt: skip
    await check_only_one_is_damaged(lab, runs, "does not match its hash")


async def test_a_damaged_snapshot_costs_nothing(lab, make_workflow, wait_until, monkeypatch):
    monkeypatch.setattr("kapell.engine.snapshots._EVENTS", 20)
    text = (
        "do:\n  - many:\n      for: {each: i, in: '${ $workflow.input.rounds }'}\n      do:\n"
        "        - one:\n            set: {i: '${ $i }'}\n" + TEXT.removeprefix("do:\n")
    )
    engine = await lab.start()
    run_id = engine.start_run(make_workflow(text), {"rounds": list(range(100))})
    await wait_until(lambda: engine.find_state(run_id) is not None and engine.find_state(run_id).next_entry > 100)
    await lab.stop(engine)
    change(lab, "UPDATE snapshots SET body = substr(body, 2)")
    engine = await lab.start()
    assert (await engine.wait_run(run_id)).output == {"done": True}


async def test_a_parent_hears_that_its_child_is_damaged(lab, make_workflow, wait_until):
    child = make_workflow(TEXT.replace("milliseconds: 300", "hours: 1"), "child")
    engine = await lab.start(offered=[child])
    run_id = engine.start_run(make_workflow(PARENT), {})
    await wait_until(lambda: len(engine.store.list_unfinished()) == 2)
    (child_id,) = [record.run_id for record in engine.store.list_unfinished() if record.name == "child"]
    await lab.stop(engine)
    flip(lab, child_id)
    engine = await lab.start()
    outcome = await engine.wait_run(run_id)
    assert outcome.status == "faulted"
    assert child_id in outcome.error.detail
    assert "damaged" in outcome.error.detail
    assert engine.store.get_record(child_id).status == "damaged"


async def test_a_run_that_is_damaged_while_it_is_parked_is_closed_when_it_wakes(
    lab, make_workflow, wait_until, monkeypatch
):
    monkeypatch.setattr("kapell.engine.maintenance.parking._LOOK_SECONDS", 0.02)
    engine = await lab.start(shortest_parking_seconds=0.0)
    run_id = engine.start_run(make_workflow(TEXT.replace("300", "1500")), {})
    other = engine.start_run(make_workflow(TEXT.replace("300", "1600")), {})
    await wait_until(lambda: engine.find_state(run_id) is None and engine.find_state(other) is None)
    flip(lab, run_id)
    await wait_until(lambda: engine.store.get_record(run_id).status == "damaged")
    assert (await engine.wait_run(other)).status == "completed"
