"""Limits: the number of tasks, the size of values, and that a run that meets one ends readable."""

import pytest

from kapell.kernel.limits import Limits
from kapell.testing.engine_kit import EngineKit

SMALL = Limits(max_value_bytes=1000)


async def test_a_run_that_enters_too_many_tasks_faults_at_that_task(run_error):
    error = await run_error(
        "- l: { for: { in: '[range(200)]' }, do: [ { a: { set: { n: '${ $item }' } } } ] }", limits=Limits(max_tasks=50)
    )
    assert error.type.endswith("/runtime")
    assert "entered 50 tasks" in error.detail
    assert "max_tasks_per_run" in error.detail
    assert error.instance == "/do/0/l/for/49/do/0/a"


async def test_a_run_that_goes_round_in_circles_meets_the_limit(run_error):
    error = await run_error(
        "- a: { set: { x: 1 } }\n- b: { switch: [ { again: { when: 'true', then: a } } ] }", limits=Limits(max_tasks=99)
    )
    assert "max_tasks_per_run" in error.detail


async def test_no_catch_and_no_retry_outlives_the_limit(run_error):
    error = await run_error(
        """
        - t:
            try: [ { a: { set: { x: 1 } } }, { f: { raise: { error: { type: "https://a.test/x", status: 1 } } } } ]
            catch: { retry: {}, do: [ { h: { set: { x: 2 } } } ] }
        """,
        limits=Limits(max_tasks=99),
    )
    assert "max_tasks_per_run" in error.detail


@pytest.mark.parametrize(
    "task",
    [
        "{ set: { x: '${ [range(1000)] }' } }",
        "{ input: { from: '[range(1000)]' }, set: { x: 1 } }",
        "{ set: { x: 1 }, output: { as: '[range(1000)]' } }",
        "{ set: { x: 1 }, export: { as: '[range(1000)]' } }",
        "{ for: { in: '[range(1000)]' }, do: [ { a: { set: { x: 1 } } } ] }",
        "{ raise: { error: { type: 'https://a.test', status: 1, detail: '${ [range(1000)] | tostring }' } } }",
        "{ emit: { event: { with: { type: t, source: 'https://a.test', data: '${ [range(1000)] }' } } } }",
        "{ call: http, with: { method: post, endpoint: 'https://a.test', body: '${ [range(1000)] }' } }",
        "{ call: http, with: { method: get, endpoint: 'https://a.test' } }",
        "{ run: { workflow: { namespace: a, name: b, version: 1.0.0, input: { x: '${ [range(1000)] }' } } } }",
    ],
)
async def test_a_value_that_is_too_large_is_an_error_of_its_task(run, task):
    ended = await run(
        f"- t: {{ try: [ {{ a: {task} }} ], catch: {{ do: [ {{ h: {{ set: {{ e: '${{ $error }}' }} }} }} ] }} }}",
        limits=SMALL,
        activities={"http": lambda _: "x" * 2000},
    )
    assert ended.outcome.status == "completed", ended.outcome
    error = ended.outcome.output["e"]
    assert error["status"] == 413
    assert error["instance"] == "/do/0/t/try/0/a"
    assert "1,000 bytes" in error["detail"]
    assert "max_value_bytes" in error["detail"]


async def test_data_that_grows_step_by_step_meets_the_limit(run_error):
    error = await run_error(
        """
        - a: { set: { x: "abcdefghij" } }
        - l: { for: { in: "[range(30)]" }, do: [ { b: { set: { x: "${ .x + .x }" } } } ] }
        """,
        limits=SMALL,
    )
    assert error.status == 413


async def test_large_values_are_stored_once_and_come_back(workflow):
    async with EngineKit() as kit:
        text = workflow(
            "- a: { set: { x: '${ .x }', y: 1 } }\n- w: { wait: PT1S }\n"
            "- b: { set: { x: '${ .x }', y: 1 } }\n- v: { wait: PT1S }"
        )
        run_id = kit.start(text, {"x": "ä" * 50_000})
        await kit.advance(1)
        await kit.crash()
        ended = await kit.finish(run_id)
        medium = kit.store._medium
        assert ended.outcome.output == {"x": "ä" * 50_000, "y": 1}
        assert len(medium.payloads) == 2
        assert sum(len(row.body) for run in medium.runs.values() for row in run.rows) < 20_000
