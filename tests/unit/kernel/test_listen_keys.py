"""Keys: what of an event tells, without evaluating anything, whether a task may want it."""

import pytest
from tests.listening_bench import make_event

from kapell.kernel.listening import (
    ListenKey,
    key_event,
    list_keys,
    list_strategy_keys,
    make_key,
    match_event,
)
from kapell.language import load_workflow
from kapell.language.compiler_events import compile_strategy, is_pattern

HEAD = "document: { dsl: '1.0.3', namespace: test, name: unit, version: '1.0.0' }\n"


def read_strategy(to):
    (named,) = load_workflow(HEAD + f"do: [ {{ hear: {{ listen: {{ to: {to} }} }} }} ]").do
    return compile_strategy(named.task.listen.to)


def shapes(run, entry=1):
    return [key.shape for key in list_keys(run.program, run.state, entry)]


@pytest.mark.parametrize(
    ("asked", "shape"),
    [
        ("with: { type: a }", "type"),
        ("with: { type: com.example.paid, source: 'https://a.test/x' }", "source|type"),
        ("with: { type: a, data: '${ .n > 1 }' }", "type"),
        ("with: { data: '${ .n > 1 }' }", ""),
        ("with: { type: 'a.*' }", ""),
        ("with: { type: '${ .  }' }", ""),
        ("with: { type: a, level: 3, flag: true }", "flag|level|type"),
        ("with: { type: a, data: { n: 1 } }", "type"),
        ("with: { type: a, data: 7 }", "data|type"),
        ("with: { type: a, subject: '${ $input.order }' }", "subject|type"),
        ("with: { type: a, subject: '${ $input.pattern }' }", "type"),
        ("with: { type: a, subject: '${ $input.order == 1 }' }", "type"),
        ("with: { type: a, subject: '${ $input.order | test(\"a\") }' }", "type"),
        ("with: { type: a, subject: '${ $input.missing }' }", "type"),
        ("with: { type: a }, correlate: { k: { from: .data.order.id } }", "type"),
        ("with: { type: a }, correlate: { k: { from: .data.order.id, expect: x } }", "data.order.id|type"),
        ("with: { type: a }, correlate: { k: { from: '${ .data.id }', expect: '${ .order }' } }", "data.id|type"),
        ("with: { type: a }, correlate: { k: { from: '.data[0]', expect: x } }", "type"),
        ("with: { type: a }, correlate: { k: { from: '.data[\"a b\"]', expect: x } }", "type"),
        ("with: { type: a }, correlate: { k: { from: '.data.a | tostring', expect: x } }", "type"),
    ],
)
def test_the_places_that_a_filter_names_are_its_shape(listen, asked, shape):
    run = listen(f"- hear: {{ listen: {{ to: {{ one: {{ {asked} }} }} }} }}", {"order": "o1", "pattern": "o[0-9]"})
    assert shapes(run) == [shape]


def test_there_is_a_key_for_each_filter_that_is_still_of_interest(listen):
    run = listen("- hear: { listen: { to: { all: [ { with: { type: a } }, { with: { type: b, subject: c } } ] } } }")
    assert shapes(run) == ["subject|type", "type"]
    run.send("a")
    assert shapes(run) == ["subject|type"]
    run.send("b", subject="c")
    assert list_keys(run.program, run.state, 1) == ()


def test_the_events_of_until_have_keys_too(listen):
    run = listen("- hear: { listen: { to: { any: [], until: { one: { with: { type: end } } } } } }")
    assert list_keys(run.program, run.state, 1) == (make_key("test", {}), make_key("test", {"type": "end"}))


def test_a_correlation_becomes_a_part_of_the_key_when_its_value_is_known(listen):
    run = listen("""
- hear:
    listen:
      to:
        all:
          - { with: { type: a }, correlate: { k: { from: .data.k } } }
          - { with: { type: b }, correlate: { k: { from: .subject } } }
""")
    assert shapes(run) == ["type", "type"]
    run.send("a", {"k": "x"})
    assert list_keys(run.program, run.state, 1) == (make_key("test", {"subject": "x", "type": "b"}),)


