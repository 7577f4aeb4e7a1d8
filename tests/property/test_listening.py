"""Listening, on random strategies and streams: the same is consumed whenever one looks, and nothing twice."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as hs
from msgspec.structs import replace
from tests.listening_bench import Bench, evaluate, make_event

from kapell.kernel.evaluation import NeedsHelp
from kapell.kernel.events import EventReceived
from kapell.kernel.listening import key_event, list_strategy_keys, match_event
from kapell.kernel.narration import Narrator
from kapell.language import load_workflow
from kapell.language.compiler_events import compile_strategy
from kapell.language.program import Kind

LAW = settings(max_examples=100, deadline=None)

TYPES = ("t", "u", "v.w")
ASKED_TYPES = (*TYPES, "[tu]", "v.*", "${ . }", '${ "t" }')
ASKED_DATA = ("${ .n > 1 }", "${ .n }", {"n": 2}, "${ $input.n == .n }", "${ .n.missing }", "${ $context.last != .n }")
PATHS = (".data.n", ".data | .n", ".subject")

FILTERS = hs.fixed_dictionaries(
    {
        "with": hs.fixed_dictionaries(
            {"type": hs.sampled_from(ASKED_TYPES)}, optional={"data": hs.sampled_from(ASKED_DATA)}
        )
    },
    optional={
        "correlate": hs.fixed_dictionaries(
            {
                "k": hs.fixed_dictionaries(
                    {"from": hs.sampled_from(PATHS)}, optional={"expect": hs.sampled_from(["${ $input.n }", "s"])}
                )
            }
        )
    },
)
SOME = hs.lists(FILTERS, min_size=1, max_size=3)
ENDS = hs.one_of(
    hs.builds(lambda one: {"one": one}, FILTERS),
    hs.builds(lambda some: {"all": some}, SOME),
    hs.builds(lambda some: {"any": some}, SOME),
    hs.sampled_from(["(. | length) > 1", "$context.last == 2", "false"]),
)
STRATEGIES = hs.one_of(
    hs.builds(lambda one: {"one": one}, FILTERS),
    hs.builds(lambda some: {"all": some}, SOME),
    hs.builds(lambda some: {"any": some}, hs.one_of(SOME, hs.just([]))),
    hs.builds(lambda some, until: {"any": some, "until": until}, hs.one_of(SOME, hs.just([])), ENDS),
)
HANDLERS = hs.sampled_from(
    [
        {},
        {"foreach": {"do": [{"keep": {"set": {"n": "${ $item }"}}}], "export": {"as": "{ last: .n.n? }"}}},
        {"foreach": {"output": {"as": "$index"}}},
    ]
)
TASKS = hs.builds(
    lambda to, read, handler: {"listen": {"to": to, "read": read}, **handler},
    STRATEGIES,
    hs.sampled_from(["data", "envelope"]),
    HANDLERS,
)
EVENTS = hs.builds(
    make_event,
    hs.sampled_from(TYPES),
    hs.one_of(hs.none(), hs.just("text"), hs.builds(lambda n: {"n": n}, hs.sampled_from([0, 1, 2, 2.0, "2", None]))),
    subject=hs.sampled_from(["s", "2"]),
)
STREAMS = hs.lists(EVENTS, max_size=12)


def write_text(tasks: list[dict[str, Any]]) -> str:
    document = {"dsl": "1.0.3", "namespace": "test", "name": "random", "version": "1.0.0"}
    return json.dumps({"document": document, "do": tasks})


def write_sequence(tasks: list[dict[str, Any]]) -> str:
    return write_text([{f"t{index}": task} for index, task in enumerate(tasks)])


def write_loop(task: dict[str, Any]) -> str:
    keep = {"input": {"from": "$workflow.input"}}
    return write_text([{"loop": {"for": {"in": "[1, 2, 3]"}, "do": [{"hear": {**task, **keep}}]}}])


def write_race(tasks: list[dict[str, Any]]) -> str:
    branches = [{f"t{index}": task} for index, task in enumerate(tasks)]
    return write_text([{"race": {"fork": {"compete": True, "branches": branches}}}])


SEQUENCES = hs.builds(write_sequence, hs.lists(TASKS, min_size=1, max_size=3))
TEXTS = hs.one_of(
    SEQUENCES, hs.builds(write_loop, TASKS), hs.builds(write_race, hs.lists(TASKS, min_size=2, max_size=3))
)


def begin(text: str) -> Bench:
    return Bench(text, {"n": 2})


def tell_consumption(run: Bench) -> list[tuple[int, int, int, bool]]:
    """Return what was consumed, in order: the task's node, the event, the filter."""
    narrator = Narrator(run.program)
    consumed = []
    for event in run.history:
        if isinstance(event, EventReceived):
            node = narrator.state.entries[event.entry].node
            consumed.append((node, event.position, event.filter, event.until))
        narrator.fold(event)
    return consumed


