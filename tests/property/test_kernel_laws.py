# Long because the author of random workflows, who lives through them and the laws belong to each other.
"""The laws of the kernel, on random workflows that live through random outcomes, times, commands and crashes.

A `Life` is one run with a host of a few lines around it. What happens next is chosen by numbers that hypothesis draws,
among what the state itself offers; when the numbers are used up, the run is brought to its end.
"""

from __future__ import annotations

import json
from collections import Counter
from copy import copy
from random import Random
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as hs

from kapell.kernel import commands as c
from kapell.kernel import effects as fx
from kapell.kernel import events as ev
from kapell.kernel import state as st
from kapell.kernel.codec import decode_events, decode_state, encode_events, encode_state
from kapell.kernel.decide import decide
from kapell.kernel.evaluation import NO_ANSWERS, Answer, NeedsHelp
from kapell.kernel.evolve import evolve
from kapell.kernel.limits import Limits
from kapell.kernel.listening import Match, Matching, key_event, list_keys
from kapell.kernel.recovery import find_open_work, fold
from kapell.kernel.transitions import LEADS_TO, LEGAL
from kapell.language.compiler import compile_workflow
from kapell.language.error_types import WorkflowError
from kapell.language.source import read_document
from kapell.language.validator import check_structure
from kapell.reasons import Reason

START = 1_700_000_000_000_000
SECOND = 1_000_000
MAX_TASKS = 60
MAX_EVENTS = 40
LIMITS = Limits(max_tasks=MAX_TASKS)
WHY = Reason("test", "The test wants it.")
OWN_ERROR = "https://example.test/errors/own"

# -- workflows --------------------------------------------------------------------------------------------------------

NAMES = ("a", "b", "c", "d")
CONDITIONS = ("true", "false", ".n > 2", ".n | not", '.n | tostring | test("1")', ".n.missing", "$context.last")
VALUES = (
    {"n": "${ (.n // 0) + 1 }"},
    {"n": "${ (.n // 0) + 1 }"},
    {"n": 1, "seen": "${ $context }"},
    {"n": "${ .n.missing }"},
    {"n": "${ [.[]?] | length }", "at": "${ $task.startedAt.epoch.seconds }"},
    {"n": '${ .n | tostring | test("2") }'},
)
EVENT_TYPES = ("t", "u", "t.*", "[tu]")
DURATIONS = ({"seconds": 0}, {"seconds": 1}, {"seconds": 7}, "PT2S", {"milliseconds": 5})


