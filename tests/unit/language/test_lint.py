"""The linter: expressions, secrets, names, targets, and what is never reached."""

from __future__ import annotations

import pytest

from kapell.language import read_document, validate

HEAD = "document: {dsl: 1.0.3, namespace: test, name: sample, version: 1.0.0}\n"
CALL = "call: http, with: {method: get, endpoint: 'https://a.b'}"


def find_problems(body: str) -> list[str]:
    """Give the problems of a workflow; the body begins in line 2."""
    return [str(problem) for problem in validate(read_document(HEAD + body, "w.yaml")).problems]


EXPRESSIONS = {
    "a syntax error": (
        "do:\n  - a:\n      set: {x: '${ .a | }'}",
        "w.yaml:4:25: error: ",
    ),
    "a syntax error in a bare expression": ("do:\n  - a:\n      if: .a ==\n      set: {x: 1}", "w.yaml:4:16: error: "),
    "a function that does not exist": (
        "do:\n  - a:\n      set: {x: '${ lenght }'}",
        "w.yaml:4:20: error: There is no function `lenght`. Did you mean `length`?",
    ),
    "an unknown variable": (
        "do:\n  - a:\n      set: {x: '${ $contxt.a }'}",
        "w.yaml:4:20: error: there is no variable `$contxt` here. Did you mean `$context`?",
    ),
    "a loop's variable outside of it": (
        (
            "do:\n  - a:\n      for: {each: pet, in: .pets}\n      do: [{b: {set: {x: '${ $pet }'}}}]\n"
            "  - c:\n      set: {x: '${ $pet }'}"
        ),
        (
            "w.yaml:7:20: error: there is no variable `$pet` here. Known here are `$context`, `$input`, `$output`, "
            "`$secrets`, `$authorization`, `$task`, `$workflow` and `$runtime`."
        ),
    ),
    "an expression within a longer text": (
        "do:\n  - a:\n      set: {x: 'Hello \"${ .name }\"!'}",
        (
            "w.yaml:4:16: warning: `${ }` within a longer text is not evaluated. "
            'Write ${ "Hello \\"\\(.name)\\"!" } if it should be.'
        ),
    ),
    "a variable without braces": (
        "do:\n  - a:\n      set: {x: $context.y}",
        "w.yaml:4:16: warning: `$context.y` is a text here and not evaluated. Write ${ $context.y } if it should be.",
    ),
    "the output before there is one": (
        "do:\n  - a:\n      if: $output.x\n      set: {x: 1}",
        (
            "w.yaml:4:11: warning: `$output` is only known in `output` and `export`. "
            "The output of the task before is this task's input: `.`."
        ),
    ),
}


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("if: .a + lenght", "4:16"),
        ("if: '.a + lenght'", "4:17"),
        ('if: "${ .a + lenght }"', "4:20"),
        ("if: |\n        .a +\n          lenght\n", "6:11"),
        ("if: |-\n        ${\n          .a + lenght\n        }\n", "6:16"),
        ("if: >-\n        .a +\n        lenght\n", "4:11"),
        ("if: '.a + \"''\" + lenght'", "4:11"),
    ],
)
def test_errors_in_expressions_are_pointed_at(written: str, place: str) -> None:
    (problem,) = find_problems(f"do:\n  - a:\n      {written}\n      set: {{x: 1}}\n")
    assert problem.startswith(f"w.yaml:{place}: error: There is no function `lenght`")


@pytest.mark.parametrize(("body", "said"), EXPRESSIONS.values(), ids=EXPRESSIONS)
def test_expressions_are_checked(body: str, said: str) -> None:
    (problem,) = find_problems(body)
    assert problem.startswith(said)