def test_a_key_is_of_its_namespace_and_of_equal_values():
    key = make_key("test", {"type": "a", "data.n": 2.0})
    assert key == make_key("test", {"data.n": 2, "type": "a"})
    assert key != make_key("other", {"type": "a", "data.n": 2})
    assert key.shape == "data.n|type"
    assert len(key.digest) == 16
    assert key_event(key.shape, "test", make_event("a", {"n": 2})) == key.digest
    assert key_event(key.shape, "other", make_event("a", {"n": 2})) != key.digest
    assert key_event(key.shape, "test", make_event("a", {"n": "2"})) != key.digest
    assert key_event("data.n", "test", make_event("a", {"n": 1})) != key_event(
        "data.n", "test", make_event("a", {"n": True})
    )


@pytest.mark.parametrize("data", [None, "text", {}, {"n": None}, {"n": {"m": 1}}, {"n": [1]}, [1]])
def test_an_event_without_the_value_has_no_key_of_the_shape(data):
    assert key_event("data.n|type", "test", make_event("a", data)) is None


def test_the_empty_shape_is_every_event_of_the_namespace():
    assert key_event("", "test", make_event("a")) == make_key("test", {}).digest
    assert key_event("", "test", make_event("b")) == key_event("", "test", make_event("a"))
    assert key_event("", "other", make_event("a")) != key_event("", "test", make_event("a"))


@pytest.mark.parametrize("text", ["com.example.order-placed_v1", "https://a.test/x", "a b", ""])
def test_a_dot_makes_no_pattern(text):
    assert not is_pattern(text)


@pytest.mark.parametrize("text", ["a*", "a+", "a?", "[a]", "(a)", "a|b", "^a", "a$", "a\\.b", "a{2}"])
def test_any_other_operator_makes_a_pattern(text):
    assert is_pattern(text)


def test_a_task_that_does_not_listen_has_no_keys(listen):
    run = listen("- rest: { wait: PT1S }")
    assert list_keys(run.program, run.state, 1) == ()
    assert list_keys(run.program, run.state, 7) == ()
    matching = run.matching(1)
    assert (matching.cursor, matching.match(1, make_event("a"), {})) == (0, None)


# -- without a run -----------------------------------------------------------------------------------------------------


def test_a_strategy_matches_without_a_run():
    strategy = read_strategy("{ any: [ { with: { type: a } }, { with: { type: b, data: '${ .n > 1 }' } } ] }")
    assert match_event(strategy, make_event("a"), {}).filter == 0
    assert match_event(strategy, make_event("b", {"n": 2}), {}).filter == 1
    assert match_event(strategy, make_event("b", {"n": 1}), {}) is None
    assert [key.shape for key in list_strategy_keys(strategy, "test")] == ["type", "type"]
    assert all(isinstance(key, ListenKey) for key in list_strategy_keys(strategy, "test"))


def test_expressions_without_a_run_see_the_event_alone():
    strategy = read_strategy("{ one: { with: { type: a, subject: '${ $context.x // \"none\" }' } } }")
    assert match_event(strategy, make_event("a", subject="none"), {}) is not None


def test_what_correlates_without_a_run_is_given_back_and_what_is_expected_holds():
    correlate = "{ k: { from: .data.k }, l: { from: .data.l, expect: '${ .subject }' } }"
    strategy = read_strategy(f"{{ one: {{ with: {{ type: a }}, correlate: {correlate} }} }}")
    fit = match_event(strategy, make_event("a", {"k": 1, "l": "s"}, subject="s"), {})
    assert fit.correlations == {"k": 1, "l": "s"}
    assert match_event(strategy, make_event("a", {"k": 1, "l": "t"}, subject="s"), {}) is None


def test_an_expectation_that_fails_without_a_run_fits_nothing():
    correlate = "{ k: { from: .data, expect: '${ .subject.x }' } }"
    strategy = read_strategy(f"{{ one: {{ with: {{ type: a }}, correlate: {correlate} }} }}")
    assert match_event(strategy, make_event("a", 1, subject="s"), {}) is None


def test_with_all_only_the_filters_that_are_open_count():
    strategy = read_strategy("{ all: [ { with: { type: a } }, { with: { type: a, subject: s } } ] }")
    event = make_event("a", subject="s")
    assert match_event(strategy, event, {}).filter == 0
    assert match_event(strategy, event, {}, [0]).filter == 1
    assert match_event(strategy, event, {}, [0, 1]) is None
