"""Each kind of task, as far as the decisions' scenarios do not tell it already."""

import pytest

from kapell.kernel.events import LoopEnded, TaskCompleted, TaskSkipped
from kapell.sdk import ActivityError

TIMEOUT = "https://serverlessworkflow.io/spec/1.0.0/errors/timeout"
EXPRESSION = "https://serverlessworkflow.io/spec/1.0.0/errors/expression"


async def test_do_runs_its_tasks_in_order_and_gives_the_last_output(run):
    ended = await run("- d: { do: [ { a: { set: { x: 1 } } }, { b: { set: { y: '${ .x }' } } } ] }")
    assert ended.outcome.output == {"y": 1}
    assert ended.tasks == ["d", "a", "b"]


@pytest.mark.parametrize(
    ("then", "tasks"),
    [("continue", ["d", "a", "b", "z"]), ("exit", ["d", "a", "z"]), ("end", ["d", "a"]), ("c", ["d", "a", "c", "z"])],
)
async def test_where_then_leads_from_a_nested_list(run, then, tasks):
    ended = await run(
        f"""
        - d:
            do:
              - a: {{ set: {{ x: 1 }}, then: {then} }}
              - b: {{ set: {{ x: 2 }}, then: exit }}
              - c: {{ set: {{ x: 3 }} }}
        - z: {{ set: {{ x: "${{ .x + 10 }}" }} }}
        """
        if then == "c"
        else f"""
        - d: {{ do: [ {{ a: {{ set: {{ x: 1 }}, then: {then} }} }}, {{ b: {{ set: {{ x: 2 }} }} }} ] }}
        - z: {{ set: {{ x: "${{ .x + 10 }}" }} }}
        """
    )
    assert ended.outcome.status == "completed"
    assert ended.tasks == tasks


async def test_end_inside_a_loop_and_a_fork_ends_the_run_with_that_output(run):
    ended = await run(
        """
        - f:
            fork:
              branches:
                - long: { wait: { days: 1 } }
                - l: { for: { in: "[1, 2]" }, do: [ { a: { set: { at: "${ $item }" }, then: end } } ] }
        - z: { set: { never: true } }
        """
    )
    assert ended.outcome.output == {"at": 1}
    assert "z" not in ended.tasks


async def test_exit_inside_a_loop_ends_the_iteration(run_output):
    output = await run_output(
        """
        - l:
            for: { in: "[1, 2]" }
            do:
              - a: { set: { all: "${ .all + [$item] }" }, then: exit }
              - b: { set: { all: [] } }
        """
    )
    assert output == {"all": [1, 2]}


async def test_set_may_be_one_expression(run_output):
    assert await run_output("- a: { set: '${ .list }' }", {"list": [1]}) == [1]


async def test_switch_takes_the_first_case_that_holds_and_says_why(run):
    ended = await run(
        """
        - s:
            switch:
              - low: { when: .n < 3, then: a }
              - mid: { when: .n < 9, then: b }
              - any: { then: end }
        - a: { set: { took: a }, then: end }
        - b: { set: { took: b, seen: "${ . }" } }
        """,
        {"n": 5},
    )
    assert ended.outcome.output == {"took": "b", "seen": {"n": 5}}
    (chosen,) = [event for event in ended.history if isinstance(event, TaskCompleted) and event.case]
    assert chosen.case == "mid"
    assert chosen.reason.code == "case_matched"
    assert ".n < 9" in chosen.reason.text


async def test_switch_without_a_case_that_holds_follows_its_then(run):
    ended = await run(
        """
        - s: { switch: [ { low: { when: "false", then: a } } ], then: b }
        - a: { set: { took: a } }
        - b: { set: { took: b } }
        """
    )
    assert ended.tasks == ["s", "b"]


async def test_switch_transforms_its_output_too(run_output):
    output = await run_output(
        "- s: { switch: [ { low: { when: 'true', then: b } } ], output: { as: '{ n: (.n + 1) }' } }\n"
        "- a: { set: { x: 1 } }\n- b: { set: { n: '${ .n }' } }",
        {"n": 1},
    )
    assert output == {"n": 2}


async def test_for_refuses_what_is_no_array(run_error):
    error = await run_error("- l: { for: { in: .n }, do: [ { a: { set: { x: 1 } } } ] }", {"n": {"a": 1}})
    assert error.type == EXPRESSION
    assert "must give an array, not an object" in error.detail


