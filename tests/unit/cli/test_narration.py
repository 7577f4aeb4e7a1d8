"""A history is told in sentences, each with its task."""

from typing import get_args

from kapell.kernel import events as ev
from kapell.kernel.narration import _TELL, say_error, say_target
from kapell.language.error_types import make_error
from kapell.sdk import ActivityError

FAILS = ActivityError("communication", 503, "Service unreachable", "GET http://x.test:\nno connection.")


def test_every_kind_of_event_has_its_sentence():
    assert set(_TELL) == set(get_args(ev.AnyEvent))


async def test_a_plain_run(tell):
    told = await tell("  - a: {set: {x: 1}}\n  - b: {wait: {seconds: 90}}\n", seconds=90)
    assert told.lines == [
        "The run of test/told:1.0.0 starts.",
        "a: Completed.",
        "b: Waits 1 min 30 s, until 00:01:30 UTC.",
        "b: The wait is over.",
        "b: Completed after 1 min 30 s.",
        "The run completed after 1 min 30 s.",
    ]
    assert [sentence.reference for sentence in told.sentences] == ["", "/do/0/a", "/do/1/b", "/do/1/b", "/do/1/b", ""]
    assert [sentence.seq for sentence in told.sentences] == [1, 2, 3, 4, 5, 6]


async def test_choices_skips_and_loops(tell):
    told = await tell(
        """\
  - pick: {switch: [{big: {when: .n > 5, then: loop}}, {small: {then: end}}]}
  - never: {set: {x: 1}}
  - loop:
      for: {each: one, in: "${ [7, 8] }"}
      while: $one < 8
      do:
        - inside: {if: "$index > 0", set: {x: 1}}
""",
        {"n": 9},
    )
    assert told.lines[1:] == [
        "pick: `big` was taken, as `.n > 5` held.",
        "loop: Goes through 2 items.",
        "loop: Iteration 0 begins.",
        "inside: Skipped, as `$index > 0` did not hold.",
        "loop: The loop ended before iteration 1, as `$one < 8` did not hold.",
        "loop: Completed after 0 ms.",
        "The run completed after 0 ms.",
    ]
    inside = told.sentences[4]
    assert (inside.reference, inside.depth) == ("/do/2/loop/for/0/do/0/inside", 2)


async def test_attempts_and_retries(tell):
    told = await tell(
        """\
  - guard:
      try:
        - ask: {call: http, with: {method: get, endpoint: "http://x.test/a"}}
      catch: {retry: {delay: {seconds: 2}, limit: {attempt: {count: 1}}}}
""",
        seconds=2,
        activities={"http": lambda _: FAILS},
    )
    assert told.lines[1:] == [
        "guard: Begins.",
        "ask: Begins: call: http.",
        "ask: Attempt 1: call: http GET http://x.test/a.",
        "ask: Attempt 1 failed after 0 ms. Service unreachable: GET http://x.test: no connection.",
        "guard: Caught: Service unreachable: GET http://x.test: no connection. Retry 1 of 1 in 2 s.",
        "guard: The time of the retry has come.",
        "ask: Begins: call: http.",
        "ask: Attempt 1: call: http GET http://x.test/a.",
        "ask: Attempt 1 failed after 0 ms. Service unreachable: GET http://x.test: no connection.",
        (
            "ask: The run faulted at /do/0/guard/try/0/ask after 2 s. Service unreachable: GET http://x.test: "
            "no connection. Not tried again: all 1 retries are used up."
        ),
    ]
    assert [line.event for line in told.sentences if line.is_bad] == ["attempt_ended", "attempt_ended", "run_faulted"]


async def test_what_people_did(tell):
    async def repair(kit, run_id):
        await kit.engine.suspend_run(run_id, "Lunch.")
        await kit.engine.resume_run(run_id)
        await kit.advance(5)
        await kit.engine.skip_task(run_id, {"given": 1})

    told = await tell(
        "  - a: {wait: {seconds: 5}}\n  - b: {raise: {error: {type: https://x.test/no, status: 400, title: No}}}\n"
        "  - c: {set: '${ . }'}\n",
        then=repair,
    )
    assert told.lines[2:] == [
        "The run is suspended: nothing more is started. Lunch.",
        "The run goes on.",
        "a: The wait is over.",
        "a: Completed after 5 s.",
        "b: Faulted. No",
        "b: The run faulted at /do/1/b after 5 s. No.",
        "b: Counted as done, with an output that was given. A person asked for it.",
        "c: Completed.",
        "The run completed after 5 s.",
    ]


def test_errors_are_told_on_one_line_and_cut_in_the_middle():
    said = say_error(make_error("https://x.test/e", "a\n  b " + "x" * 2000 + " end"))
    assert said.startswith("https://x.test/e: a b xxx")
    assert said.endswith("xxx end")
    assert len(said) < 600


def test_targets_are_told_by_what_they_reach():
    assert say_target({"method": "post", "endpoint": {"uri": "http://x.test/a"}}) == "POST http://x.test/a"
    assert say_target({"command": "make\ntest"}) == "make ..."
    assert say_target({"language": "python", "code": "secret()"}) == "python"
    assert say_target(None) == ""
