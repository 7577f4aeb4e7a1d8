"""The messages of the validator: what is wrong, where, and what was probably meant."""

from __future__ import annotations

import pytest

from kapell.language import InvalidWorkflowError, load_workflow, model, read_document, validate

HEAD = """\
document: {dsl: 1.0.3, namespace: test, name: sample, version: 1.0.0}
"""


def find_problems(body: str, head: str = HEAD) -> list[str]:
    """Give the problems of a workflow; the body begins in line 2."""
    return [str(problem) for problem in validate(read_document(head + body, "w.yaml")).problems]


STRUCTURE = {
    "an unknown key that is similar to a known one": (
        "do:\n  - a:\n      tri: []\n      catch: {}",
        (
            "w.yaml:4:7: error: a task is one of `call`, `do`, `emit`, `for`, `fork`, `listen`, `raise`, `run`, `set`, "
            "`switch`, `try` or `wait`; `a` has none of them. Did you mean `try`?"
        ),
    ),
    "no kind of task": (
        "do:\n  - a:\n      if: .x",
        (
            "w.yaml:3:5: error: a task is one of `call`, `do`, `emit`, `for`, `fork`, `listen`, `raise`, `run`, `set`, "
            "`switch`, `try` or `wait`; `a` has none of them"
        ),
    ),
    "two kinds of task": (
        "do:\n  - a:\n      set: {x: 1}\n      wait: PT1S",
        "w.yaml:5:7: error: a task does one thing, and `a` has `set` and `wait`. Make a task of each.",
    ),
    "a misspelt key": (
        "do:\n  - a:\n      try: [{b: {set: {x: 1}}}]\n      catch: {retyr: {}}",
        "w.yaml:5:15: error: `retyr` is no key of `catch`. Did you mean `retry`?",
    ),
    "a task without a name": (
        "do:\n  - set: {x: 1}",
        "w.yaml:3:5: error: the task has no name. Write `- myTask:` and indent `set` below it.",
    ),
    "a task that is not indented": (
        "do:\n  - a:\n    set: {x: 1}",
        "w.yaml:4:5: error: `set` stands beside the task `a` and not in it. Indent it further than `a`.",
    ),
    "two tasks in one item": (
        "do:\n  - a: {set: {x: 1}}\n    b: {set: {x: 1}}",
        "w.yaml:4:5: error: two tasks in one list item. Put `- ` before `b`.",
    ),
    "tasks that are no list": (
        "do:\n  a: {set: {x: 1}}",
        "w.yaml:3:3: error: `do` must be a list of tasks, not an object. Put `- ` before the name of each task.",
    ),
    "a key that lacks a value": (
        "do:\n  - a:\n      call: http\n      with:",
        (
            "w.yaml:5:7: error: `with` has no value; an object is wanted. "
            "Its keys are `method`, `endpoint`, `headers`, `body`, `query`, `output` and `redirect`."
        ),
    ),
    "a missing key": (
        "do:\n  - a:\n      call: http\n      with: {method: get}",
        "w.yaml:5:7: error: `with` lacks `endpoint`: where to send the request; an RFC 6570 template or an expression",
    ),
    "a number where a text is wanted": (
        "do:\n  - a:\n      call: http\n      with: {method: get, endpoint: 'https://a.b', headers: {x: 1.0}}",
        "w.yaml:5:65: error: `x` must be a text, not a number. Put it in quotes: '1.0'.",
    ),
    "a boolean where an expression is wanted": (
        "do:\n  - a:\n      if: true\n      set: {x: 1}",
        "w.yaml:4:11: error: `if` must be an expression, not true or false. Put it in quotes: 'true'.",
    ),
    "yes and no": (
        "do:\n  - a:\n      fork: {compete: yes, branches: [{b: {set: {x: 1}}}]}",
        "w.yaml:4:23: error: `compete` must be true or false, not a text. YAML 1.2 knows only true and false.",
    ),
    "a word that is not known": (
        "do:\n  - a:\n      run: {shell: {command: ls}, return: stdot}",
        "w.yaml:4:43: error: `return` cannot be `stdot`. Did you mean `stdout`?",
    ),
    "a duration that is none": (
        "do:\n  - a:\n      wait: 5m",
        (
            "w.yaml:4:13: error: `wait`: `5m` is not a duration. "
            "Such as PT5M (ISO 8601), {minutes: 5} or an expression in ${ }."
        ),
    ),
    "a bare number as duration": (
        "do:\n  - a:\n      wait: 5",
        "w.yaml:4:13: error: `wait` must be a duration, not a number. Such as {seconds: 5}.",
    ),
    "a part that durations lack": (
        "do:\n  - a:\n      wait: {weeks: 1}",
        "w.yaml:4:14: error: `weeks` is no part of a duration. Write ISO 8601, such as P1W, or days.",
    ),
    "a misspelt part of a duration": (
        "do:\n  - a:\n      wait: {secnds: 1}",
        "w.yaml:4:14: error: `secnds` is no part of a duration. Did you mean `seconds`?",
    ),
    "two schemas": (
        "input: {schema: {document: {}, resource: {endpoint: 'https://a.b'}}}\ndo: [{a: {set: {x: 1}}}]",
        "w.yaml:2:9: error: `schema` has `document` and `resource`, of which only one can be",
    ),
    "no event strategy": (
        "do:\n  - a:\n      listen: {to: {}}",
        "w.yaml:4:16: error: `to` must have one of `all`, `any` or `one`",
    ),
    "a password without a name": (
        "use: {authentications: {a: {basic: {username: x}}}}\ndo: [{a: {set: {x: 1}}}]",
        "w.yaml:2:29: error: `basic` has `username` but not `password`",
    ),
    "a container that is removed at no time": (
        "do:\n  - a:\n      run: {container: {image: x, lifetime: {cleanup: eventually}}}",
        "w.yaml:4:35: error: `lifetime` needs `after` with `cleanup: eventually`",
    ),
    "an expression without its braces": (
        "do:\n  - a:\n      call: http\n      with: {method: get, endpoint: 'https://a.b', headers: .x}",
        "w.yaml:5:61: error: `headers` must be an expression in ${ }. Write it as ${ .x }.",
    ),
    "a key at the root that is similar to a known one": (
        "timout: {after: PT1S}\ndo: [{a: {set: {x: 1}}}]",
        "w.yaml:2:1: error: `timout` is no key of the workflow. Did you mean `timeout`?",
    ),
    "another key at the root": (
        "x-owner: me\ndo: [{a: {set: {x: 1}}}]",
        (
            "w.yaml:2:1: warning: `x-owner` means nothing in the workflow and is ignored. "
            "Known are `document`, `input`, `use`, `do`, `timeout`, `output` and `schedule`."
        ),
    ),
    "an empty task": (
        "do:\n  - a:",
        (
            "w.yaml:3:5: error: `a` has no value; a task is wanted. It holds one of `call`, `do`, `emit`, `for`, "
            "`fork`, `listen`, `raise`, `run`, `set`, `switch`, `try` or `wait`."
        ),
    ),
    "an item that is a text": (
        "do:\n  - hello",
        "w.yaml:3:5: error: an entry of `do` must be a task with its name, not a text. Such as `- myTask:`.",
    ),
    "a relative reference": (
        "do:\n  - a:\n      call: http\n      with: {method: get, endpoint: example.com/x}",
        (
            "w.yaml:5:37: warning: `endpoint`: `example.com/x` is a relative reference. "
            "It is resolved against the place of the workflow; write https:// before the host of a server."
        ),
    ),
    "a place that is no URI": (
        "do:\n  - a:\n      call: http\n      with: {method: get, endpoint: 'not a uri'}",
        (
            "w.yaml:5:37: error: `endpoint`: `not a uri` is not a URI, a URI template or an expression in ${ }. "
            "Such as https://example.com/pets/{petId}."
        ),
    ),
}


