"""Timeouts of tasks, of the workflow and of retries: abrupt, catchable, and exact to the moment (dsl.md, Timeouts)."""

import pytest

from kapell.sdk import ActivityError
from kapell.testing.engine_kit import Takes

TIMEOUT = "https://serverlessworkflow.io/spec/1.0.0/errors/timeout"


def seconds_of(ended):
    return (ended.history[-1].at - ended.history[0].at) / 1e6


@pytest.mark.parametrize(
    "task",
    [
        "{ wait: { hours: 1 }, timeout: { after: { seconds: 5 } } }",
        "{ wait: PT1H, timeout: { after: PT5S } }",
        "{ wait: { hours: 1 }, timeout: { after: '${ {seconds: .five} }' } }",
        "{ wait: { hours: 1 }, timeout: short }",
        "{ do: [ { w: { wait: { hours: 1 } } } ], timeout: { after: { seconds: 5 } } }",
        "{ for: { in: '[1, 2, 3]' }, do: [ { w: { wait: { seconds: 2 } } } ], timeout: { after: { seconds: 5 } } }",
        "{ fork: { branches: [ { w: { wait: PT1H } }, { v: { wait: PT2H } } ] }, timeout: { after: PT5S } }",
        "{ try: [ { w: { wait: PT1H } } ], catch: { do: [ { h: { set: { no: 1 } } } ] }, timeout: { after: PT5S } }",
        "{ call: http, with: { method: get, endpoint: 'https://a.test' }, timeout: { after: { seconds: 5 } } }",
        "{ call: f, with: {}, timeout: { after: { seconds: 5 } } }",
    ],
)
async def test_a_task_that_takes_too_long_is_interrupted_with_a_timeout_error(run, task):
    ended = await run(
        f"- slow: {task}",
        {"five": 5},
        more="use: { timeouts: { short: { after: { seconds: 5 } } }, functions: { f: { wait: { hours: 1 } } } }",
        activities={"http": lambda _: Takes(3600)},
    )
    error = ended.outcome.error
    assert (error.type, error.status, error.instance) == (TIMEOUT, 408, "/do/0/slow")
    assert seconds_of(ended) == 5


async def test_a_task_that_is_quick_enough_does_not_time_out(run_output):
    assert (
        await run_output("- a: { wait: { seconds: 4 }, timeout: { after: { seconds: 5 } } }\n- b: { wait: PT1H }") == {}
    )


async def test_a_timeout_can_be_caught_and_the_attempt_is_cancelled(run):
    seen = []

    async def slow(request):
        seen.append(request)
        return Takes(3600)

    ended = await run(
        """
        - t:
            try: [ { c: { call: http, with: { method: get, endpoint: "https://a.test" }, timeout: { after: PT3S } } } ]
            catch:
              errors: { with: { type: "https://serverlessworkflow.io/dsl/errors/types/timeout" } }
              do: [ { h: { set: { caught: "${ $error.instance }" } } } ]
        """,
        activities={"http": slow},
    )
    assert ended.outcome.output == {"caught": "/do/0/t/try/0/c"}
    assert seconds_of(ended) == 3


async def test_the_workflows_timeout_faults_the_run_and_cannot_be_caught_inside(run):
    ended = await run(
        "- t: { try: [ { w: { wait: PT1H } } ], catch: { do: [ { h: { set: { no: 1 } } } ] } }",
        more="timeout: { after: { seconds: 7 } }",
    )
    assert ended.outcome.status == "faulted"
    assert ended.outcome.error.type == TIMEOUT
    assert seconds_of(ended) == 7


async def test_a_timeout_runs_over_the_waits_of_retries(run):
    def fail(_request):
        raise ActivityError("communication", 503, "Oh")

    ended = await run(
        """
        - t:
            timeout: { after: { seconds: 10 } }
            try: [ { c: { call: http, with: { method: get, endpoint: "https://a.test" } } } ]
            catch: { retry: { delay: { seconds: 4 } } }
        """,
        activities={"http": fail},
    )
    assert ended.outcome.error.type == TIMEOUT
    assert ended.outcome.error.instance == "/do/0/t"
    assert seconds_of(ended) == 10


async def test_each_retry_may_have_a_limit_of_its_own(run):
    answers = iter([ActivityError("communication", 503, "Oh"), Takes(60, "slow"), Takes(1, "quick")])

    def call(_request):
        answer = next(answers)
        if isinstance(answer, ActivityError):
            raise answer
        return answer

    ended = await run(
        """
        - t:
            try: [ { c: { call: http, with: { method: get, endpoint: "https://a.test" } } } ]
            catch: { retry: { delay: { seconds: 1 }, limit: { attempt: { count: 5, duration: { seconds: 3 } } } } }
        """,
        activities={"http": call},
    )
    assert ended.outcome.output == "quick"
    assert seconds_of(ended) == 1 + 3 + 1 + 1


async def test_all_retries_together_may_have_a_limit(run):
    def fail(_request):
        raise ActivityError("communication", 503, "Oh")

    ended = await run(
        """
        - t:
            try: [ { c: { call: http, with: { method: get, endpoint: "https://a.test" } } } ]
            catch: { retry: { delay: { seconds: 4 }, limit: { duration: { seconds: 10 } } } }
        """,
        activities={"http": fail},
    )
    assert ended.outcome.error.status == 503
    assert seconds_of(ended) == 8
    assert "longer than" in ended.history[-1].reasons[0].text
