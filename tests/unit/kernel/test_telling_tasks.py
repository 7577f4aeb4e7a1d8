"""What became of each task, as it is told from a history."""

from __future__ import annotations

import json
import time
from copy import deepcopy
from pathlib import Path

import pytest

from kapell.engine.admission import SlotAdmission
from kapell.kernel.codec import decode_events
from kapell.kernel.recovery import fold
from kapell.kernel.telling_tasks import TaskTeller
from kapell.language import load_workflow
from kapell.language.compiler import compile_workflow
from kapell.sdk import ActivityError
from kapell.testing.engine_kit import EngineKit, Takes

FILES = sorted(Path(__file__).with_name("golden").glob("*.json"))
CALL = "call: http, with: { method: get, endpoint: 'https://a.test' }"
UNDER_WAY = {"running", "waiting", "held"}


@pytest.fixture(params=FILES, ids=lambda file: file.stem)
def recorded(request):
    """Program and history of a run that an earlier release has made."""
    golden = json.loads(request.param.read_text(encoding="utf-8"))
    program = compile_workflow(load_workflow(json.dumps(golden["workflow"]), "golden"))
    return program, decode_events(json.dumps(golden["history"]).encode(), dict)


def tell(program, events):
    teller = TaskTeller(program)
    teller.tell(events)
    return teller


def tell_kit(kit, run_id):
    """Return the stories of a run, by name; the last one of each."""
    found = tell(kit.get_program(run_id), kit.read_history(run_id)).stories
    return {story.name: story for story in found}


def outline(stories):
    return {name: (story.status, story.is_critical) for name, story in stories.items()}


def test_what_is_open_in_the_state_is_under_way_and_nothing_else(recorded):
    program, events = recorded
    for length in range(1, len(events) + 1):
        state = fold(program, deepcopy(events[:length]))
        stories = tell(program, deepcopy(events[:length])).stories
        under_way = {story.entry for story in stories if story.ended_at is None}
        assert {story.entry for story in stories if story.status in UNDER_WAY} == under_way
        assert under_way == (set() if state.is_ended else state.entries.keys() - {0})
        assert [story.number for story in stories] == list(range(1, len(stories) + 1))


def test_whoever_takes_changes_only_comes_to_the_same(recorded):
    program, events = recorded
    teller, seen, known = TaskTeller(program), {}, 0
    for event in deepcopy(events):
        teller.tell([event])
        seen |= {story.number: deepcopy(story) for story in teller.stories if story.seq > known}
        known = teller.state.seq
        assert list(seen.values()) == teller.stories
    assert teller.stories == tell(program, events).stories


async def test_a_retry_is_told_with_its_delay_and_what_was_caught(workflow):
    answers = iter([ActivityError("communication", 503, "Busy"), {"fine": True}])
    tasks = f"""
        - t:
            try: [ {{ c: {{ {CALL} }} }} ]
            catch:
              errors: {{ with: {{ status: 503 }} }}
              retry: {{ delay: PT7S, limit: {{ attempt: {{ count: 3 }} }} }}
    """
    async with EngineKit({"http": lambda _: Takes(2, next(answers))}) as kit:
        run_id = kit.start(workflow(tasks))
        await kit.advance(5)
        waiting = tell_kit(kit, run_id)
        await kit.finish(run_id)
        program, history = kit.get_program(run_id), kit.read_history(run_id)
    assert (waiting["t"].status, waiting["t"].wait.reason.code) == ("waiting", "waiting_for_retry")
    assert waiting["t"].wait.ended_at is None
    t, first, second = tell(program, history).stories
    (retry,) = t.retries
    assert (retry.number, retry.due - retry.caught_at, retry.error.title) == (1, 7_000_000, "Busy")
    assert t.wait.ended_at == retry.due
    assert [story.status for story in (t, first, second)] == ["completed", "caught", "completed"]
    assert [story.attempts[0].outcome for story in (first, second)] == ["failed", "succeeded"]
    assert first.ended_at - first.began_at == 2_000_000
    assert first.attempts[0].started_at == first.began_at
    assert t.ended_at - t.began_at == 11_000_000


