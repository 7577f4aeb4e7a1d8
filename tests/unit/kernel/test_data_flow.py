"""The data flow of dsl.md, step by step: validate, transform, perform, transform, validate, export."""

import pytest

VALIDATION = "https://serverlessworkflow.io/spec/1.0.0/errors/validation"
EXPRESSION = "https://serverlessworkflow.io/spec/1.0.0/errors/expression"
NEEDS_N = "schema: { document: { type: object, required: [ n ], properties: { n: { type: integer } } } }"


async def test_the_workflows_input_is_validated_before_it_is_transformed(run_error, run_output):
    more = f'input: {{ {NEEDS_N}, from: "{{ kept: .n }}" }}'
    error = await run_error("- a: { set: { all: '${ . }' } }", {"n": "one"}, more=more)
    assert error.type == VALIDATION
    assert error.status == 400
    assert error.instance == "/input"
    assert "n" in error.detail
    assert await run_output("- a: { set: { all: '${ . }' } }", {"n": 1}, more=more) == {"all": {"kept": 1}}


async def test_the_transformed_workflow_input_is_the_raw_input_of_the_first_task(run_output):
    output = await run_output(
        "- a: { set: { task: '${ $task.input }', input: '${ $input }', workflow: '${ $workflow.input }' } }",
        {"n": 1},
        more='input: { from: "{ kept: .n }" }',
    )
    assert output == {"task": {"kept": 1}, "input": {"kept": 1}, "workflow": {"n": 1}}


async def test_a_tasks_raw_input_is_validated_and_then_transformed(run_output, run_error):
    task = f'- a: {{ input: {{ {NEEDS_N}, from: ".n + 1" }}, set: {{ got: "${{ . }}", raw: "${{ $task.input }}" }} }}'
    assert await run_output(task, {"n": 1}) == {"got": 2, "raw": {"n": 1}}
    error = await run_error(task, {"n": "x"})
    assert (error.type, error.instance) == (VALIDATION, "/do/0/a")


async def test_output_as_sees_the_raw_output_and_its_result_is_validated(run_output, run_error):
    task = '- a: { set: { n: 7 }, output: { as: "{ n: .n, was: $task.output.n, came: $input.x }", %s } }'
    assert await run_output(task % NEEDS_N, {"x": 5}) == {"n": 7, "was": 7, "came": 5}
    error = await run_error('- a: { set: { n: 7 }, output: { as: "{ n: (.n | tostring) }", ' + NEEDS_N + " } }")
    assert (error.type, error.instance) == (VALIDATION, "/do/0/a")


async def test_the_exported_context_is_validated(run_error):
    error = await run_error('- a: { set: { n: 7 }, export: { as: "{ m: .n }", ' + NEEDS_N + " } }")
    assert (error.type, error.instance) == (VALIDATION, "/do/0/a")


async def test_export_sees_the_transformed_output_and_the_context_before(run_output):
    output = await run_output(
        """
        - a:
            set: { n: 1 }
            output: { as: "{ m: .n }" }
            export: { as: "{ dot: ., output: $output, raw: $task.output }" }
        - b: { set: { n: 2 }, export: { as: "{ before: ($context | keys), input: $input }" } }
        - c: { set: { context: "${ $context }" } }
        """
    )
    assert output == {"context": {"before": ["dot", "output", "raw"], "input": {"m": 1}}}


async def test_the_workflows_output_is_transformed_and_validated(run_output, run_error):
    as_and_schema = f'output: {{ as: "{{ n: .m, context: $context }}", {NEEDS_N} }}'
    tasks = '- a: { set: { m: %s }, export: { as: "{ kept: true }" } }'
    assert await run_output(tasks % 3, more=as_and_schema) == {"n": 3, "context": {"kept": True}}
    error = await run_error(tasks % "x", more=as_and_schema)
    assert (error.type, error.instance) == (VALIDATION, "/output")


async def test_an_expression_that_fails_names_itself_and_the_task(run_error):
    error = await run_error("- a: { set: { x: '${ .name.first }' } }", {"name": 5})
    assert error.type == EXPRESSION
    assert error.status == 400
    assert error.instance == "/do/0/a"
    assert ".name.first" in error.detail