class Author(Random):
    """Writes random workflows. Hypothesis draws the seed: nested strategies would mostly write the smallest ones."""

    listens = True

    def maybe(self, chance: float, **keys: Any) -> dict[str, Any]:
        return keys if self.random() < chance else {}

    def write_workflow(self) -> dict[str, Any]:
        return {
            "document": {"dsl": "1.0.3", "namespace": "test", "name": "random", "version": "1.0.0"},
            "use": {"functions": {"body": {"do": [{"one": {"set": {"n": "${ .n }"}}}, {"two": {"wait": "PT1S"}}]}}},
            "do": self.write_list(3),
            **self.maybe(0.2, timeout={"after": {"seconds": 20}}),
            **self.maybe(0.2, input={"from": "{ n: .n }"}),
            **self.maybe(0.2, output={"as": self.choice(["{ out: . }", ".n.missing"])}),
        }

    def write_list(self, depth: int) -> list[dict[str, Any]]:
        names = NAMES[: self.randint(1, 3 if depth < 3 else 4)]
        return [{name: self.write_task(depth, [*names, "continue", "exit", "end"])} for name in names]

    def write_task(self, depth: int, targets: list[str]) -> dict[str, Any]:
        composed = depth > 0 and self.random() < 0.6
        task = self.write_composed(depth - 1) if composed else self.write_simple(targets)
        if self.random() < 0.4:
            task |= self.write_flow(targets)
        return task

    def write_flow(self, targets: list[str]) -> dict[str, Any]:
        outputs = [{"as": "{ n: .n? }"}, {"as": ".n"}, {"schema": {"document": {"type": "object"}}}]
        return {
            **self.maybe(0.3, **{"if": self.choice(CONDITIONS)}),
            **self.maybe(0.3, input={"from": "{ n: .n }"}),
            **self.maybe(0.3, output=self.choice(outputs)),
            **self.maybe(0.3, export={"as": self.choice(["{ last: . }", ".n", "$context | length"])}),
            **self.maybe(0.3, timeout={"after": {"seconds": self.choice([2, 30])}}),
            **self.maybe(0.3, then=self.choice(targets)),
        }

    def write_simple(self, targets: list[str]) -> dict[str, Any]:
        child = {"namespace": "test", "name": "child", "version": "1.0.0"}
        return self.choice(
            [
                {"set": self.choice(VALUES)},
                {"set": self.choice(VALUES)},
                {"wait": self.choice(DURATIONS)},
                {"raise": {"error": {"type": OWN_ERROR, "status": self.choice([400, 503])}}},
                {"emit": {"event": {"with": {"type": "t", "source": "https://example.test", "data": "${ .n }"}}}},
                {"call": "http", "with": {"method": "get", "endpoint": "https://example.test/{n}"}},
                {"call": "http", "with": {"method": "get", "endpoint": "https://example.test/{n}"}},
                {"run": {"shell": {"command": "${ .n | tostring }"}, "await": self.choice([True, False])}},
                {"run": {"workflow": child, "await": self.choice([True, False])}},
                {"call": "body", "with": {"n": "${ .n }"}},
                *self.write_listens(),
                {
                    "switch": [
                        {"first": {"when": self.choice(CONDITIONS), "then": self.choice(targets)}},
                        {"other": {"then": self.choice(targets)}},
                    ]
                },
            ]
        )

    def write_listens(self) -> list[dict[str, Any]]:
        if not self.listens:
            return []
        return [{"listen": {"to": self.write_strategy(), "read": self.choice(["data", "envelope", "raw"])}}]

    def write_strategy(self) -> dict[str, Any]:
        filters = [self.write_filter() for _ in range(self.randint(1, 3))]
        mode = self.choice(["one", "any", "any", "all"])
        if mode == "one":
            return {"one": filters[0]}
        if mode == "all":
            return {"all": filters}
        until = self.choice(["(. | length) > 1", "$context.last", {"one": {"with": {"type": "end"}}}])
        return {"any": self.choice([filters, []]), **self.maybe(0.6, until=until)}

    def write_filter(self) -> dict[str, Any]:
        data = self.choice(["${ .n > 3 }", "${ .n }", "${ .n.missing }", {"n": 3}])
        correlation = {"from": ".data.n", **self.maybe(0.5, expect=self.choice(["${ .n }", "${ $input.n.missing }"]))}
        return {
            "with": {"type": self.choice(EVENT_TYPES), **self.maybe(0.3, data=data)},
            **self.maybe(0.3, correlate={"n": correlation}),
        }

    def write_composed(self, depth: int) -> dict[str, Any]:
        inner = self.write_list(depth)
        kind = self.choice(["do", "for", "fork", "fork", "try", "try", *(["listen"] if self.listens else [])])
        if kind == "do":
            return {"do": inner}
        if kind == "listen":
            made = {"output": {"as": self.choice(["{ n: .n? }", ".n"])}, "export": {"as": "{ last: . }"}}
            foreach = {"item": "x", "at": "i", "do": inner, **self.maybe(0.6, **made)}
            return {"listen": {"to": self.write_strategy()}, "foreach": foreach}
        if kind == "for":
            collection = self.choice(["[1, 2, 3]", "[1, 2]", "[]", "[.n]", ".n"])
            return {"for": {"in": collection, "each": "x"}, "do": inner} | self.maybe(
                0.4, **{"while": self.choice(CONDITIONS)}
            )
        if kind == "fork":
            branches = [_without_target(named) for named in inner]
            return {"fork": {"branches": branches, "compete": self.choice([True, False])}}
        return {"try": inner, "catch": self.write_catch(depth)}

    def write_catch(self, depth: int) -> dict[str, Any]:
        return {
            **self.maybe(0.3, errors={"with": self.choice([{"status": 503}, {"type": OWN_ERROR}])}),
            **self.maybe(0.3, when=self.choice(["$error.status > 400", "false", ".n.missing"])),
            **self.maybe(0.5, retry=self.write_retry()),
            **self.maybe(0.5, do=self.write_list(depth)),
            **self.maybe(0.2, then=self.choice(["end", "exit"])),
        }

    def write_retry(self) -> dict[str, Any]:
        return {
            "delay": self.choice(DURATIONS),
            "backoff": {self.choice(["constant", "linear", "exponential"]): {}},
            **self.maybe(0.7, limit={"attempt": {"count": self.randint(0, 3), "duration": {"seconds": 3}}}),
            **self.maybe(0.3, when=self.choice(CONDITIONS)),
            **self.maybe(0.3, jitter={"from": {"seconds": 0}, "to": {"seconds": 1}}),
        }


