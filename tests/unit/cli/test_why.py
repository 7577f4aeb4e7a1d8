"""Why a run stands where it stands: read from recorded reasons, and from what is open."""

from kapell.engine.admission import SlotAdmission
from kapell.sdk import ActivityError
from kapell.testing.engine_kit import Takes


async def test_a_wait_says_until_when(tell):
    told = await tell("  - pause: {wait: {minutes: 2}}\n", seconds=30)
    assert told.present == [("pause", "waiting_for_time", "It waits until 00:02:00 UTC (1 min 30 s left).")]
    assert told.why().summary == "The run is under way, 30 s after its start."
    assert [option.code for option in told.why().options] == ["suspend", "cancel"]


async def test_a_retry_says_what_it_waits_for(tell):
    fails = ActivityError("communication", 503, "Service unreachable", "no connection")
    told = await tell(
        """\
  - guard:
      try:
        - ask: {call: http, with: {method: get, endpoint: "http://x.test/a"}}
      catch: {retry: {delay: {seconds: 60}, limit: {attempt: {count: 4}}}}
""",
        seconds=10,
        activities={"http": lambda _: fails},
    )
    text = "It waits until 00:01:00 UTC (50 s left) to try again. Service unreachable: no connection. "
    assert told.present == [("guard", "waiting_for_retry", text + "Retry 1 of 4 in 60 s.")]


async def test_an_attempt_under_way_and_one_that_waits_for_a_slot(tell):
    told = await tell(
        """\
  - both:
      fork:
        branches:
          - one: {run: {shell: {command: make}}, timeout: {after: {minutes: 1}}}
          - two: {run: {shell: {command: make}}}
""",
        seconds=5,
        activities={"shell": lambda _: Takes(None)},
        admission=SlotAdmission({"processes": 1}, {"shell": "processes"}),
    )
    assert told.present == [
        (
            "one",
            "under_way",
            "Attempt 1 is under way for 5 s: run: shell make. Its timeout is at 00:01:00 UTC.",
        ),
        (
            "two",
            "waiting_for_slot",
            "Waits for a slot: 1 processes may be under way at once (`max_processes`), and all are taken.",
        ),
    ]


async def test_a_child_run_is_named(tell):
    child = (
        "document: {dsl: '1.0.3', namespace: test, name: child, version: '1.0.0'}\ndo:\n  - nap: {wait: {seconds: 9}}\n"
    )
    told = await tell(
        "  - ask: {run: {workflow: {namespace: test, name: child, version: latest}}}\n", workflows=[child]
    )
    ((name, code, text),) = told.present
    assert (name, code) == ("ask", "waiting_for_child")
    assert told.why().present[0].reason.facts["run_id"] in text


async def test_a_suspension_and_a_cancellation_say_who_asked(tell):
    async def suspend(kit, run_id):
        await kit.engine.suspend_run(run_id, "Maintenance.")

    async def cancel(kit, run_id):
        await kit.engine.cancel_run(run_id, "No longer needed.")

    pause = "  - pause: {wait: {minutes: 2}}\n"
    suspended = await tell(pause, then=suspend)
    assert [text for _, _, text in suspended.present] == [
        "The run is suspended: Maintenance.",
        "It waits until 00:02:00 UTC (2 min left); it goes on when the run is resumed.",
    ]
    assert [option.code for option in suspended.why().options] == ["resume", "cancel"]
    cancelled = await tell(pause, then=cancel)
    assert [text for _, _, text in cancelled.present] == ["The run was cancelled: No longer needed."]
    assert cancelled.why().summary == "The run was cancelled after 0 ms."
    assert cancelled.why().options == []


NESTED = """\
  - outer:
      try:
        - inner:
            try:
              - stop: {raise: {error: {type: https://x.test/odd, status: 418, title: Teapot, detail: short}}}
            catch: {errors: {with: {status: 500}}, do: [{never: {set: {x: 1}}}]}
      catch: {when: "${ $error.status == 404 }", do: [{neither: {set: {x: 1}}}]}
  - later: {set: {x: 1}}
"""


async def test_a_fault_says_why_each_try_did_not_catch_it(tell):
    why = (await tell(NESTED)).why()
    assert why.summary == "The run faulted at the task `stop` after 0 ms."
    assert [finding.reason.text for finding in why.present] == [
        "Teapot: short.",
        "`/do/0/outer/try/0/inner` does not catch it: its `status` is 418, not 500.",
        "`/do/0/outer` does not catch it: ` $error.status == 404 ` did not hold.",
    ]
    assert why.present[0].reason.facts["error"]["title"] == "Teapot"
    assert [(option.code, option.facts["reference"]) for option in why.options] == [
        ("retry", "/do/0/outer/try/0/inner/try/0/stop"),
        ("skip", "/do/0/outer/try/0/inner/try/0/stop"),
    ]


async def test_a_task_that_was_not_reached(tell):
    told = await tell(NESTED)
    assert told.why("later").summary == "The task `later` has not been reached: the run faulted before."
    assert told.why("nothing") is None
    turned = await tell(
        "  - pick: {switch: [{big: {when: .n > 5, then: big}}, {small: {then: small}}]}\n"
        "  - big: {set: {x: 1}, then: end}\n  - small: {set: {x: 2}}\n",
        {"n": 1},
    )
    assert turned.why("big").summary == (
        "The task `big` has not been reached: at `pick` the flow went another way. "
        "No condition held, so the default `small` was taken."
    )


async def test_what_became_of_a_task(tell):
    told = await tell(
        """\
  - loop: {for: {in: "${ [1, 2, 3] }"}, do: [{step: {if: "$item != 2", set: {x: 1}}}]}
  - end: {set: {y: 1}}
"""
    )
    assert told.why("end").summary == "The task `end` completed at 00:00:00 UTC."
    assert told.why("step").summary.startswith("The task `step` completed at 00:00:00 UTC (last at /do/0/loop/for/2/")
    skipped = told.why("/do/0/loop/for/1/do/0/step")
    assert skipped.summary == (
        "The task `/do/0/loop/for/1/do/0/step` was skipped at 00:00:00 UTC. Skipped, as `$item != 2` did not hold."
    )
    assert [finding.reason.code for finding in told.why("loop").past] == ["condition_false"]


async def test_a_lost_attempt_asks_to_find_out_first(tell):
    async def crash(kit, run_id):
        del run_id
        await kit.crash()

    told = await tell(
        "  - pay: {run: {shell: {command: pay}}}\n", then=crash, activities={"shell": lambda _: Takes(None)}
    )
    assert told.why().status == "faulted"
    assert [option.code for option in told.why().options] == ["resolve_lost", "retry", "skip"]
    assert "It is not idempotent, so it is not made again." in told.why("pay").summary
