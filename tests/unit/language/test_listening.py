"""Listening in the language: how it is compiled, what the linter says of it, and how it is explained."""

from __future__ import annotations

import pytest

from kapell.language import load_workflow, read_document, validate
from kapell.language.compiler import compile_workflow
from kapell.language.explain import explain_workflow
from kapell.language.program import Kind, ListenSpec

HEAD = "document: {dsl: 1.0.3, namespace: test, name: sample, version: 1.0.0}\n"


def compile_listen(task: str) -> ListenSpec:
    program = compile_workflow(load_workflow(HEAD + f"do: [{{a: {{{task}}}}}]"))
    assert program.nodes[1].kind is Kind.LISTEN
    spec: ListenSpec = program.nodes[1].spec
    return spec


def find_problems(body: str) -> list[str]:
    return [str(problem) for problem in validate(read_document(HEAD + body, "w.yaml")).problems]


@pytest.mark.parametrize(
    ("to", "mode", "count"),
    [
        ("{one: {with: {type: a}}}", "one", 1),
        ("{any: [{with: {type: a}}, {with: {type: b}}]}", "any", 2),
        ("{any: []}", "any", 0),
        ("{all: [{with: {type: a}}, {with: {type: b}}]}", "all", 2),
    ],
)
def test_a_strategy_has_a_mode_and_filters(to: str, mode: str, count: int) -> None:
    strategy = compile_listen(f"listen: {{to: {to}}}").strategy
    assert (strategy.mode, len(strategy.filters)) == (mode, count)


def test_what_is_cheap_to_ask_for_comes_first() -> None:
    asked = "{data: '${ .x }', type: 'a.*', subject: s}"
    (spec,) = compile_listen(f"listen: {{to: {{one: {{with: {asked}}}}}}}").strategy.filters
    assert [attribute.name for attribute in spec.attributes] == ["subject", "data", "type"]
    assert [attribute.is_pattern for attribute in spec.attributes] == [False, False, True]
    assert [attribute.literal for attribute in spec.attributes] == ["s", None, "a.*"]


def test_correlations_know_their_path_and_what_they_expect() -> None:
    correlate = "{k: {from: .data.a.b}, l: {from: '${ .data[0] }', expect: '${ .x }'}, m: {from: .id, expect: y}}"
    strategy = compile_listen(f"listen: {{to: {{one: {{with: {{type: a}}, correlate: {correlate}}}}}}}").strategy
    assert [(each.name, each.path, each.expected) for each in strategy.filters[0].correlations] == [
        ("k", ("data", "a", "b"), -1),
        ("l", None, 0),
        ("m", ("id",), 1),
    ]
    assert [expect.is_constant for expect in strategy.expects] == [False, True]


def test_until_is_an_expression_or_a_strategy() -> None:
    strategy = compile_listen("listen: {to: {any: [], until: '(. | length) > 3'}}").strategy
    assert strategy.until is not None
    assert strategy.until.source == "(. | length) > 3"
    strategy = compile_listen("listen: {to: {any: [], until: {all: [{with: {type: x}}]}}}").strategy
    assert strategy.until_events is not None
    assert strategy.until_events.mode == "all"


@pytest.mark.parametrize(
    ("to", "is_steady"),
    [
        ("{one: {with: {type: a, data: '${ .x > 1 }'}}}", True),
        ("{any: [], until: '$context.x'}", True),
        ("{any: [{with: {type: a}, correlate: {k: {from: .data.k}}}]}", True),
        ("{any: [{with: {type: a}}], until: {one: {with: {type: b}}}}", True),
        ("{one: {with: {type: a, subject: '${ $context.x }'}}}", False),
        ("{one: {with: {type: a}, correlate: {k: {from: .data.k, expect: x}}}}", False),
        ("{one: {with: {type: a}, correlate: {k: {from: '.data[$input.x]'}}}}", False),
        ("{all: [{with: {type: a}}, {with: {type: b}}]}", False),
        ("{any: [], until: {all: [{with: {type: a}}, {with: {type: b}}]}}", False),
        ("{any: [{with: {type: a}}], until: {one: {with: {type: '${ $input.x }'}}}}", False),
    ],
)
def test_a_strategy_is_steady_if_what_it_passes_over_is_nothing_to_it_for_ever(to: str, is_steady: bool) -> None:
    assert compile_listen(f"listen: {{to: {to}}}").strategy.is_steady is is_steady


@pytest.mark.parametrize(
    ("task", "keeps_values", "keeps_outputs"),
    [
        ("listen: {to: {any: []}}", False, True),
        ("listen: {to: {any: [], until: '(. | length) > 3'}}", False, True),
        ("listen: {to: {any: [], until: '(. | length) > 3'}}, foreach: {do: [{b: {set: {x: 1}}}]}", True, True),
        ("listen: {to: {any: [], until: $context.x}}, foreach: {do: [{b: {set: {x: 1}}}]}", False, True),
        ("listen: {to: {any: [], until: '${ false }'}}, foreach: {do: [{b: {set: {x: 1}}}]}", False, False),
        ("listen: {to: {any: [], until: 'false'}}", False, False),
    ],
)
def test_what_a_listening_task_keeps(task: str, keeps_values: bool, keeps_outputs: bool) -> None:
    spec = compile_listen(task)
    assert (spec.keeps_values, spec.keeps_outputs) == (keeps_values, keeps_outputs)


