"""Listening tasks: how they end, what becomes of them with their run, and which events they refuse."""

from kapell.kernel import commands as c
from kapell.kernel import effects as fx
from kapell.kernel import events as ev
from kapell.kernel.forking import plan_fork
from kapell.kernel.limits import Limits
from kapell.kernel.recovery import is_waiting
from kapell.reasons import Reason

WHY = Reason("test", "The test wants it.")
ONE = "- hear: { listen: { to: { one: { with: { type: a } } } } }"
FOREACH = """
- hear:
    listen: { to: { any: [ { with: { type: a } } ], until: "(. | length) == 2" } }
    foreach:
      item: reading
      at: number
      do:
        - rest: { wait: PT1S }
        - make: { set: { is: "${ $reading * 10 + $number }", input: "${ . }" } }
      output: { as: .is }
      export: { as: "{ last: $reading, sum: (($context.sum // 0) + .) }" }
- give: { set: { heard: "${ . }", context: "${ $context }" } }
"""
CORRELATED = """
- first:
    listen:
      to:
        all:
          - { with: { type: a }, correlate: { order: { from: .data.order } } }
          - { with: { type: b }, correlate: { order: { from: .data.order } } }
- then: { listen: { to: { one: { with: { type: c }, correlate: { order: { from: ".data.order" } } } } } }
"""


# -- how it ends otherwise ---------------------------------------------------------------------------------------------


def test_a_timeout_ends_the_listening(listen):
    run = listen(ONE[:-1] + ", timeout: { after: PT5S } }")
    run.advance(5)
    assert run.state.status == "faulted"
    assert run.state.error.type.endswith("/timeout")
    assert run.asked == [fx.AwaitEvent(1), fx.StopListening(1)]
    assert run.send("a").consumed == []


def test_a_timeout_that_is_caught_goes_on_with_the_handler(listen):
    run = listen(f"""
- guard:
    try: [ {ONE[2:-1]}, timeout: {{ after: PT5S }} }} ]
    catch: {{ do: [ {{ give: {{ set: {{ late: true }} }} }} ] }}
""")
    run.advance(5)
    assert run.output == {"late": True}


def test_a_cancelled_run_listens_no_more(listen):
    run = listen(ONE)
    assert run.do(c.CancelRun(reason=WHY)) is None
    assert run.asked == [fx.AwaitEvent(1), fx.StopListening(1)]
    assert run.do(c.ConfirmCancel()) is None
    assert run.state.status == "cancelled"


def test_a_cancelled_run_in_the_tasks_of_foreach_listens_no_more(listen):
    run = listen(FOREACH)
    run.send("a", 1)
    run.do(c.CancelRun(reason=WHY))
    assert run.asked[-1] == fx.StopListening(1)


def test_the_first_of_competing_tasks_ends_the_others(listen):
    run = listen("""
- race:
    fork:
      compete: true
      branches:
        - paid: { listen: { to: { one: { with: { type: paid } } } } }
        - off: { listen: { to: { one: { with: { type: off } } } } }
        - late: { wait: PT1H }
""")
    assert len(run.listening) == 2
    assert run.send("off", "no").output == ["no"]
    assert [effect for effect in run.asked if isinstance(effect, fx.StopListening)] == [
        fx.StopListening(3),
        fx.StopListening(2),
    ]


def test_branches_listen_beside_each_other(listen):
    run = listen("""
- both:
    fork:
      branches:
        - x: { listen: { to: { one: { with: { type: a }, correlate: { k: { from: .data.k } } } } } }
        - y: { listen: { to: { one: { with: { type: b }, correlate: { k: { from: .data.k } } } } } }
""")
    run.send("b", {"k": 1}).send("a", {"k": 2})
    assert run.send("a", {"k": 1}).output == [[{"k": 1}], [{"k": 1}]]


def test_an_output_that_has_grown_too_large_faults(listen):
    run = listen(
        "- hear: { listen: { to: { any: [], until: '(. | length) == 3' } } }", limits=Limits(max_value_bytes=99)
    )
    run.send("a", "x" * 40).send("a", "x" * 40).send("a", "x" * 40)
    assert run.state.error.status == 413