def _without_target(named: dict[str, Any]) -> dict[str, Any]:
    """A branch of a fork leads to no other task."""
    ((name, task),) = named.items()
    if "switch" in task or task.get("then", "end") not in {"end", "exit", "continue"}:
        task = {"set": {"n": 4}}
    return {name: task}


class Story(NamedTuple):
    """A workflow, and what happens to its run."""

    definition: dict[str, Any]
    choices: list[int]

    def compile(self) -> Any:
        # The linter refuses tasks that are never reached; the kernel must be right for them too.
        validation = check_structure(read_document(json.dumps(self.definition), "random"))
        assert validation.workflow is not None, [str(problem) for problem in validation.problems]
        return compile_workflow(validation.workflow)

    def begin(self, limits: Limits = LIMITS) -> Life:
        return Life(self.compile(), limits).begin()

    def live(self, limits: Limits = LIMITS) -> Life:
        return self.begin(limits).live(self.choices)


def write_story(seed: int, *, listens: bool = True) -> Story:
    """Write a workflow and its choices; without `listens` it waits for no events."""
    author = Author(seed)
    author.listens = listens
    return Story(author.write_workflow(), [author.randrange(1000) for _ in range(author.randrange(30))])


STORIES = hs.integers(0, 2**32).map(write_story)

# -- one run and its host ---------------------------------------------------------------------------------------------