@pytest.mark.parametrize(
    ("place", "task"),
    [
        ("if", "{ if: .a.b, set: { x: 1 } }"),
        ("input.from", "{ input: { from: .a.b }, set: { x: 1 } }"),
        ("output.as", "{ set: { a: 1 }, output: { as: .a.b } }"),
        ("export.as", "{ set: { a: 1 }, export: { as: .a.b } }"),
        ("timeout", "{ wait: { seconds: 1 }, timeout: { after: '${ .a.b }' } }"),
        ("wait", "{ wait: '${ .a.b }' }"),
        ("switch", "{ switch: [ { x: { when: .a.b, then: end } } ] }"),
        ("for.in", "{ for: { in: .a.b }, do: [ { x: { set: { x: 1 } } } ] }"),
        ("while", "{ for: { in: '[1]' }, while: .a.b, do: [ { x: { set: { x: 1 } } } ] }"),
        ("raise", "{ raise: { error: { type: 'https://a.test/b', status: 500, title: '${ .a.b }' } } }"),
        ("emit", "{ emit: { event: { with: { type: t, source: 'https://a.test', data: '${ .a.b }' } } } }"),
        ("call", "{ call: http, with: { method: get, endpoint: '${ .a.b }' } }"),
        ("run", "{ run: { shell: { command: '${ .a.b }' } } }"),
        ("run workflow", "{ run: { workflow: { namespace: a, name: b, version: 1.0.0, input: { v: '${ .a.b }' } } } }"),
    ],
)
async def test_an_expression_that_fails_can_be_caught_wherever_it_stands(run_output, place, task):
    output = await run_output(
        f"""
        - t:
            try: [ {{ a: {task} }} ]
            catch: {{ as: e, do: [ {{ h: {{ set: {{ type: "${{ $e.type }}", at: "${{ $e.instance }}" }} }} }} ] }}
        """,
        {"a": 1},
        activities={"http": lambda _: None, "shell": lambda _: None},
    )
    assert output == {"type": EXPRESSION, "at": "/do/0/t/try/0/a"}, place


async def test_a_large_number_in_exponent_form_survives_storing(run_output):
    assert await run_output("- a: { set: { x: '${ .x * 10 }' } }\n- b: { wait: { seconds: 1 } }", {"x": 1e300}) == {
        "x": 1e301
    }


async def test_numbers_beyond_all_bounds_are_stored_as_they_are_seen(run):
    ended = await run("- a: { set: { x: '${ 1e308 * 10 }' } }\n- b: { set: { y: '${ .x }' } }")
    assert ended.outcome.status == "completed"
    assert ended.outcome.output["y"] in {None, 1.7976931348623157e308}


async def test_what_needs_the_helper_works_in_every_place(run_output):
    output = await run_output(
        """
        - a:
            if: '.s | test("^a")'
            input: { from: '{ s: (.s | ascii_upcase | gsub("A"; "b")) }' }
            set: { x: '${ .s | gsub("b"; "c") }', y: '${ .s | test("z") }' }
            output: { as: '{ x: (.x | gsub("c"; "d")), y }' }
            export: { as: '{ seen: (.x | test("d")) }' }
        - l:
            for: { in: '.x | [scan(".")]' }
            while: '$item | test("d")'
            do: [ { n: { set: { x: '${ .x }', n: '${ (.n // "") + ($item | gsub("d"; "e")) }' } } } ]
        - s: { switch: [ { yes: { when: '.n | test("e")', then: w } }, { no: { then: end } } ] }
        - w: { wait: '${ {seconds: (.n | [scan(".")] | length)} }' }
        - r: { set: { n: "${ .n }", context: "${ $context }" } }
        """,
        {"s": "aXa"},
    )
    assert output == {"n": "e", "context": {"seen": True}}


async def test_a_skipped_workflow_output_is_the_last_tasks(run_output):
    assert await run_output("- a: { set: { x: 1 } }\n- b: { if: 'false', set: { x: 2 } }") == {"x": 1}
