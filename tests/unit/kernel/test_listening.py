"""Listening tasks: which events they take, and what they give."""

import pytest

from kapell.kernel import effects as fx
from kapell.kernel import events as ev
from kapell.kernel.consumption import MOST_POSITIONS, Consumed
from kapell.reasons import Reason

WHY = Reason("test", "The test wants it.")
ONE = "- hear: { listen: { to: { one: { with: { type: a } } } } }"


# -- strategies --------------------------------------------------------------------------------------------------------


def test_one_takes_the_first_event_that_fits(listen):
    run = listen(ONE)
    assert run.send("b").send("c").state.status == "running"
    assert run.send("a", {"n": 1}).output == [{"n": 1}]
    assert run.consumed == [3]
    assert run.asked == [fx.AwaitEvent(1), fx.StopListening(1)]


def test_an_event_that_came_before_the_task_but_after_the_start_is_seen(listen):
    run = listen("- rest: { wait: PT5S }\n" + ONE)
    run.send("a", 1)
    assert run.consumed == []
    run.advance(5)
    assert run.output == [1]


def test_an_event_that_came_before_the_start_is_not_seen(listen):
    run = listen(ONE, position=2)
    run.send("a", "old").send("a", "older")
    assert run.consumed == []
    assert run.send("a", "new").output == ["new"]


def test_any_takes_the_first_that_fits_one_of_the_filters(listen):
    run = listen("- hear: { listen: { to: { any: [ { with: { type: a } }, { with: { type: b } } ] } } }")
    assert run.send("c").send("b", 2).output == [2]


def test_any_of_no_filters_takes_every_event(listen):
    assert listen("- hear: { listen: { to: { any: [] } } }").send("whatever", 1).output == [1]


def test_all_takes_one_event_for_each_filter(listen):
    run = listen("- hear: { listen: { to: { all: [ { with: { type: a } }, { with: { type: b } } ] } } }")
    run.send("b", 1).send("b", 2)
    assert run.state.status == "running"
    assert run.send("a", 3).output == [1, 3]
    assert run.consumed == [1, 3]


def test_an_event_satisfies_the_first_filter_that_is_still_open(listen):
    both = "{ with: { type: a } }, { with: { type: a, subject: x } }"
    run = listen(f"- hear: {{ listen: {{ to: {{ all: [ {both} ] }} }} }}")
    run.send("a", 1, subject="x")
    assert run.send("a", 2).state.status == "running"
    assert run.send("a", 3, subject="x").output == [1, 3]


def test_all_of_nothing_ends_at_once(listen):
    run = listen("- hear: { listen: { to: { all: [] } } }")
    assert run.output == []
    assert run.asked == []


def test_until_is_asked_after_each_event_on_what_was_consumed(listen):
    run = listen("- hear: { listen: { to: { any: [], until: '(. | length) > 2' } } }")
    run.send("a", 1).send("b", 2)
    assert run.state.status == "running"
    assert run.send("c", 3).output == [1, 2, 3]
    handled = [event for event in run.history if isinstance(event, ev.EventHandled)]
    assert [event.ends for event in handled] == [False, False, True]
    assert handled[-1].reason.code == "until_true"


def test_until_that_fails_faults_the_task(listen):
    run = listen("- hear: { listen: { to: { any: [], until: '.[0].missing > 1' } } }")
    run.send("a", "text")
    assert run.state.status == "faulted"
    assert run.state.error.type.endswith("/expression")
    assert run.asked[-1] == fx.StopListening(1)


def test_the_events_of_until_end_the_listening_and_are_no_output(listen):
    run = listen("- hear: { listen: { to: { any: [], until: { one: { with: { type: end } } } } } }")
    assert run.send("a", 1).send("b", 2).send("end", 3).output == [1, 2]
    assert run.consumed == [1, 2, 3]
    assert [event.value for event in run.history if isinstance(event, ev.EventReceived)] == [1, 2, None]


def test_until_may_wait_for_all_of_some_events(listen):
    until = "{ all: [ { with: { type: x } }, { with: { type: y } } ] }"
    run = listen(f"- hear: {{ listen: {{ to: {{ any: [ {{ with: {{ type: a }} }} ], until: {until} }} }} }}")
    run.send("y").send("a", 1).send("y").send("a", 2)
    assert run.send("x").output == [1, 2]


