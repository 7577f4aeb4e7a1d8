"""The spans of runs: of retries, repairs, timeouts, branches that lost, and whatever else ends before its time."""

import random

import pytest

from kapell.sdk import ActivityError
from kapell.testing.engine_kit import EngineKit, Takes
from kapell.tracing.contexts import find_context
from kapell.tracing.spans import RunTrace
from kapell.tracing.tracer import Tracer, _News

CALL = "call: http, with: {method: get, endpoint: 'http://x.example'}"
HEAD = "document: {dsl: '1.0.3', namespace: tests, name: work, version: '1.0.0'}\ndo:\n"
CANARY = "canary-in-a-coal-mine"


def trace(kit, run_id):
    """Return the run's spans, each in its last form, and check what holds for every trace."""
    folded = RunTrace(kit.get_program(run_id), find_context(run_id, None, 1.0))
    told = [span for event in kit.read_history(run_id) for span in folded.fold(event)]
    spans = {span.span_id: span for span in told}
    assert len(spans) == len(told)
    assert not folded._tasks
    assert not folded._attempts
    for span in told:
        assert span.parent_id in spans or (span.parent_id == 0 and span.name == "run tests/work")
        assert span.begins_at <= span.ends_at
    assert CANARY not in repr(told)
    return told


def names(spans):
    return sorted(span.name for span in spans)


def only(spans, name):
    (found,) = [span for span in spans if span.name == name]
    return found


def fail(status=503):
    return ActivityError("communication", status, "Broken", CANARY)


async def test_each_retry_is_an_attempt_and_a_note_of_the_try():
    answers = [fail(), fail(), {"ok": CANARY}]
    text = f"""  - patient:
      try:
        - get: {{{CALL}}}
      catch:
        retry: {{delay: {{seconds: 1}}, limit: {{attempt: {{count: 5}}}}}}
"""
    async with EngineKit({"http": lambda _: Takes(1, answers.pop(0))}) as kit:
        ended = await kit.run(HEAD + text, {"secret": CANARY})
        spans = trace(kit, ended.outcome.run_id)
    attempts = [span for span in spans if span.name == "get attempt"]
    assert [span.error.rpartition("/")[2] for span in attempts] == ["communication", "communication", ""]
    notes = only(spans, "patient").notes
    assert [note.facts["kapell.action"] for note in notes if note.name == "error_caught"] == ["retry", "retry"]
    assert only(spans, "patient").error == ""


async def test_a_fault_ends_what_was_open_and_a_repair_is_a_span_of_its_own():
    answers = [fail(), {"ok": True}]
    text = f"""  - outer:
      do:
        - before: {{set: {{a: 1}}}}
        - get: {{{CALL}}}
        - after: {{set: {{a: 2}}}}
"""
    async with EngineKit({"http": lambda _: Takes(1, answers.pop(0))}) as kit:
        run_id = kit.start(HEAD + text)
        await kit.finish(run_id)
        faulted = trace(kit, run_id)
        await kit.engine.retry_task(run_id)
        await kit.finish(run_id)
        spans = trace(kit, run_id)
    root = only(faulted, "run tests/work")
    assert (root.error.rpartition("/")[2], root.facts["kapell.run.status"]) == ("communication", "faulted")
    assert only(faulted, "outer").facts["kapell.outcome"] == "interrupted"
    repair = only(spans, "repair tests/work")
    assert repair.parent_id == root.span_id
    assert (repair.error, repair.facts["kapell.run.status"]) == ("", "completed")
    assert repair.begins_at >= root.ends_at
    assert [span.span_id for span in spans[: len(faulted)]] == [span.span_id for span in faulted]
    assert names(spans).count("outer") == 2
    assert only(spans, "after").parent_id in {span.span_id for span in spans if span.name == "outer"}


async def test_a_timeout_and_a_lost_race_end_what_they_break_off():
    text = f"""  - careful:
      try:
        - slow: {{{CALL}, timeout: {{after: {{seconds: 1}}}}}}
      catch: {{do: [{{mend: {{set: {{a: 1}}}}}}]}}
  - race:
      fork:
        compete: true
        branches:
          - quick: {{wait: {{seconds: 1}}}}
          - late: {{wait: {{seconds: 100}}}}
"""
    async with EngineKit({"http": lambda _: Takes(None)}) as kit:
        ended = await kit.run(HEAD + text)
        spans = trace(kit, ended.outcome.run_id)
    assert only(spans, "late").facts["kapell.outcome"] == "interrupted"
    assert only(spans, "slow attempt").facts["kapell.outcome"] == "interrupted"
    assert only(spans, "slow").error.rpartition("/")[2] == "timeout"
    assert only(spans, "race").error == ""