async def test_a_wait_for_a_slot_is_told(workflow):
    async with EngineKit(
        {"http": lambda _: Takes(3, {})}, admission=SlotAdmission({"calls": 1}, {"http": "calls"})
    ) as kit:
        run_id = kit.start(
            workflow(f"- f: {{ fork: {{ branches: [ {{ a: {{ {CALL} }} }}, {{ b: {{ {CALL} }} }} ] }} }}")
        )
        await kit.advance(1)
        held = tell_kit(kit, run_id)["b"]
        await kit.finish(run_id)
        told = tell_kit(kit, run_id)
    assert (held.status, held.wait.reason.code, held.wait.ended_at) == ("held", "waiting_for_slot", None)
    (attempt,) = told["b"].attempts
    (hold,) = attempt.holds
    assert hold.ended_at - hold.began_at == 3_000_000
    assert attempt.ended_at - attempt.started_at == 3_000_000
    assert outline(told) == {"f": ("completed", True), "a": ("completed", False), "b": ("completed", True)}


async def test_the_critical_path_leads_through_the_branches_that_ended_last(workflow):
    tasks = """
        - before: { set: { x: 1 } }
        - outer:
            fork:
              branches:
                - long:
                    do:
                      - inner:
                          fork: { branches: [ { five: { wait: PT5S } }, { one: { wait: PT1S } } ] }
                      - rest: { wait: PT1S }
                - short: { wait: PT2S }
        - after: { set: { x: 2 } }
    """
    async with EngineKit() as kit:
        run_id = kit.start(workflow(tasks))
        await kit.finish(run_id)
        told = tell_kit(kit, run_id)
    critical = [name for name, story in told.items() if story.is_critical]
    assert critical == ["before", "outer", "long", "inner", "five", "rest", "after"]


async def test_the_winner_of_a_race_is_critical_and_the_others_are_cancelled(workflow):
    tasks = "- race: { fork: { compete: true, branches: [ { slow: { wait: PT9S } }, { fast: { wait: PT1S } } ] } }"
    async with EngineKit() as kit:
        run_id = kit.start(workflow(tasks))
        await kit.finish(run_id)
        told = tell_kit(kit, run_id)
    assert outline(told) == {"race": ("completed", True), "slow": ("cancelled", False), "fast": ("completed", True)}
    assert told["slow"].ended_at == told["fast"].ended_at


async def test_a_fault_interrupts_what_a_repair_lets_go_on(workflow):
    mended = []

    def call(_request):
        return Takes(1, {} if mended else ActivityError("communication", 503, "Busy"))

    tasks = f"- f: {{ fork: {{ branches: [ {{ w: {{ wait: PT9S }} }}, {{ c: {{ {CALL} }} }} ] }} }}"
    async with EngineKit({"http": call}) as kit:
        run_id = kit.start(workflow(tasks))
        await kit.finish(run_id)
        faulted = tell_kit(kit, run_id)
        mended.append(True)
        await kit.engine.retry_task(run_id)
        await kit.settle()
        going_on = tell_kit(kit, run_id)
        await kit.finish(run_id)
        stories = tell(kit.get_program(run_id), kit.read_history(run_id)).stories
    assert outline(faulted) == {"f": ("faulted", True), "w": ("interrupted", False), "c": ("faulted", True)}
    assert {name: story.status for name, story in going_on.items()} == {"f": "running", "w": "waiting", "c": "running"}
    assert going_on["w"].wait.ended_at is None
    assert [story.status for story in stories] == ["completed", "completed", "retried", "completed"]
    assert stories[2].reason.code == "asked"


async def test_a_repair_of_the_task_around_ends_what_was_in_it(workflow):
    tasks = f"- f: {{ fork: {{ branches: [ {{ w: {{ wait: PT9S }} }}, {{ c: {{ {CALL} }} }} ] }} }}"
    async with EngineKit({"http": lambda _: ActivityError("communication", 503, "Busy")}) as kit:
        run_id = kit.start(workflow(tasks))
        await kit.finish(run_id)
        await kit.engine.retry_task(run_id, "/do/0/f")
        await kit.settle()
        stories = tell(kit.get_program(run_id), kit.read_history(run_id)).stories
    assert [story.status for story in stories[:3]] == ["retried", "cancelled", "retried"]