# -- what is read ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("read", "output"),
    [
        ("data", {"n": 1}),
        ("envelope", {"specversion": "1.0", "id": "a", "source": "/test", "type": "a", "data": {"n": 1}}),
        ("raw", '{"specversion":"1.0","id":"a","source":"/test","type":"a","data":{"n":1}}'),
    ],
)
def test_what_is_read_of_an_event(listen, read, output):
    run = listen(f"- hear: {{ listen: {{ to: {{ any: [] }}, read: {read} }} }}")
    assert run.send("a", {"n": 1}).output == [output]


def test_raw_is_the_text_as_it_came(listen):
    run = listen("- hear: { listen: { to: { any: [] }, read: raw } }")
    run.arrive("a", 1)
    text = b'{ "type": "a",  "data": 1.0 }'
    run.do(run.matching(1).match(1, run.stream[0], {}, text).make_command(1))
    assert run.output == [text.decode()]


def test_binary_data_is_read_as_base64_and_no_data_as_null(listen):
    run = listen("- hear: { listen: { to: { any: [], until: '(. | length) == 2' } } }")
    assert run.send("a", data_base64="AAE=").send("b").output == ["AAE=", None]


# -- filters -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "fitting", "unfitting"),
    [
        ("{ data: '${ .t > 38 }' }", {"data": {"t": 39}}, {"data": {"t": 38}}),
        ("{ data: '${ .t > 38 }' }", {"data": {"t": 39}}, {"data": "a text, of which `.t` fails"}),
        ("{ data: { t: 38 } }", {"data": {"t": 38.0}}, {"data": {"t": 38, "u": 1}}),
        ("{ data: '${ {t: 38} }' }", {"data": {"t": 38}}, {"data": {"t": "38"}}),
        ("{ subject: '${ $input.order }' }", {"subject": "o.1"}, {"subject": "oX1"}),
        ("{ subject: '${ . == null }' }", {}, {"subject": "x"}),
        ("{ flag: true }", {"flag": True}, {"flag": 1}),
        ("{ flag: '${ false }' }", {"flag": False}, {"flag": True}),
        ("{ subject: '${ .  | startswith(\"x\") }' }", {"subject": "xy"}, {"subject": "yx"}),
        ("{ type: 'com.example.order.*' }", {"type": "com.example.order.paid"}, {"type": "com.example.invoice"}),
        ("{ type: 'com.example' }", {"type": "com.example"}, {"type": "com-example"}),
        ("{ subject: '[ab]+' }", {"subject": "abba"}, {"subject": "abc"}),
        ("{ subject: 'a|ab' }", {"subject": "ab"}, {"subject": "b"}),
        ("{ subject: 'a)|(b' }", {"subject": "a)|(b"}, {"subject": "a"}),
        ("{ subject: '${ $input.pattern }' }", {"subject": "o-12"}, {"subject": "o-12x"}),
        ("{ source: 'https://a.test/?q=1' }", {"source": "https://a.test/?q=1"}, {"source": "https://a.test/?q=2"}),
        ("{ data: '${ test(\"^a\") }' }", {"data": "ab"}, {"data": "ba"}),
    ],
)
def test_what_fits_a_filter(listen, asked, fitting, unfitting):
    run = listen(
        f"- hear: {{ listen: {{ to: {{ one: {{ with: {asked} }} }} }} }}", {"order": "o.1", "pattern": "o-[0-9]+"}
    )
    run.send(**({"kind": "a"} | _rename(unfitting)))
    assert run.consumed == []
    run.send(**({"kind": "a"} | _rename(fitting)))
    assert run.consumed == [2]


def _rename(attributes):
    return {("kind" if name == "type" else name): value for name, value in attributes.items()}


def test_the_context_is_seen_in_filters_as_it_is_then(listen):
    run = listen(
        """
- set: { set: { x: 1 }, export: { as: "{ wanted: 'two' }" } }
- hear: { listen: { to: { one: { with: { type: a, subject: "${ $context.wanted }" } } } } }
""".replace("'two'", '\\"two\\"')
    )
    assert run.send("a", 1, subject="one").send("a", 2, subject="two").output == [2]


# -- correlations ------------------------------------------------------------------------------------------------------