async def test_a_cancelled_run_ends_all_its_spans():
    async with EngineKit({"http": lambda _: Takes(None)}) as kit:
        run_id = kit.start(HEAD + f"  - get: {{{CALL}}}\n")
        await kit.settle()
        await kit.engine.cancel_run(run_id)
        await kit.finish(run_id)
        spans = trace(kit, run_id)
    assert names(spans) == ["get", "get attempt", "run tests/work"]
    assert only(spans, "run tests/work").facts["kapell.run.status"] == "cancelled"


# -- the tracer --------------------------------------------------------------------------------------------------------


class Receiver:
    """An exporter that keeps what it is told, or refuses."""

    def __init__(self):
        self.spans = []
        self.refusals = 0
        self.asked = 0
        self.trouble = "Connection refused"

    def export(self, spans):
        self.asked += 1
        if self.refusals:
            self.refusals -= 1
            return False
        self.spans += spans
        return True

    def close(self):
        pass


@pytest.fixture
def receiver():
    return Receiver()


def make_tracer(kit, receiver):
    return Tracer(kit.store, kit.engine.definitions, receiver, kit.engine.clock, ratio=1.0)


def feed(tracer, kit, run_id, pieces):
    """Tell a tracer of a run's events in pieces, as an engine would, and let it work."""
    history, program = kit.read_history(run_id), kit.get_program(run_id)

    for first, last in zip(pieces, [*pieces[1:], len(history)], strict=True):
        tracer._news.put(_News(run_id, program, first + 1, history[first:last]))
    tracer._take()
    tracer._send(is_last=False)


async def test_whatever_pieces_are_told_after_a_death_the_trace_is_whole_and_the_same(receiver):
    async with EngineKit({"http": lambda _: Takes(1, {})}) as kit:
        ended = await kit.run(HEAD + "".join(f"  - get{n}: {{{CALL}}}\n" for n in range(4)))
        run_id = ended.outcome.run_id
        expected = {span.span_id: repr(span) for span in trace(kit, run_id)}
        length = len(kit.read_history(run_id))
        chance = random.Random(7)  # noqa: S311 -- pieces, no keys
        for _ in range(30):
            receiver.spans.clear()
            died_at = chance.randrange(length)
            pieces = sorted(chance.sample(range(length), 3))
            first = make_tracer(kit, receiver)
            feed(first, kit, run_id, [0])
            receiver.spans = receiver.spans[: died_at % 5]
            again = make_tracer(kit, receiver)
            feed(again, kit, run_id, [piece for piece in pieces if piece >= died_at] or [died_at])
            assert {span.span_id: repr(span) for _, span in receiver.spans} == expected


async def test_what_the_collector_refuses_is_told_later(receiver, capsys):
    async with EngineKit() as kit:
        ended = await kit.run(HEAD + "  - one: {set: {a: 1}}\n")
        tracer = make_tracer(kit, receiver)
        receiver.refusals = 2
        feed(tracer, kit, ended.outcome.run_id, [0])
        for seconds, asked in ((0, 1), (1, 2), (1, 2)):  # the second time it waits longer
            await kit.advance(seconds)
            tracer._send(is_last=False)
            assert (receiver.spans, receiver.asked) == ([], asked)
        await kit.advance(1)
        tracer._send(is_last=False)
        assert names(span for _, span in receiver.spans) == ["one", "run tests/work"]
    told = capsys.readouterr().err
    assert told.count("traces_not_taken") == told.count("Connection refused") == 1
    assert tracer.dropped == 0


async def test_runs_that_ended_just_before_a_death_are_told_at_the_next_start(receiver):
    async with EngineKit() as kit:
        old = await kit.run(HEAD + "  - one: {set: {a: 1}}\n")
        await kit.advance(3600)
        new = await kit.run(HEAD + "  - two: {set: {a: 1}}\n")
        tracer = make_tracer(kit, receiver)
        tracer.start()
        tracer.close()
    assert {trace_id for trace_id, _ in receiver.spans} == {find_context(new.outcome.run_id, None, 1).trace_id}
    assert old.outcome.run_id != new.outcome.run_id