async def test_for_uses_item_and_index_by_default(run_output):
    output = await run_output(
        "- l: { for: { in: '[7, 8]' }, do: [ { a: { set: { all: '${ .all + [[$item, $index]] }' } } } ] }"
    )
    assert output == {"all": [[7, 0], [8, 1]]}


async def test_for_says_why_it_ended(run):
    ended = await run("- l: { for: { in: '[1, 2]' }, while: $index < 1, do: [ { a: { set: { x: 1 } } } ] }")
    (event,) = [event for event in ended.history if isinstance(event, LoopEnded)]
    assert event.reason.code == "while_false"
    assert "before iteration 1" in event.reason.text


async def test_a_skipped_task_says_why(run):
    ended = await run("- a: { if: .go, set: { x: 1 } }")
    (event,) = [event for event in ended.history if isinstance(event, TaskSkipped)]
    assert event.reason.code == "condition_false"
    assert ".go" in event.reason.text


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("{ seconds: 90 }", 90),
        ("{ days: 1, hours: 2, minutes: 3, seconds: 4, milliseconds: 500 }", 93784.5),
        ("PT1H30M", 5400),
        ("P1W", 604800),
        ("${ {minutes: .n} }", 180),
        ('${ "PT\\(.n)S" }', 3),
    ],
)
async def test_wait_lasts_as_long_as_it_says(run, written, seconds):
    quoted = written if written.startswith("{") else f"'{written}'"
    ended = await run(f"- w: {{ wait: {quoted} }}", {"n": 3})
    assert ended.outcome.output == {"n": 3}
    assert (ended.history[-1].at - ended.history[0].at) / 1e6 == seconds


async def test_wait_refuses_what_is_no_duration(run_error):
    assert (await run_error("- w: { wait: '${ .n }' }", {"n": 3})).type == EXPRESSION


async def test_raise_gives_all_members(run_error):
    error = await run_error(
        """
        - r:
            raise:
              error:
                type: https://a.test/x
                status: 418
                title: "${ .t }"
                detail: '${ "hot " + .t }'
                instance: /own/place
        """,
        {"t": "Teapot"},
    )
    assert error.to_json() == {
        "type": "https://a.test/x",
        "status": 418,
        "title": "Teapot",
        "detail": "hot Teapot",
        "instance": "/own/place",
    }


async def test_raise_by_name(run_error):
    error = await run_error(
        "- r: { raise: { error: teapot } }",
        {"who": "me"},
        more='use: { errors: { teapot: { type: "https://a.test/x", status: 418, title: "${ .who }" } } }',
    )
    assert (error.status, error.title, error.instance) == (418, "me", "/do/0/r")


async def test_emit_records_the_event_and_gives_it(run):
    ended = await run(
        "- e: { emit: { event: { with: { type: t, source: 'https://a.test', subject: s, data: '${ .n }' } } } }",
        {"n": 4},
    )
    (event,) = ended.emitted
    assert ended.outcome.output == event
    assert event | {"id": 0} == {
        "specversion": "1.0",
        "id": 0,
        "source": "https://a.test",
        "type": "t",
        "subject": "s",
        "time": "2026-01-01T00:00:00Z",
        "data": 4,
        "datacontenttype": "application/json",
    }


async def test_emit_publishes_the_event_and_not_what_output_as_makes_of_it(run):
    ended = await run(
        "- e: { emit: { event: { with: { type: t, source: 'https://a.test' } } }, output: { as: .type } }"
    )
    assert ended.outcome.output == "t"
    assert ended.emitted[0]["source"] == "https://a.test"


async def test_each_emitted_event_has_an_id_of_its_own(run):
    first = await run("- l: { for: { in: '[1, 2]' }, do: [ { e: { emit: { event: { with: { type: t } } } } } ] }")
    assert len({event["id"] for event in first.emitted}) == 2


async def test_what_emit_writes_itself_goes_before_what_is_made_up(run):
    ended = await run("- e: { emit: { event: { with: { type: t, id: mine, time: '2020-01-01T00:00:00Z' } } } }")
    assert (ended.emitted[0]["id"], ended.emitted[0]["time"]) == ("mine", "2020-01-01T00:00:00Z")


# -- activities -------------------------------------------------------------------------------------------------------