def test_the_tasks_of_foreach_are_nodes_below_the_listening_task() -> None:
    text = (
        "do: [{a: {listen: {to: {any: []}}, foreach: {do: [{b: {set: {x: 1}}}, {c: {set: {x: 1}}}]}}}, "
        "{d: {set: {x: 1}}}]"
    )
    program = compile_workflow(load_workflow(HEAD + text))
    assert [node.reference for node in program.nodes] == [
        "",
        "/do/0/a",
        "/do/0/a/foreach/do/0/b",
        "/do/0/a/foreach/do/1/c",
        "/do/1/d",
    ]
    assert (program.nodes[2].next, program.nodes[1].next) == (3, 4)
    handler = program.nodes[1].spec.handler
    assert (handler.each, handler.at, handler.first) == ("item", "index", 2)


def test_a_function_may_listen() -> None:
    text = "use: {functions: {hear: {listen: {to: {any: []}}}}}\ndo: [{a: {call: hear}}]"
    assert find_problems(text) == []
    assert compile_workflow(load_workflow(HEAD + text)).nodes[2].kind is Kind.LISTEN


LINTED = {
    "an event and its index of one name": (
        "do:\n  - a:\n      listen: {to: {any: []}}\n      foreach: {item: x, at: x}",
        "w.yaml:5:7: error: the event and its index cannot both be `$x`",
    ),
    "an until of until": (
        (
            "do:\n  - a:\n      listen:\n        to:\n"
            "          any: []\n          until:\n            any: []\n            until: .x"
        ),
        "w.yaml:9:13: error: `until` cannot stand within `until`",
    ),
    "all of nothing": (
        "do:\n  - a:\n      listen: {to: {all: []}}",
        "w.yaml:4:21: warning: it waits for all of no events, so it never waits. Any event is `any: []`.",
    ),
    "an attribute that no event can have": (
        "do:\n  - a:\n      listen: {to: {one: {with: {my_type: a}}}}",
        (
            "w.yaml:4:34: warning: `my_type` is no name of an attribute of events. "
            "Those are of lower-case letters and digits; what an event tells belongs in its `data`."
        ),
    ),
    "an attribute that no event can emit": (
        "do:\n  - a:\n      emit: {event: {with: {type: x, source: 'https://a.b', myType: a}}}",
        (
            "w.yaml:4:61: warning: `myType` is no name of an attribute of events. "
            "Those are of lower-case letters and digits; what an event tells belongs in its `data`."
        ),
    ),
    "a task after one that listens for ever": (
        ("do:\n  - a:\n      listen: {to: {any: [], until: '${ false }'}}\n  - b:\n      set: {x: 1}"),
        "w.yaml:5:5: warning: the task `b` is never reached. No task goes on to it.",
    ),
    "an attribute that is an object": (
        "do:\n  - a:\n      listen: {to: {one: {with: {owner: {name: a}}}}}",
        "w.yaml:4:41: warning: the attribute `owner` of an event is never an object or array, so no event fits",
    ),
    "a filter of a schedule": (
        "schedule: {on: {one: {with: {my_type: a}}}}\ndo: [{a: {set: {x: 1}}}]",
        (
            "w.yaml:2:30: warning: `my_type` is no name of an attribute of events. "
            "Those are of lower-case letters and digits; what an event tells belongs in its `data`."
        ),
    ),
}


@pytest.mark.parametrize(("body", "said"), LINTED.values(), ids=LINTED)
def test_the_linter_finds(body: str, said: str) -> None:
    assert find_problems(body) == [said]


def test_secrets_cannot_be_read_in_filters() -> None:
    body = "use: {secrets: [s]}\ndo:\n  - a:\n      listen: {to: {one: {with: {subject: '${ $secrets.s }'}}}}"
    (problem,) = find_problems(body)
    assert "`$secrets` cannot be read here: " in problem


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ("listen: {to: {one: {with: {type: a.b}}}}", "listen to one a.b"),
        ("listen: {to: {any: []}, read: raw}", "listen to any event, read as raw"),
        ("listen: {to: {any: [], until: '.[2]'}}", "listen to any event, until `.[2]`"),
        (
            "listen: {to: {any: [{with: {type: a}}, {with: {type: b}}], until: {one: {with: {type: c}}}}}",
            "listen to any of a, b, until one c",
        ),
        (
            "listen: {to: {all: [{with: {type: a, data: '${ .x }'}, correlate: {k: {from: .id}}}]}}",
            "listen to all of a with a certain `data` that correlates by `k`",
        ),
        ("listen: {to: {one: {with: {subject: s}}}}", "listen to one any type with a certain `subject`"),
    ],
)
def test_a_listening_task_is_explained(task: str, said: str) -> None:
    (part,) = explain_workflow(load_workflow(HEAD + f"do: [{{a: {{{task}}}}}]")).parts
    assert (part.text, part.parts) == (said, [])


def test_the_tasks_of_foreach_are_explained_below_it() -> None:
    text = "do: [{a: {listen: {to: {any: []}}, foreach: {item: order, do: [{b: {set: {x: 1}}}]}}}]"
    (part,) = explain_workflow(load_workflow(HEAD + text)).parts
    (handler,) = part.parts
    assert (handler.name, handler.text) == ("foreach", "each `order` as it comes")
    assert [inner.text for inner in handler.parts] == ["set x"]


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        ("{every: PT1H}", "every 1 h"),
        ("{cron: '0 3 * * *'}", "by the cron expression `0 3 * * *`"),
        ("{after: PT10S}", "10 s after its last run ended"),
        ("{on: {any: [{with: {type: a}}]}}", "on any of a"),
    ],
)
def test_a_schedule_is_explained(schedule: str, said: str) -> None:
    outline = explain_workflow(load_workflow(HEAD + f"schedule: {schedule}\ndo: [{{a: {{set: {{x: 1}}}}}}]"))
    assert f"starts by itself: {said}" in outline.notes