@pytest.mark.parametrize(("body", "said"), STRUCTURE.values(), ids=STRUCTURE)
def test_the_structure_is_checked(body: str, said: str) -> None:
    assert find_problems(body) == [said]


DOCUMENT = {
    "a version that YAML reads as a number": (
        "document: {dsl: 1.0.3, namespace: test, name: sample, version: 1.0}\ndo: [{a: {set: {x: 1}}}]",
        "w.yaml:1:64: error: `version` must be a text, not a number. Put it in quotes: '1.0'.",
    ),
    "a name with a space": (
        "document: {dsl: 1.0.3, namespace: test, name: a b, version: 1.0.0}\ndo: [{a: {set: {x: 1}}}]",
        (
            "w.yaml:1:47: error: `name`: `a b` is not a name of at most 63 letters, digits and hyphens. "
            "Such as order-pizza; a hyphen stands neither first nor last."
        ),
    ),
    "no document": (
        "do: [{a: {set: {x: 1}}}]",
        "w.yaml:1:1: error: the workflow lacks `document`: what the workflow is called",
    ),
    "a list": ("- a", "w.yaml:1:1: error: the workflow must be an object, not a list"),
    "another version of the language": (
        "document: {dsl: 0.8.0, namespace: test, name: a, version: 1.0.0}\ndo: [{a: {set: {x: 1}}}]",
        "w.yaml:1:17: warning: the workflow is written for version 0.8.0 of the language. It is read as 1.0.3.",
    ),
}