async def test_a_call_gets_evaluated_arguments_and_gives_the_output(run):
    seen = []

    def call(request):
        seen.append(request)
        return {"body": request.arguments["body"]}

    ended = await run(
        """
        - c:
            input: { from: "{ id: .n }" }
            call: http
            with: { method: post, endpoint: "https://a.test/{id}", body: { id: "${ .id }", fixed: [ "${ .id + 1 }" ] } }
        """,
        {"n": 7},
        activities={"http": call},
    )
    assert ended.outcome.output == {"body": {"id": 7, "fixed": [8]}}
    (request,) = seen
    assert request.kind == "http"
    assert request.input == {"id": 7}
    assert (request.reference, request.entry, request.attempt) == ("/do/0/c", 1, 1)
    assert request.key == f"{ended.run_id}/do/0/c/1/1"


async def test_an_activitys_error_gets_the_tasks_place(run_error):
    def fail(_request):
        raise ActivityError("authorization", 403, "Forbidden", "not you")

    error = await run_error(
        "- c: { call: http, with: { method: get, endpoint: 'https://a.test' } }", activities={"http": fail}
    )
    assert error.to_json() == {
        "type": "https://serverlessworkflow.io/spec/1.0.0/errors/authorization",
        "status": 403,
        "title": "Forbidden",
        "detail": "not you",
        "instance": "/do/0/c",
    }


async def test_an_activity_that_breaks_is_a_runtime_error_of_its_task(run_error, caplog):
    def break_down(_request):
        raise ZeroDivisionError("oh")

    error = await run_error(
        "- c: { call: http, with: { method: get, endpoint: 'https://a.test' } }", activities={"http": break_down}
    )
    assert error.type.endswith("/runtime")
    assert "ZeroDivisionError: oh" in error.detail
    assert error.instance == "/do/0/c"


async def test_what_a_process_returns_is_asked_of_the_activity(run):
    seen = []
    await run(
        "- a: { run: { shell: { command: x }, return: all } }\n- b: { run: { script: { language: python, code: x } } }",
        activities={"shell": seen.append, "script": seen.append},
    )
    assert [(request.kind, request.returns) for request in seen] == [("shell", "all"), ("script", "stdout")]


async def test_work_that_is_not_awaited_begins_and_the_flow_goes_on(run):
    seen = []

    async def work(request):
        seen.append(request)

    ended = await run(
        """
        - a:
            input: { from: "{ m: .n }" }
            run: { shell: { command: "${ .m }" }, await: false }
            output: { as: "{ got: . }" }
        - b: { set: { x: "${ .got }" } }
        """,
        {"n": "x"},
        activities={"shell": work},
    )
    assert ended.outcome.output == {"x": {"m": "x"}}
    assert [request.arguments for request in seen] == [{"command": "x"}]


async def test_a_failure_of_work_that_is_not_awaited_does_not_reach_the_run(run):
    def fail(_request):
        raise ActivityError("runtime", 500, "Oh")

    ended = await run(
        "- a: { run: { shell: { command: x }, await: false } }\n- b: { wait: { seconds: 5 } }",
        activities={"shell": fail},
    )
    assert ended.outcome.status == "completed"


# -- functions --------------------------------------------------------------------------------------------------------


async def test_a_function_gets_its_arguments_as_input(run):
    ended = await run(
        "- f: { call: double, with: { n: '${ .n + 1 }' }, output: { as: '{ result: ., was: $input.n }' } }",
        {"n": 4},
        more="use: { functions: { double: { set: { twice: '${ .n * 2 }' } } } }",
    )
    assert ended.outcome.output == {"result": {"twice": 10}, "was": 4}


async def test_functions_call_functions_and_activities(run):
    seen = []
    more = """
use:
  functions:
    fetch: { call: http, with: { method: get, endpoint: "https://a.test/{id}" } }
    both: { do: [ { one: { call: fetch, with: { id: "${ .first }" } } }, { two: { call: fetch, with: { id: 2 } } } ] }
"""
    ended = await run(
        "- f: { call: both, with: { first: 1 } }",
        more=more,
        activities={"http": lambda request: seen.append((request.reference, request.input)) or {}},
    )
    assert ended.outcome.status == "completed"
    assert seen == [
        ("/do/0/f/call/both/do/0/one/call/fetch", {"id": 1}),
        ("/do/0/f/call/both/do/1/two/call/fetch", {"id": 2}),
    ]


async def test_a_functions_own_data_flow_and_end(run):
    more = "use: { functions: { stop: { set: { x: '${ .n }' }, output: { as: '{ y: .x }' }, then: end } } }"
    ended = await run("- f: { call: stop, with: { n: 1 } }\n- z: { set: { never: 1 } }", more=more)
    assert ended.outcome.output == {"y": 1}
    assert "z" not in ended.tasks