CORRELATED = """
- first:
    listen:
      to:
        all:
          - { with: { type: a }, correlate: { order: { from: .data.order } } }
          - { with: { type: b }, correlate: { order: { from: .data.order } } }
- then: { listen: { to: { one: { with: { type: c }, correlate: { order: { from: ".data.order" } } } } } }
"""


def test_the_value_that_was_extracted_first_holds_for_the_run(listen):
    run = listen(CORRELATED)
    run.send("a", {"order": 1}).send("b", {"order": 2}).send("c", {"order": 2}).send("b", {"order": 1})
    assert run.state.correlations == {"order": 1}
    assert run.send("c", {"order": 1.0}).output == [{"order": 1.0}]


def test_an_event_without_the_value_does_not_fit(listen):
    run = listen(CORRELATED)
    assert run.send("a", {}).send("a", "text").send("a").consumed == []


def test_an_expected_value_is_evaluated_once_when_the_task_begins(listen):
    run = listen(
        """
- hear:
    input: { from: .wanted }
    listen:
      to: { one: { with: { type: a }, correlate: { order: { from: .data.order, expect: "${ . }" } } } }
""",
        {"wanted": 7},
    )
    assert run.send("a", {"order": 6}).send("a", {"order": "7"}).send("a", {"order": 7}).output == [{"order": 7}]
    entered = next(event for event in run.history if isinstance(event, ev.TaskEntered))
    assert entered.value == [7]


def test_an_expected_null_fits_nothing(listen):
    run = listen("""
- hear:
    listen:
      to: { one: { with: { type: a }, correlate: { order: { from: .data.order, expect: "${ .missing }" } } } }
""")
    assert run.send("a", {"order": 1}).send("a", {"order": None}).consumed == []


LOOP = """
- each:
    for: { each: order, in: "[1, 2, 3]" }
    do:
      - paid:
          listen:
            to: { one: { with: { type: paid }, correlate: { order: { from: .data, expect: "${ $order }" } } } }
"""


def test_each_round_of_a_loop_finds_its_own_event_among_all_since_the_start(listen):
    run = listen(LOOP)
    run.send("paid", 3).send("paid", 2).send("paid", 2)
    assert run.consumed == []
    run.send("paid", 1)
    assert run.consumed == [4, 2, 1]
    assert run.output == [3]


def test_a_loop_takes_no_event_twice(listen):
    run = listen("""
- each:
    for: { each: x, in: "[1, 2, 3]" }
    do: [ { hear: { listen: { to: { one: { with: { type: a } } } } } } ]
""")
    run.send("a", 1)
    assert run.consumed == [1]
    run.send("b").send("a", 2)
    assert run.send("a", 3).output == [3]
    assert run.consumed == [1, 3, 4]
    assert run.state.consumed[run.program.by_reference["/do/0/each/do/0/hear"]] == Consumed(4, [])


def test_a_task_that_the_flow_comes_back_to_takes_no_event_twice(listen):
    run = listen("""
- hear: { listen: { to: { all: [ { with: { type: a } }, { with: { type: b } } ] } } }
- again: { switch: [ { once: { when: ".[0] < 3", then: hear } }, { done: { then: end } } ] }
""")
    run.send("a", 1).send("a", 2).send("a", 3)
    assert run.consumed == [1]
    run.send("b", 1)
    assert run.consumed == [1, 4, 2]
    run.send("b", 2)
    assert run.consumed == [1, 4, 2, 5, 3]
    assert run.send("b", 3).output == [3, 3]


def test_two_tasks_may_take_the_same_event(listen):
    run = listen(ONE + "\n" + ONE.replace("hear", "hear-again"))
    assert run.send("a", 1).output == [1]
    assert run.consumed == [1, 1]


def test_beyond_some_positions_all_below_count_as_consumed():
    consumed = Consumed()
    for position in range(2, 2 + MOST_POSITIONS):
        consumed.add(position, is_steady=False)
    assert consumed.floor == 0
    assert not consumed.holds(1)
    consumed.add(20_000, is_steady=False)
    assert consumed == Consumed(20_000, [])
    assert consumed.holds(1)
    consumed.add(20_002, is_steady=False)
    assert [consumed.holds(position) for position in (20_000, 20_001, 20_002)] == [True, False, True]


# -- foreach -----------------------------------------------------------------------------------------------------------

