"""Which `try` catches an error, and what a fault says about those that did not."""

import pytest

ERROR = '{ type: "https://a.test/x", status: 503, title: Busy, detail: later }'


async def catches(run, catch, error=ERROR):
    return await run(
        f"""
        - t:
            try: [ {{ f: {{ raise: {{ error: {error} }} }} }} ]
            catch: {catch}
        """,
        {"wanted": 503},
    )


@pytest.mark.parametrize(
    ("with_", "caught"),
    [
        ("{ type: 'https://a.test/x' }", True),
        ("{ type: 'https://a.test/y' }", False),
        ("{ status: 503 }", True),
        ("{ status: 500 }", False),
        ("{ title: Busy, status: 503 }", True),
        ("{ title: Idle, status: 503 }", False),
        ("{ detail: later }", True),
        ("{ detail: never }", False),
        ("{ instance: /do/0/t/try/0/f }", True),
        ("{ instance: /do/0/other }", False),
    ],
)
async def test_filters_compare_each_member_that_they_name(run, with_, caught):
    ended = await catches(run, f"{{ errors: {{ with: {with_} }}, do: [ {{ h: {{ set: {{ x: 1 }} }} }} ] }}")
    assert (ended.outcome.status == "completed") is caught


@pytest.mark.parametrize(
    ("conditions", "caught"),
    [
        ("when: $error.status == .wanted", True),
        ("when: $error.status != .wanted", False),
        ("exceptWhen: $error.status == .wanted", False),
        ("exceptWhen: $error.status != .wanted", True),
        ("when: 'true', exceptWhen: 'true'", False),
    ],
)
async def test_conditions_see_the_error_and_the_input_of_the_try(run, conditions, caught):
    ended = await catches(run, f"{{ {conditions}, do: [ {{ h: {{ set: {{ x: 1 }} }} }} ] }}")
    assert (ended.outcome.status == "completed") is caught


async def test_the_handler_gets_the_input_of_the_try_and_gives_its_output(run_output):
    output = await run_output(
        """
        - t:
            input: { from: "{ inner: .outer }" }
            try:
              - s: { set: { changed: true } }
              - f: { raise: { error: { type: "https://a.test/x", status: 1 } } }
            catch: { do: [ { h: { set: { seen: "${ . }" } } } ] }
            output: { as: "{ handled: . }" }
        """,
        {"outer": 1},
    )
    assert output == {"handled": {"seen": {"inner": 1}}}


async def test_a_catch_without_anything_gives_the_input_of_the_try(run_output):
    output = await run_output(
        '- t: { try: [ { f: { raise: { error: { type: "https://a.test/x", status: 1 } } } } ], catch: {} }', {"a": 1}
    )
    assert output == {"a": 1}


async def test_an_error_that_an_inner_try_does_not_catch_reaches_the_outer_one(run):
    ended = await run(
        """
        - outer:
            try:
              - inner:
                  try: [ { f: { raise: { error: { type: "https://a.test/x", status: 503 } } } } ]
                  catch: { errors: { with: { status: 404 } }, do: [ { wrong: { set: { x: 0 } } } ] }
              - never: { set: { x: 0 } }
            catch: { do: [ { right: { set: { at: "${ $error.instance }" } } } ] }
        """
    )
    assert ended.outcome.output == {"at": "/do/0/outer/try/0/inner/try/0/f"}
    assert ended.tasks == ["outer", "inner", "f", "right"]


async def test_a_fault_says_why_each_try_did_not_catch_it(run):
    ended = await run(
        """
        - outer:
            try:
              - inner:
                  try: [ { f: { raise: { error: { type: "https://a.test/x", status: 503 } } } } ]
                  catch: { errors: { with: { status: 404 } } }
            catch: { when: "false" }
        """
    )
    inner, outer = ended.history[-1].reasons
    assert "/do/0/outer/try/0/inner" in inner.text
    assert "404" in inner.text
    assert "`false` did not hold" in outer.text


async def test_a_filter_that_fails_itself_does_not_swallow_the_error(run):
    ended = await catches(run, "{ when: .wanted.deeper, do: [ { h: { set: { x: 1 } } } ] }")
    assert ended.outcome.error.type == "https://a.test/x"
    assert ended.history[-1].reasons[0].code == "filter_failed"


async def test_retry_without_do_lets_the_error_go_on_when_it_is_over(run):
    ended = await catches(run, "{ retry: { limit: { attempt: { count: 1 } } } }")
    assert ended.outcome.error.status == 503
    assert ended.history[-1].reasons[0].code == "retries_exhausted"


async def test_retry_by_name_and_conditions_of_a_policy(run):
    more = "use: { retries: { once: { exceptWhen: $error.status == 503, limit: { attempt: { count: 9 } } } } }"
    ended = await run(
        f"- t: {{ try: [ {{ f: {{ raise: {{ error: {ERROR} }} }} }} ], catch: {{ retry: once }} }}", more=more
    )
    assert ended.tasks == ["t", "f"]
    assert ended.history[-1].reasons[0].code == "retry_not_wanted"


async def test_the_error_of_a_skipped_retry_count_of_zero(run):
    ended = await catches(run, "{ retry: { limit: { attempt: { count: 0 } } }, do: [ { h: { set: { x: 1 } } } ] }")
    assert ended.tasks == ["t", "f", "h"]


async def test_context_that_was_exported_before_the_error_stays(run_output):
    output = await run_output(
        """
        - t:
            try:
              - s: { set: { x: 1 }, export: { as: "{ kept: true }" } }
              - f: { raise: { error: { type: "https://a.test/x", status: 1 } } }
            catch: { do: [ { h: { set: { context: "${ $context }" } } } ] }
        """
    )
    assert output == {"context": {"kept": True}}


async def test_the_error_variable_is_gone_after_the_try(run_output):
    output = await run_output(
        """
        - l:
            for: { in: "[1, 2]", each: n }
            do:
              - t:
                  try: [ { s: { if: "$n == 1", raise: { error: { type: "https://a.test/x", status: 1 } } } } ]
                  catch: { as: e, do: [ { h: { set: { seen: "${ $e.status }" } } } ] }
        """
    )
    assert output == {"seen": 1}