def tell(run: Bench) -> tuple[Any, ...]:
    return tell_consumption(run), run.state.status, run.state.output, run.state.correlations, run.listening


@LAW
@given(TEXTS, STREAMS)
def test_no_task_consumes_an_event_twice(text, stream):
    run = begin(text)
    for event in stream:
        run.stream.append(event)
        run.deliver()
    consumed = [(node, position) for node, position, _, _ in tell_consumption(run)]
    assert len(set(consumed)) == len(consumed)


@LAW
@given(TEXTS, STREAMS, hs.data())
def test_crashes_change_nothing_of_what_is_consumed(text, stream, data):
    undisturbed, run = begin(text), begin(text)
    for event in stream:
        for each in (undisturbed, run):
            each.stream.append(event)
        undisturbed.deliver()
        while (found := run.find_next()) is not None:
            command = found[1].make_command(found[0])
            if data.draw(hs.booleans()):  # after it was found, before it was handed in: it is found again
                run.crash(snapshot=data.draw(hs.booleans()))
                assert run.find_next() == found
            assert run.do(command) is None
            if data.draw(hs.booleans()):  # after it was handed in, before anybody knew: it is refused
                run.crash(snapshot=data.draw(hs.booleans()))
                assert run.do(command) is not None
    assert tell(run) == tell(undisturbed)


@LAW
@given(hs.one_of(SEQUENCES, hs.builds(write_loop, TASKS)), STREAMS, hs.lists(hs.booleans(), min_size=12, max_size=12))
def test_it_does_not_matter_when_one_looks(text, stream, looks):
    at_once, later = begin(text), begin(text)
    for event, looks_now in zip(stream, looks, strict=False):
        for run in (at_once, later):
            run.stream.append(event)
        at_once.deliver()
        if looks_now:
            later.deliver()
    later.deliver()
    assert tell(later) == tell(at_once)


def match_with_help(strategy: Any, event: dict[str, Any]) -> Any:
    answers: dict[int, Any] = {}
    while True:
        try:
            return match_event(strategy, event, answers)
        except NeedsHelp as needs:
            answers.update({need.slot: evaluate(need) for need in needs.evaluations})


@LAW
@given(STRATEGIES, EVENTS, hs.sampled_from(["test", "other"]))
def test_an_event_that_fits_agrees_with_a_key_of_its_namespace(to, event, namespace):
    (task,) = load_workflow(write_sequence([{"listen": {"to": to}}])).do
    strategy = compile_strategy(task.task.listen.to)
    keys = list_strategy_keys(strategy, "test")
    agrees = any(key_event(key.shape, namespace, event) == key.digest for key in keys)
    if namespace == "other":
        assert not agrees
    elif match_with_help(strategy, event) is not None:
        assert agrees


@LAW
@given(hs.lists(hs.sampled_from(TYPES), min_size=1, max_size=3), hs.sampled_from(["one", "any", "all"]), STREAMS)
def test_plain_filters_take_what_they_say(types, mode, stream):
    """Against a model of a few lines."""
    filters = [{"with": {"type": kind}} for kind in types]
    run = begin(write_sequence([{"listen": {"to": {mode: filters[0] if mode == "one" else filters}}}]))
    for event in stream:
        run.stream.append(event)
    run.deliver()
    wanted, taken = list(types[:1] if mode == "one" else types), []
    for position, event in enumerate(stream, start=1):
        if event["type"] in wanted:
            taken.append(position)
            wanted.remove(event["type"])
            if mode != "all":
                wanted = []
    assert run.consumed == taken
    assert (run.state.status == "completed") == (not wanted)


@LAW
@given(hs.one_of(SEQUENCES, hs.builds(write_loop, TASKS)), STREAMS)
def test_a_steady_task_loses_nothing_by_forgetting_what_it_has_passed_over(text, stream):
    run, remembering = Bench(text, {"n": 2}), Bench(text, {"n": 2})
    for node in remembering.program.nodes:
        if node.kind is Kind.LISTEN:
            node.spec = replace(node.spec, strategy=replace(node.spec.strategy, is_steady=False))
    for event in stream:
        for each in (run, remembering):
            each.stream.append(event)
            each.deliver()
    assert tell(run) == tell(remembering)