FOREACH = """
- hear:
    listen: { to: { any: [ { with: { type: a } } ], until: "(. | length) == 2" } }
    foreach:
      item: reading
      at: number
      do:
        - rest: { wait: PT1S }
        - make: { set: { is: "${ $reading * 10 + $number }", input: "${ . }" } }
      output: { as: .is }
      export: { as: "{ last: $reading, sum: (($context.sum // 0) + .) }" }
- give: { set: { heard: "${ . }", context: "${ $context }" } }
"""


def test_each_event_goes_through_the_tasks_of_foreach_one_after_the_other(listen):
    run = listen(FOREACH, "start")
    run.send("a", 4).send("a", 5).send("a", 6)
    assert run.consumed == [1]
    assert run.listening == []
    run.advance(1)
    assert run.consumed == [1, 2]
    run.advance(1)
    assert run.output == {"heard": [40, 51], "context": {"last": 5, "sum": 91}}
    assert run.consumed == [1, 2]
    assert run.asked == [fx.AwaitEvent(1), fx.AwaitEvent(1), fx.StopListening(1)]


def test_the_tasks_of_foreach_begin_with_the_input_of_the_listening_task(listen):
    run = listen(
        FOREACH.replace("as: .is", "as: ., schema: { document: { type: object } }").replace(" + .)", ")"), "in"
    )
    run.send("a", 4).send("a", 5)
    run.advance(2)
    assert [item["input"] for item in run.output["heard"]] == ["in", "in"]


def test_the_references_of_foreach_have_the_number_of_the_event(listen):
    run = listen(FOREACH)
    run.send("a", 4).send("a", 5)
    run.advance(1)
    assert [entry.reference for entry in run.state.entries.values()] == [
        "",
        "/do/0/hear",
        "/do/0/hear/foreach/1/do/0/rest",
    ]
    assert "/do/0/hear/foreach/do/0/rest" in run.program.by_reference


def test_foreach_without_tasks_transforms_the_event_itself(listen):
    run = listen("- hear: { listen: { to: { any: [] } }, foreach: { output: { as: '. + $item + $index' } } }")
    assert run.send("a", 4).output == [8]


def test_an_exit_of_the_tasks_of_foreach_ends_the_event_and_an_end_the_run(listen):
    tasks = """
- hear:
    listen: { to: { any: [], until: "false" } }
    foreach:
      do:
        - choose: { switch: [ { go: { when: "$item == 1", then: exit } }, { stop: { then: end } } ] }
        - never: { raise: { error: { type: "https://a.test/x", status: 500 } } }
"""
    run = listen(tasks, "in")
    run.send("a", 1)
    assert run.state.status == "running"
    assert run.send("a", 2).output == "in"
    assert run.asked[-1] == fx.StopListening(1)


def test_a_listening_without_end_keeps_nothing_of_its_events(listen):
    run = listen("""
- hear:
    listen: { to: { any: [], until: "${ false }" } }
    foreach: { do: [ { keep: { set: { text: "${ $item }" } } } ], output: { as: .text } }
""")
    for number in range(20):
        run.send("a", f"the event {number} " + "x" * 1000)
    assert run.state.entries[1].listening.count == 20
    run.crash(snapshot=True)
    assert "xxx" not in str(run.state)
    assert "xxx" not in str(run.state.entries)


def test_a_listening_with_an_until_of_events_keeps_its_output(listen):
    run = listen("""
- hear:
    listen: { to: { any: [], until: { one: { with: { type: end } } } } }
    foreach: { do: [ { keep: { set: "${ {n: $item} }" } } ], output: { as: .n } }
""")
    assert run.send("a", 1).send("a", 2).send("end").output == [1, 2]


def test_until_sees_what_was_read_where_foreach_makes_something_else_of_it(listen):
    run = listen("""
- hear:
    listen: { to: { any: [], until: "add > 5" } }
    foreach: { output: { as: '"made"' } }
""")
    assert run.send("a", 2).send("a", 3).send("a", 1).output == ["made", "made", "made"]


def test_until_sees_the_context_that_the_event_has_made(listen):
    run = listen("""
- hear:
    listen: { to: { any: [], until: "$context.done" } }
    foreach: { export: { as: "{ done: ($item == 3) }" } }
""")
    assert run.send("a", 2).send("a", 3).send("a", 1).output == [2, 3]