class Life:
    """A run, and all that a host does for one."""

    def __init__(self, program: Any, limits: Limits = LIMITS) -> None:
        self.program = program
        self.limits = limits
        self.state = st.State()
        self.now = START
        self.events: list[ev.Event] = []
        self.performing: set[tuple[int, int]] = set()
        self.children: set[str] = set()
        self.armed: set[tuple[int, str, int]] = set()
        self.ends: list[str] = []
        self.published = 0
        self.listening: set[int] = set()
        self.position = 0

    def copy(self) -> Life:
        other = Life(self.program, self.limits)
        other.__dict__.update({name: copy(value) for name, value in self.__dict__.items() if name != "program"})
        other.state = decode_state(encode_state(self.state))
        return other

    def begin(self) -> Life:
        self.obey(c.StartRun(run_id="run", input={"n": 1}))
        return self

    def obey(self, command: c.Command) -> Reason | None:
        """Do as a host does: decide until nothing is left, then start the effects."""
        answers: dict[int, Answer] = {}
        refused = None
        while True:
            decision = decide(self.program, self.state, command, self.now, self.limits, answers or NO_ANSWERS)
            refused = refused or decision.refused
            self.events += decision.events
            for effect in decision.effects:
                self._start(effect)
            if decision.events:
                answers = {}
            for need in decision.needs:
                answers[need.slot] = answer(need)
            if not decision.needs and not decision.more:
                return refused
            command = c.Advance()

    def _start(self, effect: fx.Effect) -> None:
        if isinstance(effect, fx.PerformActivity):
            if (effect.entry, effect.attempt) not in find_open_work(self.state).held:  # those ask the admission again
                self.performing.add((effect.entry, effect.attempt))
        elif isinstance(effect, fx.CancelAttempt):
            self.performing.discard((effect.entry, effect.attempt))
        elif isinstance(effect, fx.StartChild):
            assert effect.child_run_id not in self.children
            self.children.add(effect.child_run_id)
        elif isinstance(effect, fx.CancelChild):
            self.children.remove(effect.child_run_id)
        elif isinstance(effect, fx.ArmTimer):
            self.armed.add((effect.entry, effect.purpose, effect.due))
        elif isinstance(effect, fx.AwaitEvent):
            self.listening.add(effect.entry)
        elif isinstance(effect, fx.StopListening):
            self.listening.discard(effect.entry)
        elif isinstance(effect, fx.EndRun):
            self.ends.append(effect.status)
        else:
            self.published += 1

    # -- what may happen next -----------------------------------------------------------------------------------------

    def list_options(self, *, only_on: bool = False) -> list[Any]:
        """List what may happen now; `only_on` leaves out what brings the run no further."""
        state = self.state
        if state.status == "cancelling":
            return [c.ConfirmCancel()]
        if state.status == "faulted":
            return [] if only_on else self._list_repairs()
        if state.is_ended:
            return []
        work = find_open_work(state)
        options: list[Any] = []
        for entry, attempt in work.in_flight:
            options += self._list_outcomes(entry, attempt, only_on=only_on)
        for entry, attempt, child in work.children:
            options.append((c.EndAttempt(entry=entry, attempt=attempt, output={"n": 9}), child))
        if state.status == "suspended":
            options.append(c.ResumeRun())
        else:
            options += [c.DispatchAttempt(entry=entry, attempt=attempt) for entry, attempt in work.held]
            timers = sorted((timer.due, timer.entry, timer.purpose) for timer in work.timers)
            options += [(c.FireTimer(entry=entry, purpose=purpose), due) for due, entry, purpose in timers[:1]]
            options += [command for entry in work.listening for command in self._list_receipts(entry)]
        if not only_on:
            options *= 3
            options += [c.SuspendRun(reason=WHY)] if state.status == "running" else []
            options.append(c.CancelRun(reason=WHY))
        return options

    def _list_outcomes(self, entry: int, attempt: int, *, only_on: bool) -> list[Any]:
        good = c.EndAttempt(entry=entry, attempt=attempt, output={"n": 3}, started=self.now)
        if only_on:
            return [good]
        bad = c.EndAttempt(entry=entry, attempt=attempt, error=WorkflowError(type=OWN_ERROR, status=503))
        lost = [c.LoseAttempt(entry=entry, attempt=attempt, idempotent=idempotent) for idempotent in (True, False)]
        hold = [c.HoldAttempt(entry=entry, attempt=attempt, reason=WHY)] if self.state.status == "running" else []
        return [good, bad, *lost, *hold]

    def _list_receipts(self, entry: int) -> list[c.ReceiveEvent]:
        """List how a task may get an event of each kind that it waits for, as the next one that arrives."""
        keys = list_keys(self.program, self.state, entry)
        assert keys
        receipts: list[c.ReceiveEvent] = []
        if self.position >= MAX_EVENTS:
            return receipts
        for kind, number in [("t", 1), ("u", 3), ("end", 1), ("t", 4), ("tt", 9)]:
            event = {"specversion": "1.0", "id": "1", "source": "s", "type": kind, "data": {"n": number}}
            match = find_match(Matching(self.program, self.state, entry), self.position + 1, event)
            if match is not None:
                assert any(key_event(key.shape, "test", event) == key.digest for key in keys)
                receipts.append(match.make_command(entry))
        return receipts

    def _list_repairs(self) -> list[Any]:
        failed = self.state.failed
        repairs: list[Any] = []
        if failed is not None:
            repairs += [c.RetryTask(reason=WHY), c.RetryTask(reason=WHY, input={"n": 5})]
            around = [entry.reference for entry in self.state.iter_ancestors(failed.parent) if entry.entry]
            repairs += [c.RetryTask(reason=WHY, reference=reference) for reference in around]
            if failed.node:
                repairs += [c.SkipTask(reason=WHY), c.SkipTask(reason=WHY, output={"n": 6})]
        return repairs

    def take(self, option: Any) -> None:
        """Let one of the options happen; it must be obeyed."""
        command, beside = option if isinstance(option, tuple) else (option, None)
        if isinstance(command, c.FireTimer):
            self.now = max(self.now, beside)
            assert (command.entry, command.purpose, beside) in self.armed
        else:
            self.now += SECOND
        if isinstance(beside, str):
            self.children.remove(beside)
        if isinstance(command, c.EndAttempt | c.LoseAttempt | c.HoldAttempt):
            self.performing.discard((command.entry, command.attempt))
        if isinstance(command, c.ReceiveEvent):
            self.position = command.position
        assert self.obey(command) is None, command

    def live(self, choices: list[int]) -> Life:
        """Let the chosen things happen, as long as anything may."""
        for choice in choices:
            options = self.list_options()
            if not options:
                break
            self.take(options[choice % len(options)])
        return self

    def end(self) -> Life:
        """Bring the run to its end."""
        for _ in range(40 * MAX_TASKS):
            options = self.list_options(only_on=True)
            if not options and find_open_work(self.state).listening:
                options = [c.CancelRun(reason=WHY)]  # for an event that does not come
            if not options:
                assert self.state.is_ended, self.state
                return self
            self.take(options[0])
        pytest.fail("the run does not end")


def find_match(matching: Matching, position: int, event: dict[str, Any]) -> Match | None:
    """Match an event as a host does, with the helper's answers."""
    answers: dict[int, Answer] = {}
    while True:
        try:
            return matching.match(position, event, answers)
        except NeedsHelp as needs:
            answers.update({need.slot: answer(need) for need in needs.evaluations})