@pytest.mark.parametrize(
    "body",
    [
        (
            "do:\n  - a:\n      for: {each: pet, in: .pets, at: n}\n      while: $pet.ok and $n < 3\n"
            "      do: [{b: {set: {x: '${ $pet }', y: '${ $n }'}}}]"
        ),
        (
            "do:\n  - a:\n      try: [{b: {set: {x: 1}}}]\n      catch: {as: e, when: $e.status == 1, "
            "retry: {when: $e.x}, do: [{c: {set: {x: '${ $e }'}}}]}"
        ),
        "do:\n  - a:\n      run: {shell: {command: 'echo ${HOME} ${1}', arguments: ['${ .x }']}}",
        "do:\n  - a:\n      set: {x: 'costs $5, or {y}'}",
        "do:\n  - a:\n      listen: {to: {any: []}}\n      foreach: {item: e, do: [{b: {set: {x: '${ $e }'}}}]}",
        "do:\n  - a:\n      set: {do: [{b: {c: '${ . as $q | $q }'}}]}",
        (
            "use: {retries: {r: {when: $error.status == 503}}}\ndo:\n  - a:\n      try: [{b: {set: {x: 1}}}]\n"
            "      catch: {retry: r}"
        ),
        "do:\n  - a:\n      set: {x: 1}\n      output: {as: '$output.x + $input'}",
    ],
)
def test_good_expressions_are_left_in_peace(body: str) -> None:
    assert find_problems(body) == []


SECRETS = "use: {secrets: [token]}\n"


@pytest.mark.parametrize(
    "task",
    [
        "a: {call: http, with: {method: get, endpoint: 'https://a.b', headers: {x: '${ $secrets.token }'}}}",
        "a: {input: {from: '{t: $secrets.token}'}, run: {shell: {command: x}}}",
        "a: {run: {shell: {command: x, environment: {T: '${ $secrets.token }'}}}}",
        (
            "a: {call: http, with: {method: get, endpoint: {uri: 'https://a.b', authentication: {bearer: "
            "{token: '${ $secrets.token }'}}}}}"
        ),
    ],
)
def test_secrets_are_read_where_an_activity_needs_them(task: str) -> None:
    assert find_problems(f"{SECRETS}do:\n  - {task}\n") == []


@pytest.mark.parametrize(
    ("task", "reason"),
    [
        ("a: {set: {x: '${ $secrets.token }'}}", "what is evaluated here is recorded with the run"),
        ("a: {if: $secrets.token, set: {x: 1}}", "what is evaluated here is recorded with the run"),
        (
            "a: {input: {from: $secrets.token}, set: {x: 1}}",
            "the task is no activity, so what it evaluates is recorded with the run",
        ),
        (f"a: {{{CALL}, output: {{as: $secrets.token}}}}", "what is evaluated here is recorded with the run"),
        (
            "a: {run: {workflow: {namespace: a, name: b, version: latest, input: {x: '${ $secrets.token }'}}}}",
            "the input of a child run is recorded with it",
        ),
    ],
)
def test_secrets_are_refused_where_they_would_be_recorded(task: str, reason: str) -> None:
    (problem,) = find_problems(f"{SECRETS}do:\n  - {task}\n")
    assert f"error: `$secrets` cannot be read here: {reason}. Read it in the arguments" in problem


def test_secrets_must_be_listed() -> None:
    quoted = "'${ $secrets.tokn }'"
    (problem,) = find_problems(f"{SECRETS}do:\n  - a: {{{CALL.replace('get', quoted)}}}\n")
    assert problem.endswith("error: the secret `tokn` is not in `use.secrets`. Did you mean `token`?")


def test_an_input_with_secrets_cannot_be_read_later() -> None:
    (problem,) = find_problems(
        f"{SECRETS}do:\n  - a: {{input: {{from: '{{t: $secrets.token}}'}}, {CALL}, output: {{as: $input}}}}\n"
    )
    assert "error: `$input` is not known here, because the task's `input.from` reads `$secrets`" in problem


