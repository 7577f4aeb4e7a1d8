"""A second engine carries on what the first one left: snapshots, lost attempts, damaged histories."""

from msgspec.structs import replace

from kapell.engine.loading import load_active
from kapell.engine.store import HistoryRow
from kapell.kernel.codec import encode_events, encode_state
from kapell.kernel.events import AttemptCreated, AttemptLost
from kapell.testing.engine_kit import EngineKit, Takes

HEAD = "document: { dsl: '1.0.3', namespace: test, name: recover, version: '1.0.0' }\n"
CALL = "call: http, with: { method: post, endpoint: 'https://a.test' }"
LOOP = HEAD + (
    "do: [ { l: { for: { in: '[range(1200)]' }, do: [ { s: { set: { n: '${ $item }' } } } ] } },"
    f" {{ a: {{ {CALL} }} }} ]"
)


async def test_a_snapshot_bounds_what_is_folded_and_gives_the_same_state():
    async with EngineKit({"http": lambda _: Takes(None)}) as kit:
        run_id = kit.start(LOOP)
        await kit.settle()
        stored = kit.store.load_run(run_id)
        assert stored.snapshot is not None
        assert stored.snapshot_seq >= 1000
        assert sum(row.count for row in stored.rows) < 400
        loaded = load_active(kit.store, kit.engine.definitions, run_id)
        assert encode_state(loaded.state) == encode_state(kit.get_state(run_id))


async def test_a_lost_attempt_that_is_not_idempotent_faults_and_can_be_resolved():
    answers = iter([Takes(None), "second"])
    async with EngineKit({"http": lambda _: next(answers)}) as kit:
        run_id = kit.start(HEAD + f"do: [ {{ a: {{ {CALL} }} }} ]")
        await kit.settle()
        await kit.crash()
        ended = await kit.finish(run_id)
        assert ended.outcome.error.type == "kapell://errors/lost"
        assert "retry" in ended.outcome.error.detail
        assert len(kit.activities["http"].requests) == 1
        await kit.engine.retry_task(run_id)
        assert (await kit.finish(run_id)).outcome.output == "second"


async def test_a_lost_attempt_that_is_idempotent_is_made_again_with_its_key_and_its_arguments():
    answers = iter([Takes(None), Takes(None), "third"])
    async with EngineKit({"http": lambda _: next(answers)}, idempotent=["http"]) as kit:
        run_id = kit.start(HEAD + f"do: [ {{ a: {{ {CALL} }} }} ]")
        for _ in range(2):
            await kit.settle()
            await kit.crash()
        ended = await kit.finish(run_id)
        assert ended.outcome.output == "third"
        requests = kit.activities["http"].requests
    assert {request.key for request in requests} == {f"{run_id}/do/0/a/1/1"}
    assert [request.attempt for request in requests] == [1, 2, 3]
    assert len({str(request.arguments) for request in requests}) == 1
    assert [event.again for event in ended.history if isinstance(event, AttemptLost)] == [True, True]
    assert [event.key_number for event in ended.history if isinstance(event, AttemptCreated)] == [1, 1, 1]


async def test_waits_go_on_where_they_were():
    async with EngineKit() as kit:
        run_id = kit.start(HEAD + "do: [ { w: { wait: PT100S } } ]")
        await kit.advance(40)
        await kit.crash()
        ended = await kit.finish(run_id)
    assert (ended.history[-1].at - ended.history[0].at) / 1e6 == 100


async def test_a_time_that_came_while_nobody_worked_fires_at_the_start():
    async with EngineKit() as kit:
        run_id = kit.start(HEAD + "do: [ { w: { wait: PT100S } } ]")
        await kit.settle()
        await kit.engine.close()
        kit.clock.advance(500)
        await kit.crash()
        ended = await kit.finish(run_id)
    assert (ended.history[-1].at - ended.history[0].at) / 1e6 == 500


async def test_a_suspended_run_stays_suspended_over_a_crash():
    async with EngineKit({"http": lambda _: Takes(5, "fine")}) as kit:
        run_id = kit.start(HEAD + f"do: [ {{ w: {{ wait: PT10S }} }}, {{ a: {{ {CALL} }} }} ]")
        await kit.settle()
        await kit.engine.suspend_run(run_id)
        await kit.crash()
        await kit.advance(60)
        assert kit.get_state(run_id).status == "suspended"
        await kit.engine.resume_run(run_id)
        assert (await kit.finish(run_id)).outcome.output == "fine"


async def test_a_damaged_history_closes_its_run_alone():
    async with EngineKit() as kit:
        text = HEAD + "do: [ { a: { set: { x: 1 } } }, { w: { wait: PT10S } } ]"
        broken, whole = kit.start(text), kit.start(text)
        await kit.settle()
        rows = kit.store._medium.runs[broken].rows
        rows[-1] = replace(rows[-1], body=b'[{"event":"timer_fired","at":1,"entry":77,"purpose":"wait"}]', count=1)
        await kit.crash()
        assert kit.store.get_record(broken).status == "damaged"
        assert (await kit.finish(whole)).outcome.output == {"x": 1}


async def test_every_prefix_on_disk_can_be_carried_on():
    text = HEAD + (
        "do: [ { f: { fork: { branches: [ { one: { wait: PT1S } }, { two: { do: ["
        " { s: { set: { n: 2 } } }, { v: { wait: PT2S } } ] } } ] } } }, { z: { set: { all: '${ . }' } } } ]"
    )
    async with EngineKit() as kit:
        whole = await kit.run(text, {"n": 1})
    length = len(whole.history)
    for cut in range(1, length):
        async with EngineKit() as kit:
            run_id = kit.start(text, {"n": 1})
            kit_events = []
            while len(kit_events) < cut:
                await kit.settle()
                kit_events = kit.read_history(run_id)
                if len(kit_events) < cut:
                    kit.clock.advance_to_next()
            truncate(kit.store, run_id, cut, kit_events)
            await kit.crash()
            assert (await kit.finish(run_id)).outcome.output == whole.outcome.output, cut


def truncate(store, run_id, count, events):
    """Leave only the first events of a run, as if the process had died right after them."""
    run = store._medium.runs[run_id]
    body, _ = encode_events(events[:count])
    run.rows[:] = [HistoryRow(first_seq=1, count=count, at=run.rows[0].at, body=body)]
    run.record.status, run.record.ended_at = "running", None