def answer(need: Any) -> Answer:
    """What the helper process would say, made up of nothing but the question."""
    if '"2"' in need.expression.source:
        return Answer(error="made up")
    return Answer(value=len(need.expression.source) % 2 == 0)


def encode(events: list[ev.Event]) -> bytes:
    body, payloads = encode_events(events)
    assert payloads == ()
    return body


def reread(events: list[ev.Event]) -> list[ev.Event]:
    """Return the events as they come back from disk."""
    return decode_events(encode(events), lambda _: b"")


LAW = settings(max_examples=150)


# -- the laws ---------------------------------------------------------------------------------------------------------


@LAW
@given(STORIES)
def test_folding_a_history_equals_the_live_state(story):
    life = story.begin()
    mirror = st.State()
    folded = 0
    for choice in [*story.choices, None]:
        fold(life.program, reread(life.events[folded:]), mirror)
        folded = len(life.events)
        assert encode_state(mirror) == encode_state(life.state)
        if choice is not None:
            life.live([choice])
    life.end()
    assert encode_state(fold(life.program, reread(life.events))) == encode_state(life.state)
    assert life.state.seq == len(life.events)


@LAW
@given(STORIES)
def test_a_snapshot_goes_on_as_the_state_itself(story):
    life = story.live()
    other = life.copy()
    assert encode_state(other.state) == encode_state(life.state)
    assert encode(other.end().events) == encode(life.end().events)


@LAW
@given(STORIES)
def test_the_same_inputs_give_the_same_events(story):
    assert encode(story.live().end().events) == encode(story.live().end().events)


@LAW
@given(STORIES)
def test_the_budget_of_a_decision_changes_nothing_of_what_happens(story):
    at_once = encode(story.live().end().events)
    for limits in (Limits(max_tasks=MAX_TASKS, max_events=1), Limits(max_tasks=MAX_TASKS, stop_at_result=True)):
        assert encode(story.live(limits).end().events) == at_once


@LAW
@given(STORIES)
def test_what_does_not_fit_changes_nothing_and_says_why(story):
    life = story.begin()
    for choice in [*story.choices, 0]:
        before = encode_state(life.state)
        for command in list_unfit_commands(life):
            decision = decide(life.program, life.state, command, life.now, life.limits)
            assert decision.refused is not None, command
            assert decision.refused.text
            assert not decision.events
            assert not decision.effects
        assert encode_state(life.state) == before
        life.live([choice])


def list_unfit_commands(life: Life) -> list[c.Command]:
    """List commands of every kind that the present status or the open entries do not allow."""
    nowhere = 10_000
    every = [
        c.StartRun(run_id="other", input={}),
        c.Advance(),
        c.FireTimer(entry=nowhere, purpose="wait"),
        c.EndAttempt(entry=nowhere, attempt=1),
        c.LoseAttempt(entry=nowhere, attempt=1, idempotent=True),
        c.HoldAttempt(entry=nowhere, attempt=1, reason=WHY),
        c.DispatchAttempt(entry=nowhere, attempt=1),
        c.ReceiveEvent(entry=nowhere, position=nowhere, filter=0),
        c.SuspendRun(reason=WHY),
        c.ResumeRun(),
        c.CancelRun(reason=WHY),
        c.ConfirmCancel(),
        c.RetryTask(reason=WHY, reference="/do/0/nowhere"),
        c.SkipTask(reason=WHY),
    ]
    always_stale = {c.FireTimer, c.EndAttempt, c.LoseAttempt, c.HoldAttempt, c.DispatchAttempt, c.ReceiveEvent}
    always_stale.add(c.RetryTask)
    legal = LEGAL[life.state.status]
    unfit = [command for command in every if type(command) not in legal or type(command) in always_stale]
    work = find_open_work(life.state)
    if life.state.status == "running":
        unfit += [c.EndAttempt(entry=entry, attempt=number + 1) for entry, number in work.in_flight]
        unfit += [c.EndAttempt(entry=entry, attempt=number - 1) for entry, number in work.in_flight]
        unfit += [c.DispatchAttempt(entry=entry, attempt=number) for entry, number in work.in_flight]
        early = [timer for timer in work.timers if timer.due > life.now]
        unfit += [c.FireTimer(entry=timer.entry, purpose=timer.purpose) for timer in early]
        unfit += [c.ReceiveEvent(entry=entry, position=0, filter=0) for entry in work.listening]
        busy = [entry.entry for entry in life.state.entries.values() if entry.listening and not entry.listening.wants]
        unfit += [c.ReceiveEvent(entry=entry, position=nowhere, filter=0) for entry in busy]
    return unfit