FLOW = {
    "a name twice": (
        "do:\n  - a: {set: {x: 1}}\n  - a: {set: {x: 1}}",
        (
            "w.yaml:4:5: error: the name `a` is already that of the task in line 3. "
            "Names are unique in their list, so that `then` can name them."
        ),
    ),
    "a target that does not exist": (
        "do:\n  - a: {set: {x: 1}, then: publsh}\n  - publish: {set: {x: 1}, if: .x}",
        "w.yaml:3:28: error: there is no task `publsh`. Did you mean `publish`?",
    ),
    "a target in another list": (
        "do:\n  - a: {do: [{b: {set: {x: 1}, then: c}}]}\n  - c: {set: {x: 1}}",
        "w.yaml:3:38: error: the task `c` is not in this list. `then` leads only to the tasks beside it: `b`.",
    ),
    "a target of a case": (
        "do:\n  - a: {switch: [{x: {when: .x, then: nd}}]}",
        "w.yaml:3:39: error: there is no task `nd`. Did you mean `end`?",
    ),
    "a branch that leads to another": (
        "do:\n  - a: {fork: {branches: [{b: {set: {x: 1}, then: c}}, {c: {set: {x: 1}}}]}}",
        "w.yaml:3:51: error: the task `c` is not in this list. It can be `continue`, `exit` or `end`.",
    ),
    "two default cases": (
        "do:\n  - a: {switch: [{x: {then: end}}, {y: {then: end}}]}",
        "w.yaml:3:37: error: `y` is a second default case. A case without `when` is the default, and there can be one.",
    ),
    "an empty list": ("do: []", "w.yaml:2:1: error: `do` has no tasks"),
    "a task that is never reached": (
        "do:\n  - a: {set: {x: 1}, then: c}\n  - b: {set: {x: 1}}\n  - c: {set: {x: 1}}",
        "w.yaml:4:5: warning: the task `b` is never reached. No task goes on to it.",
    ),
    "a task after one that always raises": (
        (
            "use: {errors: {e: {type: 'https://a.b/c', status: 500}}}\n"
            "do:\n  - a: {raise: {error: e}}\n  - b: {set: {x: 1}}"
        ),
        "w.yaml:5:5: warning: the task `b` is never reached. No task goes on to it.",
    ),
}


@pytest.mark.parametrize(("body", "said"), FLOW.values(), ids=FLOW)
def test_the_flow_is_checked(body: str, said: str) -> None:
    assert find_problems(body) == [said]


def test_a_task_that_may_be_skipped_leads_on() -> None:
    assert find_problems("do:\n  - a: {if: .x, set: {x: 1}, then: end}\n  - b: {set: {x: 1}}") == []


REFERENCES = {
    "a function": (
        "do:\n  - a: {call: htttp, with: {}}",
        "w.yaml:3:15: error: there is no function `htttp`. Did you mean `http`?",
    ),
    "a timeout": (
        "do:\n  - a: {set: {x: 1}, timeout: shrt}",
        "w.yaml:3:31: error: there is no timeout `shrt` in `use.timeouts`. Define it under `use: timeouts:`.",
    ),
    "a retry policy": (
        "use: {retries: {standard: {}}}\ndo:\n  - a: {try: [{b: {set: {x: 1}}}], catch: {retry: standart}}",
        "w.yaml:4:51: error: there is no retry policy `standart` in `use.retries`. Did you mean `standard`?",
    ),
    "an error": (
        "do:\n  - a: {raise: {error: oops}}",
        "w.yaml:3:24: error: there is no error `oops` in `use.errors`. Define it under `use: errors:`.",
    ),
    "an authentication": (
        "do:\n  - a: {call: http, with: {method: get, endpoint: {uri: 'https://a.b', authentication: {use: me}}}}",
        (
            "w.yaml:3:94: error: there is no authentication `me` in `use.authentications`. "
            "Define it under `use: authentications:`."
        ),
    ),
    "a secret": (
        "use: {authentications: {a: {basic: {use: me}}}}\ndo: [{a: {set: {x: 1}}}]",
        "w.yaml:2:42: error: there is no secret `me` in `use.secrets`. Define it under `use: secrets:`.",
    ),
    "a function that calls itself": (
        "use: {functions: {f: {do: [{g: {call: f}}]}}}\ndo: [{a: {set: {x: 1}}}]",
        "w.yaml:2:39: error: the function `f` calls itself",
    ),
    "a grant that needs a person": (
        "use: {authentications: {a: {oauth2: {grant: authorization_code}}}}\ndo: [{a: {set: {x: 1}}}]",
        (
            "w.yaml:2:45: error: the grant `authorization_code` needs a person who signs in, and a workflow runs "
            "without one. Use `client_credentials`, or keep a refresh token in a secret and use `refresh_token`."
        ),
    ),
    "two kinds of schedule": (
        "schedule: {cron: '0 3 * * *', every: PT1H}\ndo: [{a: {set: {x: 1}}}]",
        "w.yaml:2:1: error: the schedule has `every` and `cron`. Keep one of them.",
    ),
    "a cron expression": (
        "schedule: {cron: '0 3 * *'}\ndo: [{a: {set: {x: 1}}}]",
        (
            "w.yaml:2:18: error: `0 3 * *` is no cron expression: it has 4 fields. Five fields: minute, hour, "
            "day of month, month, day of week; such as '0 3 * * *' for daily at three."
        ),
    ),
    "a negative duration": (
        "do:\n  - a: {wait: {seconds: -1}}",
        "w.yaml:3:15: error: a duration cannot be negative",
    ),
    "a timeout of nothing": (
        "timeout: {after: PT0S}\ndo: [{a: {set: {x: 1}}}]",
        "w.yaml:2:18: error: `after` must be longer than nothing",
    ),
    "a JSON Schema": (
        "input: {schema: {document: {type: strng}}}\ndo: [{a: {set: {x: 1}}}]",
        "w.yaml:2:28: error: this is no valid JSON Schema: ",
    ),
    "a loop's variable": (
        "do:\n  - a: {for: {each: $pet, in: .pets}, do: [{b: {set: {x: 1}}}]}",
        "w.yaml:3:21: error: `$pet` cannot be the name of a variable. Write pet; the `$` is only for its use.",
    ),
    "a loop's variable that hides an argument": (
        "do:\n  - a: {for: {each: input, in: .pets}, do: [{b: {set: {x: 1}}}]}",
        "w.yaml:3:21: error: `$input` already has a meaning in expressions. Rename it.",
    ),
    "a standard error type": (
        (
            "do:\n  - a:\n      try: [{b: {set: {x: 1}}}]\n"
            "      catch: {errors: {with: {type: 'https://serverlessworkflow.io/spec/1.0.0/errors/comunication'}}}"
        ),
        (
            "w.yaml:5:37: warning: `https://serverlessworkflow.io/spec/1.0.0/errors/comunication` is no standard error "
            "type. Did you mean https://serverlessworkflow.io/spec/1.0.0/errors/communication?"
        ),
    ),
    "a method": (
        "do:\n  - a: {call: http, with: {method: gett, endpoint: 'https://a.b'}}",
        "w.yaml:3:36: warning: `gett` is no usual HTTP method. Did you mean `get`?",
    ),
}