# -- pauses and repairs ------------------------------------------------------------------------------------------------


def test_a_suspended_run_takes_no_event_and_asks_again_when_it_goes_on(listen):
    run = listen(ONE)
    run.do(c.SuspendRun(reason=WHY))
    run.arrive("a", 1)
    assert run.listening == []
    assert run.do(c.ReceiveEvent(entry=1, position=1, filter=0)).code == "illegal"
    run.do(c.ResumeRun())
    assert run.asked == [fx.AwaitEvent(1), fx.AwaitEvent(1)]
    run.deliver()
    assert run.output == [1]


BROKEN = """
- hear:
    listen: { to: { any: [], until: "(. | length) == 3" } }
    foreach:
      do: [ { call: { call: http, with: { method: get, endpoint: "https://a.test/{x}" } } } ]
"""


def fail_attempt(run):
    (work,) = [(entry.entry, entry.attempt.number) for entry in run.state.entries.values() if entry.attempt]
    error = ev.WorkflowError(type="https://a.test/x", status=500)
    assert run.do(c.EndAttempt(entry=work[0], attempt=work[1], error=error)) is None


def test_a_faulted_run_listens_on_after_its_repair(listen):
    run = listen(BROKEN)
    run.send("a", 1)
    run.end_attempts(1)
    run.send("a", 2)
    fail_attempt(run)
    assert run.state.status == "faulted"
    assert run.asked == [fx.AwaitEvent(1), fx.AwaitEvent(1), fx.StopListening(1)]
    run.do(c.RetryTask(reason=WHY))
    run.end_attempts(2)
    assert run.asked[3:] == [fx.AwaitEvent(1)]
    run.send("a", 3)
    run.end_attempts(3)
    assert run.output == [1, 2, 3]
    assert run.consumed == [1, 2, 3]


def test_a_listening_that_a_fault_beside_it_interrupted_goes_on(listen):
    run = listen("""
- both:
    fork:
      branches:
        - hear: { listen: { to: { one: { with: { type: a } } } } }
        - call: { call: http, with: { method: get, endpoint: "https://a.test" } }
""")
    fail_attempt(run)
    assert run.state.status == "faulted"
    assert run.listening == []
    run.do(c.SkipTask(reason=WHY, output="skipped"))
    assert run.asked == [fx.AwaitEvent(2), fx.StopListening(2), fx.AwaitEvent(2)]
    assert run.send("a", 1).output == [[1], "skipped"]


def test_a_retried_listening_task_begins_anew_and_takes_no_event_twice(listen):
    run = listen(BROKEN)
    run.send("a", 1)
    fail_attempt(run)
    assert run.do(c.RetryTask(reason=WHY, reference="/do/0/hear")) is None
    run.send("a", 2)
    assert run.consumed == [1, 2]
    assert run.state.entries[max(run.state.entries)].reference == "/do/0/hear/foreach/0/do/0/call"


def test_a_skipped_event_counts_as_handled(listen):
    run = listen(BROKEN)
    run.send("a", 1)
    fail_attempt(run)
    run.do(c.SkipTask(reason=WHY, output="skipped"))
    assert run.listening == [1]
    assert run.state.entries[1].listening.outputs == ["skipped"]


def test_a_run_that_only_listens_may_leave_memory(listen):
    run = listen(ONE)
    assert is_waiting(run.program, run.state)
    run.do(c.SuspendRun(reason=WHY))
    assert not is_waiting(run.program, run.state)


# -- commands that come too late ---------------------------------------------------------------------------------------


def test_an_event_is_not_received_twice(listen):
    run = listen("- hear: { listen: { to: { any: [], until: 'false' } } }")
    run.arrive("a", 1)
    command = run.match(1, 1).make_command(1)
    assert run.do(command) is None
    refused = run.do(command)
    assert (refused.code, refused.text) == ("stale", "The task is past this event.")
    assert run.consumed == [1]