@pytest.mark.parametrize(("text", "said"), DOCUMENT.values(), ids=DOCUMENT)
def test_the_document_is_checked(text: str, said: str) -> None:
    assert find_problems(text, head="") == [said]


def test_all_problems_are_collected_in_the_order_of_the_text() -> None:
    problems = find_problems("do:\n  - a: {set: 1}\n  - b: {wait: 5m, thn: end}\n  - c: {set: {x: '${ .a | }'}}\n")
    assert [problem.split(":")[1] for problem in problems] == ["3", "4", "4", "5"]


def test_a_document_with_very_many_problems_is_given_up() -> None:
    problems = find_problems("do:\n" + "".join(f"  - t{number}: {{sett: 1}}\n" for number in range(2_000)))
    assert len(problems) == 101
    assert sum("more than 100 problems; the rest is not checked" in problem for problem in problems) == 1


def test_a_document_with_very_many_keys_that_mean_nothing_is_given_up() -> None:
    validation = validate(read_document(HEAD + "".join(f"zz{number}: 1\n" for number in range(5_000)) + "do: []\n"))
    assert validation.workflow is None
    assert len(validation.problems) == 101


def test_messages_do_not_repeat_all_of_a_long_key() -> None:
    document = read_document('{"' + "k" * 50_000 + '": 1}', "w.json")
    assert all(len(str(problem)) < 3_000 for problem in validate(document).problems)


def test_tasks_nested_as_deep_as_a_document_may_be_are_read() -> None:
    text = "[{a: {do: " * 31 + "[{b: {set: {x: 1}}}]" + "}}]" * 31
    assert find_problems(f"do: {text}") == []


def test_loading_raises_all_errors() -> None:
    with pytest.raises(InvalidWorkflowError) as caught:
        load_workflow(HEAD + "do:\n  - a: {set: 1}\n  - b: {wait: 5m}\n", "w.yaml")
    assert len(caught.value.problems) == 2
    assert str(caught.value).count("\n") == 1


def test_the_model_holds_what_is_written_and_the_defaults() -> None:
    workflow = load_workflow(
        HEAD
        + """\
do:
  - each:
      for: {in: .pets}
      while: .go
      do:
        - guard:
            try:
              - get: {call: http, with: {method: get, endpoint: 'https://a.b'}, timeout: {after: {seconds: 3}}}
            catch:
              exceptWhen: .x
              retry:
                delay: PT1.5S
                backoff: {exponential: {factor: 3, maxDelay: PT1M}}
                limit: {attempt: {count: 2.0}}
              do: []
"""
    )
    (named,) = workflow.do
    loop = named.task
    assert named.name == "each"
    assert isinstance(loop, model.ForTask)
    assert (loop.for_.each, loop.for_.at, loop.for_.in_, loop.while_) == ("item", "index", ".pets", ".go")
    guard = loop.do[0].task
    assert isinstance(guard, model.TryTask)
    assert guard.definition["catch"]["do"] == []
    assert (guard.catch.as_, guard.catch.except_when, guard.catch.do) == ("error", ".x", ())
    retry = guard.catch.retry
    assert isinstance(retry, model.RetryPolicy)
    assert retry.delay is not None
    assert retry.delay.to_timedelta().total_seconds() == 1.5
    assert retry.backoff is not None
    assert retry.backoff.exponential is not None
    assert retry.backoff.exponential.factor == 3
    assert retry.limit is not None
    assert retry.limit.attempt is not None
    assert retry.limit.attempt.count == 2
    call = guard.try_[0].task
    assert isinstance(call, model.CallTask)
    assert isinstance(call.with_, model.HttpArguments)
    assert (call.with_.output, call.with_.redirect) == ("content", False)
    assert isinstance(call.timeout, model.Timeout)
    assert call.timeout.after.to_timedelta().total_seconds() == 3