async def test_a_lost_attempt_is_told_as_lost(workflow):
    async with EngineKit({"http": lambda _: Takes(None)}) as kit:
        run_id = kit.start(workflow(f"- c: {{ {CALL.replace('get', 'post')} }}"))
        await kit.settle()
        await kit.crash()
        await kit.finish(run_id)
        told = tell_kit(kit, run_id)["c"]
    assert (told.status, told.error.type) == ("lost", "kapell://errors/lost")
    assert [attempt.outcome for attempt in told.attempts] == ["lost"]


async def test_a_child_run_is_named(workflow):
    child = "document: { dsl: '1.0.3', namespace: test, name: child, version: '1.0.0' }\ndo: [ { w: { wait: PT2S } } ]"
    async with EngineKit(workflows=[child]) as kit:
        run_id = kit.start(workflow("- c: { run: { workflow: { namespace: test, name: child, version: '1.0.0' } } }"))
        await kit.advance(1)
        waiting = tell_kit(kit, run_id)["c"]
        await kit.finish(run_id)
        told = tell_kit(kit, run_id)["c"]
    assert (waiting.status, waiting.wait.reason.code) == ("waiting", "waiting_for_child")
    (attempt,) = told.attempts
    assert attempt.child_run_id is not None
    assert (attempt.outcome, told.status, told.ended_at - told.began_at) == ("succeeded", "completed", 2_000_000)


async def test_a_timeout_and_what_lay_within(workflow):
    tasks = "- outer: { do: [ { w: { wait: PT9S } } ], timeout: { after: PT1S } }"
    async with EngineKit() as kit:
        run_id = kit.start(workflow(tasks))
        await kit.finish(run_id)
        told = tell_kit(kit, run_id)
    assert {name: story.status for name, story in told.items()} == {"outer": "faulted", "w": "cancelled"}
    assert told["outer"].error.title == "Timeout"


async def test_iterations_know_their_number(workflow):
    tasks = "- loop: { for: { in: '${ [1, 2, 3] }' }, do: [ { add: { set: { x: 1 } } } ] }"
    async with EngineKit() as kit:
        run_id = kit.start(workflow(tasks))
        await kit.finish(run_id)
        loop, *adds = tell(kit.get_program(run_id), kit.read_history(run_id)).stories
    assert loop.items == 3
    assert [(story.iteration, story.parent, story.reference) for story in adds] == [
        (number, loop.entry, f"/do/0/loop/for/{number}/do/0/add") for number in range(3)
    ]


def make_loop(count):
    return f"- loop: {{ for: {{ in: '${{ [range({count})] }}' }}, do: [ {{ c: {{ {CALL} }} }} ] }}"


def make_fork(count):
    branches = ", ".join(f"{{ c{number}: {{ {CALL} }} }}" for number in range(count))
    return f"- f: {{ fork: {{ branches: [ {branches} ] }} }}"


async def measure_telling(tasks, count):
    """Return the processor time that telling a run takes, the least of three: in step with the history, or not."""
    async with EngineKit({"http": lambda _: {}}) as kit:
        ended = await kit.run(tasks)
        program = kit.get_program(ended.run_id)
    assert len(ended.history) > 4 * count
    taken = []
    for _ in range(3):
        began = time.process_time()
        tell(program, ended.history)
        taken.append(time.process_time() - began)
    return min(taken)


@pytest.mark.parametrize(("make_tasks", "count"), [(make_loop, 250), (make_fork, 100)], ids=["loop", "fork"])
async def test_what_telling_costs_grows_in_step_with_the_history(workflow, make_tasks, count):
    few, many = [await measure_telling(workflow(make_tasks(number)), number) for number in (count, 10 * count)]
    assert many < 30 * few  # a quadratic step would make it a hundred times as much