@LAW
@given(STORIES, hs.integers(0, 10_000), hs.booleans())
def test_any_prefix_of_a_history_can_be_recovered_and_carried_on(story, cut, idempotent):
    whole = story.live().end()
    prefix = whole.events[: 1 + cut % len(whole.events)]
    recovered = Life(whole.program)
    recovered.state = fold(whole.program, reread(prefix))
    recovered.events = list(prefix)
    recovered.now = prefix[-1].at + SECOND
    work = find_open_work(recovered.state)
    recovered.armed = {(timer.entry, timer.purpose, timer.due) for timer in work.timers}
    recovered.children = {child for _, _, child in work.children}
    recovered.listening = set(work.listening)
    recovered.position = whole.position
    if recovered.state.status == "running":
        recovered.obey(c.Advance())
    for entry, attempt in work.in_flight:
        if recovered.state.status in {"running", "suspended"}:
            recovered.obey(c.LoseAttempt(entry=entry, attempt=attempt, idempotent=idempotent))
    recovered.end()
    assert encode(recovered.events[: len(prefix)]) == encode(prefix)
    assert encode_state(fold(whole.program, reread(recovered.events))) == encode_state(recovered.state)


@LAW
@given(STORIES)
def test_cancelling_at_any_point_ends(story):
    life = story.begin()
    for choice in story.choices:
        if life.state.status in {"running", "suspended"}:
            check_cancelling(life.copy())
        life.live([choice])


def check_cancelling(life: Life) -> None:
    life.take(c.CancelRun(reason=WHY))
    assert life.performing == set()
    assert life.children == set()
    assert life.listening == set()
    life.take(c.ConfirmCancel())
    assert life.state.status == "cancelled"
    assert life.ends[-1] == "cancelled"
    assert life.list_options() == []


@LAW
@given(STORIES)
@example(write_story(4934, listens=False))  # a repair, and another fault before it had its turn
def test_what_the_outside_does_is_what_the_state_waits_for(story):
    life = story.begin()
    for choice in [*story.choices, None]:
        work = find_open_work(life.state)
        assert life.performing == set(work.in_flight)
        assert life.children == {child for _, _, child in work.children}
        assert {(timer.entry, timer.purpose, timer.due) for timer in work.timers} <= life.armed
        assert set(work.listening) <= life.listening <= list_listening(life.state)
        check_tree(life.state)
        if choice is not None:
            life.live([choice])
    life.end()
    assert life.performing == set()
    assert life.children == set()
    assert life.listening == set()
    assert life.ends[-1] == life.state.status


def list_listening(state: st.State) -> set[int]:
    if state.is_ended:
        return set()
    return {entry.entry for entry in state.entries.values() if entry.listening is not None}


def check_tree(state: st.State) -> None:
    """Each entry hangs in the tree, each item that is ready belongs to one, each scope has its context."""
    for entry in state.entries.values():
        assert entry.parent in state.entries
        assert entry.scope in state.contexts
        assert all(child in state.entries for child in entry.children)
        if entry.entry != st.ROOT:
            assert entry.entry in state.entries[entry.parent].children
        if entry.forked is not None:
            assert all(scope in state.contexts for scope in entry.forked.scopes.values())
    for item in state.ready:
        owner = item.parent if isinstance(item, st.Enter | st.Fault) else getattr(item, "entry", st.ROOT)
        assert owner in state.entries
    scopes = {scope for entry in state.entries.values() if entry.forked for scope in entry.forked.scopes.values()}
    assert set(state.contexts) == scopes | {0}


@LAW
@given(STORIES)
def test_every_event_that_changes_the_status_stands_in_the_table(story):
    life = story.live().end()
    state = st.State()
    for event in life.events:
        before = state.status
        evolve(life.program, state, event)
        if state.status != before:
            assert LEADS_TO[before, event.__struct_config__.tag] == state.status


def test_the_stories_hold_every_kind_of_event():
    happened: Counter[str] = Counter()
    for seed in range(400):
        happened.update(type(event).__name__ for event in write_story(seed).live().end().events)
    kinds = {kind.__name__ for kind in ev.Event.__subclasses__()} - {"RunForked"}
    assert {kind: happened[kind] for kind in kinds if happened[kind] < 5} == {}