def test_a_task_that_has_ended_receives_nothing(listen):
    run = listen(ONE + "\n- rest: { wait: PT1H }")
    run.send("a").arrive("a")
    assert run.do(c.ReceiveEvent(entry=1, position=2, filter=0)).code == "stale"


def test_a_task_that_is_busy_with_an_event_receives_no_other(listen):
    run = listen(FOREACH)
    run.send("a", 1).arrive("a", 2)
    assert run.match(1, 2) is None
    assert run.do(c.ReceiveEvent(entry=1, position=2, filter=0)).code == "stale"


def test_a_filter_that_has_had_its_event_receives_no_other(listen):
    run = listen("- hear: { listen: { to: { all: [ { with: { type: a } }, { with: { type: b } } ] } } }")
    run.send("a")
    assert run.do(c.ReceiveEvent(entry=1, position=2, filter=0)).code == "stale"


def test_a_filter_that_is_not_there_receives_nothing(listen):
    run = listen(
        "- hear: { listen: { to: { any: [ { with: { type: a } } ], until: { one: { with: { type: b } } } } } }"
    )
    for command in (
        c.ReceiveEvent(entry=1, position=1, filter=1),
        c.ReceiveEvent(entry=1, position=1, filter=1, until=True),
        c.ReceiveEvent(entry=1, position=1, filter=-1),
    ):
        assert run.do(command).code == "stale"


def test_an_event_that_was_found_before_another_task_correlated_is_refused(listen):
    run = listen("""
- both:
    fork:
      branches:
        - x: { listen: { to: { one: { with: { type: a }, correlate: { k: { from: .data.k } } } } } }
        - y: { listen: { to: { one: { with: { type: b }, correlate: { k: { from: .data.k } } } } } }
""")
    run.arrive("a", {"k": 1})
    run.arrive("b", {"k": 2})
    found = [run.match(entry, position).make_command(entry) for entry, position in ((2, 1), (3, 2))]
    assert run.do(found[0]) is None
    assert run.do(found[1]).code == "stale"
    assert run.match(3, 2) is None
    assert run.send("b", {"k": 1}).state.status == "completed"


# -- fork from here ----------------------------------------------------------------------------------------------------


def test_a_fork_sees_the_events_that_its_source_saw(listen):
    run = listen(CORRELATED, position=1)
    run.arrive("a", {"order": 1})
    run.send("a", {"order": 1}).send("b", {"order": 1}).send("c", {"order": 2}).send("c", {"order": 1})
    assert run.state.status == "completed"
    plan = plan_fork(run.program, run.history, "/do/1/then", "other")
    assert plan.command.position == 1
    assert plan.command.correlations == {"order": 1}
    fork = listen(CORRELATED)
    fork.history, fork.state, fork.stream = [], type(fork.state)(), run.stream
    assert fork.do(plan.command) is None
    fork.deliver()
    assert fork.output == [{"order": 1}]
    assert fork.consumed == [5]
    fork.crash()


def test_a_fork_does_not_hear_again_what_its_results_rest_on(listen):
    tasks = """
- hear: { listen: { to: { one: { with: { type: a } } } } }
- again: { switch: [ { once: { when: ".[0] < 2", then: hear } }, { done: { then: end } } ] }
"""
    run = listen(tasks)
    run.send("a", 1)
    plan = plan_fork(run.program, run.history, "/do/1/again", "other")
    fork = listen(tasks)
    fork.history, fork.state, fork.stream = [], type(fork.state)(), list(run.stream)
    fork.do(plan.command)
    fork.deliver()
    assert fork.consumed == []
    assert fork.send("a", 2).output == [2]


def test_no_run_can_be_forked_within_foreach(listen):
    run = listen(BROKEN)
    run.send("a", 1)
    plan = plan_fork(run.program, run.history, "/do/0/hear/foreach/0/do/0/call", "other")
    assert isinstance(plan, Reason)
    assert "lies within a `listen`" in plan.text
