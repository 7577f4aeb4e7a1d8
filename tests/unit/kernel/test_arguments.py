"""The `$` arguments of expressions and their descriptors (dsl.md, Runtime Expressions)."""

from kapell import __version__

STARTED = 1767225600


async def test_the_task_descriptor(run_output):
    output = await run_output(
        """
        - w: { wait: { milliseconds: 1250 } }
        - a:
            input: { from: "{ n: (.n + 1) }" }
            set: { task: "${ $task }" }
            output: { as: "{ task: .task, after: $task.output }" }
        """,
        {"n": 1},
    )
    task = output["task"]
    assert task["name"] == "a"
    assert task["reference"] == "/do/1/a"
    assert task["definition"]["set"] == {"task": "${ $task }"}
    assert task["input"] == {"n": 1}
    assert task["output"] is None
    assert task["startedAt"] == {
        "iso8601": "2026-01-01T00:00:01.250000Z",
        "epoch": {"seconds": STARTED + 1, "milliseconds": STARTED * 1000 + 1250},
    }
    assert output["after"] == {"task": task}


async def test_the_workflow_descriptor(run):
    ended = await run(
        "- w: { wait: { seconds: 2 } }\n- a: { set: { workflow: '${ $workflow }' } }",
        {"n": 1},
        more='input: { from: "{}" }',
    )
    workflow = ended.outcome.output["workflow"]
    assert workflow["id"] == ended.run_id
    assert workflow["definition"]["document"]["name"] == "unit"
    assert workflow["definition"]["do"][1]["a"]["set"] == {"workflow": "${ $workflow }"}
    assert workflow["input"] == {"n": 1}
    assert workflow["startedAt"]["epoch"]["seconds"] == STARTED
    assert workflow["startedAt"]["iso8601"] == "2026-01-01T00:00:00.000000Z"


async def test_the_runtime_descriptor(run_output):
    output = await run_output("- a: { set: { runtime: '${ $runtime }' } }")
    assert output == {"runtime": {"name": "kapell", "version": __version__, "metadata": {}}}


async def test_the_authorization_descriptor_names_the_scheme_and_hides_the_parameter(run_output):
    output = await run_output(
        """
        - a:
            call: http
            with:
              method: get
              endpoint: { uri: "https://a.test", authentication: { basic: { username: ada, password: pass } } }
            output: { as: "$authorization" }
        """,
        activities={"http": lambda _: None},
    )
    assert output == {"scheme": "Basic", "parameter": "***"}


async def test_what_is_not_known_yet_is_null(run_output):
    output = await run_output(
        "- a: { if: '$task.output == null and $task.name == \"a\"', set: { got: '${ $authorization }' } }"
    )
    assert output == {"got": None}


async def test_names_of_loops_and_handlers_reach_inwards_and_end_with_them(run_output):
    output = await run_output(
        """
        - outer:
            for: { each: a, at: i, in: '["x", "y"]' }
            do:
              - inner:
                  for: { each: b, at: j, in: '["1", "2"]' }
                  do:
                    - d: { do: [ { t: { set: { all: '${ .all + ["\\($a)\\($b)\\($i)\\($j)"] }' } } } ] }
        """
    )
    assert output == {"all": ["x100", "x201", "y110", "y211"]}


async def test_the_error_of_a_handler_reaches_inwards(run_output):
    output = await run_output(
        """
        - t:
            try: [ { f: { raise: { error: { type: "https://a.test/x", status: 500, title: Oh, detail: Dear } } } } ]
            catch:
              as: problem
              do:
                - l: { for: { each: n, in: "[1]" }, do: [ { s: { set: { problem: "${ $problem }", n: "${ $n }" } } } ] }
        """
    )
    assert output == {
        "n": 1,
        "problem": {
            "type": "https://a.test/x",
            "status": 500,
            "title": "Oh",
            "detail": "Dear",
            "instance": "/do/0/t/try/0/f",
        },
    }


async def test_an_inner_name_hides_an_outer_one(run_output):
    output = await run_output(
        """
        - o:
            for: { in: "[1, 2]" }
            do:
              - i: { for: { in: "[5]" }, do: [ { s: { set: { all: "${ .all + [$item] }" } } } ] }
              - s: { set: { all: "${ .all + [$item] }" } }
        """
    )
    assert output == {"all": [5, 1, 5, 2]}


async def test_the_context_is_seen_as_it_is_at_the_moment(run_output):
    output = await run_output(
        """
        - a: { set: { x: 1 }, export: { as: "{ n: 0 }" } }
        - l:
            for: { in: "[1, 2, 3]" }
            do: [ { s: { set: { n: "${ $context.n }" }, export: { as: "{ n: ($context.n + $item) }" } } } ]
        - z: { set: { last: "${ .n }", context: "${ $context }" } }
        """
    )
    assert output == {"last": 3, "context": {"n": 6}}
