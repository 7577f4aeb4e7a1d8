"""Slots: so many at a time in each group, first come, first served, and a reason for everybody who waits."""

from hypothesis import given
from hypothesis import strategies as st

from kapell.engine.admission import Admit, AttemptId, Deny, Hold, SlotAdmission
from kapell.kernel.events import AttemptDispatched, AttemptHeld
from kapell.reasons import Reason
from kapell.testing.engine_kit import EngineKit, Takes

GROUPS = {"http": "calls", "shell": "processes"}


def attempt(number):
    return AttemptId("run", number, 1)


def test_a_group_has_so_many_slots_and_the_others_wait_with_a_reason():
    admission = SlotAdmission({"calls": 2, "processes": 1}, GROUPS)
    admitted = []
    verdicts = [admission.ask(attempt(n), "http", lambda n=n: admitted.append(n)) for n in range(4)]
    assert [type(verdict) for verdict in verdicts] == [Admit, Admit, Hold, Hold]
    assert verdicts[2].reason.code == "waiting_for_slot"
    assert "2 calls" in verdicts[2].reason.text
    assert "max_calls" in verdicts[2].reason.text
    assert verdicts[3].reason.facts == {"group": "calls", "limit": 2, "waiting_before": 1}
    assert isinstance(admission.ask(attempt(9), "shell", admitted.clear), Admit)
    admission.leave(attempt(0))
    admission.leave(attempt(1))
    assert admitted == [2, 3]


def test_a_kind_without_a_group_is_not_limited():
    admission = SlotAdmission({"calls": 1}, GROUPS)
    assert all(isinstance(admission.ask(attempt(n), "other", lambda: None), Admit) for n in range(50))


def test_one_that_waits_and_leaves_is_passed_over():
    admission = SlotAdmission({"calls": 1}, GROUPS)
    admitted = []
    for number in range(3):
        admission.ask(attempt(number), "http", lambda n=number: admitted.append(n))
    admission.leave(attempt(1))
    admission.leave(attempt(0))
    assert admitted == [2]


def test_who_asks_twice_waits_once():
    admission = SlotAdmission({"calls": 1}, GROUPS)
    admitted = []
    admission.ask(attempt(0), "http", lambda: None)
    for _ in range(2):
        assert isinstance(admission.ask(attempt(1), "http", lambda: admitted.append(1)), Hold)
    admission.leave(attempt(0))
    admission.leave(attempt(1))
    assert admitted == [1]
    assert isinstance(admission.ask(attempt(2), "http", lambda: None), Admit)


def test_leaving_twice_frees_one_slot():
    admission = SlotAdmission({"calls": 1}, GROUPS)
    admission.ask(attempt(0), "http", lambda: None)
    admission.leave(attempt(0))
    admission.leave(attempt(0))
    assert isinstance(admission.ask(attempt(1), "http", lambda: None), Admit)
    assert isinstance(admission.ask(attempt(2), "http", lambda: None), Hold)


@given(st.lists(st.tuples(st.sampled_from(["ask", "leave"]), st.integers(0, 12)), max_size=60), st.integers(1, 3))
def test_never_more_than_the_limit_and_no_slot_is_lost(steps, limit):
    admission = SlotAdmission({"calls": limit}, GROUPS)
    inside, waiting = set(), []

    def admit(number):
        waiting.remove(number)
        inside.add(number)

    for step, number in steps:
        if step == "leave":
            inside.discard(number)
            if number in waiting:
                waiting.remove(number)
            admission.leave(attempt(number))
        elif number not in inside:
            verdict = admission.ask(attempt(number), "http", lambda n=number: admit(n))
            if isinstance(verdict, Admit):
                inside.add(number)
            elif number not in waiting:
                waiting.append(number)
        assert len(inside) <= limit
        assert len(inside) == limit or not waiting


# -- within the engine ------------------------------------------------------------------------------------------------

FORK = "\n".join(
    [
        "document: { dsl: '1.0.3', namespace: test, name: fork, version: '1.0.0' }",
        "do: [ { f: { fork: { branches: [",
        *[f"{{ b{n}: {{ call: http, with: {{ method: get, endpoint: 'https://a.test' }} }} }}," for n in range(6)],
        "] } } } ]",
    ]
)


class Service:
    """Counts how many calls are under way at once."""

    def __init__(self):
        self.most = 0

    def __call__(self, request):
        self.most = max(self.most, self.kit.activities["http"].waiting + 1)
        return Takes(10, request.reference[-2:])


async def test_attempts_wait_for_a_slot_one_after_the_other():
    service = Service()
    async with EngineKit({"http": service}, admission=SlotAdmission({"calls": 2}, GROUPS)) as kit:
        service.kit = kit
        ended = await kit.run(FORK)
    assert ended.outcome.output == ["b0", "b1", "b2", "b3", "b4", "b5"]
    assert service.most == 2
    assert (ended.history[-1].at - ended.history[0].at) / 1e6 == 30
    held = [event for event in ended.history if isinstance(event, AttemptHeld)]
    assert [event.reason.code for event in held] == ["waiting_for_slot"] * 4
    assert len([event for event in ended.history if isinstance(event, AttemptDispatched)]) == 4


async def test_a_held_attempt_survives_suspension_crash_and_cancellation():
    async with EngineKit(
        {"http": lambda request: Takes(10, request.reference[-2:])},
        admission=SlotAdmission({"calls": 2}, GROUPS),
        idempotent=["http"],
    ) as kit:
        run_id = kit.start(FORK)
        await kit.advance(1)
        await kit.engine.suspend_run(run_id)
        await kit.advance(60)
        assert len(kit.activities["http"].requests) == 2
        await kit.engine.resume_run(run_id)
        await kit.advance(1)
        assert len(kit.activities["http"].requests) == 4
        kit._admission = SlotAdmission({"calls": 2}, GROUPS)
        await kit.crash()
        ended = await kit.finish(run_id)
        assert ended.outcome.output == ["b0", "b1", "b2", "b3", "b4", "b5"]
        other = kit.start(FORK)
        await kit.advance(1)
        await kit.engine.cancel_run(other)
        assert (await kit.finish(other)).outcome.status == "cancelled"
        assert (await kit.run(FORK)).outcome.status == "completed"


async def test_a_denied_attempt_is_an_authorization_error_with_the_reason():
    class Closed:
        def ask(self, attempt, kind, on_admit):
            return Deny(Reason("closed", "It is Sunday."))

        def leave(self, attempt):
            pass

    async with EngineKit({"http": lambda _: None}, admission=Closed()) as kit:
        ended = await kit.run(FORK)
        assert kit.activities["http"].requests == []
    error = ended.outcome.error
    assert error.type.endswith("/authorization")
    assert error.detail == "It is Sunday."
    assert error.instance == "/do/0/f/fork/branches/0/b0"