@pytest.mark.parametrize(("body", "said"), REFERENCES.values(), ids=REFERENCES)
def test_what_is_referred_to_is_checked(body: str, said: str) -> None:
    (problem,) = find_problems(body)
    assert problem.startswith(said)


OWN = "use: {errors: {mine: {type: 'https://a.b/mine', status: 500}}, functions: {f: {raise: {error: mine}}}}\n"


def catch(task: str, error_type: str = "https://a.b/mine") -> str:
    return f"{OWN}do:\n  - a:\n      try: [{{b: {task}}}]\n      catch: {{errors: {{with: {{type: '{error_type}'}}}}}}"


@pytest.mark.parametrize("task", [f"{{{CALL}}}", "{set: {x: 1}}", "{call: f}"])
def test_an_own_error_that_nothing_raises_is_reported(task: str) -> None:
    (problem,) = find_problems(catch(task, "https://a.b/other"))
    assert problem == (
        "w.yaml:6:37: warning: nothing in this `try` raises `https://a.b/other`. The error will not be caught here."
    )


@pytest.mark.parametrize(
    "task",
    [
        "{raise: {error: mine}}",
        "{do: [{c: {call: f}}]}",
        "{call: 'x:1.0.0@default'}",
        "{run: {workflow: {namespace: a, name: b, version: latest}}}",
        "{raise: {error: {type: '${ .x }', status: 1}}}",
    ],
)
def test_an_own_error_that_may_be_raised_is_left_in_peace(task: str) -> None:
    assert find_problems(catch(task)) == []


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("do:\n  - a: {for: {in: [1, 2]}, do: [{b: {set: {x: 1}}}]}", "a list written in `for.in`"),
        ("do:\n  - a: {emit: {event: {with: {type: x}}}}", "an event without `source`"),
        ("do:\n  - a: {try: [{b: {set: {x: 1}}}], catch: {then: end}}", "`catch.then`"),
        ("schedule: {every: PT1H, read: data}\ndo: [{a: {set: {x: 1}}}]", "`schedule.read`"),
        (
            "do:\n  - a: {raise: {error: {type: 'https://a.b/c', status: '${ .status }'}}}",
            "a `status` from an expression",
        ),
    ],
)
def test_what_is_ahead_of_the_specification_is_accepted_with_a_note(body: str, what: str) -> None:
    (problem,) = find_problems(body)
    assert problem.endswith(
        f"info: {what} is ahead of version 1.0.3 of the specification. Other runtimes may refuse it."
    )
