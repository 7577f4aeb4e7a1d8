"""Listening in words: in the history, in the stories of tasks, and in the answer to why a run waits."""

import pytest

from kapell.kernel import commands as c
from kapell.kernel.narration import narrate
from kapell.kernel.task_tally import iter_waits
from kapell.kernel.telling_tasks import TaskTeller
from kapell.kernel.why import explain_run
from kapell.reasons import Reason

WHY = Reason("test", "The test wants it.")
SECOND = 1_000_000
BOTH = "- hear: { listen: { to: { all: [ { with: { type: a } }, { with: { type: b } } ] } } }"
FOREACH = """
- hear:
    listen: { to: { any: [ { with: { type: a } } ], until: "(. | length) == 2" } }
    foreach: { do: [ { rest: { wait: PT2S } } ] }
"""


def tell_texts(run):
    return [sentence.text for sentence in narrate(run.program, run.history)]


def tell_stories(run):
    teller = TaskTeller(run.program)
    for event in run.history:
        teller.tell([event])
    return teller.stories


def find_reason(run):
    (finding,) = explain_run(run.program, run.history, run.now).present
    return finding.reason


def test_the_history_says_what_is_waited_for_and_what_came(listen):
    run = listen(BOTH)
    run.send("b", id="7", source="/shop")
    assert tell_texts(run)[1:] == [
        "Waits for 2 events: of type `a` and of type `b`.",
        "Received the event `7` of type `b` from `/shop`.",
    ]


def test_the_history_says_why_the_listening_ends(listen):
    run = listen(FOREACH.replace("wait: PT2S", "set: { x: 1 }").replace("} ] }", "} ], export: { as: '{}' } }"))
    run.send("a").send("a")
    texts = tell_texts(run)
    assert "The event is dealt with. Its export replaces the context." in texts
    assert "It listens no more, as `(. | length) == 2` holds. Its export replaces the context." in texts


def test_the_history_says_that_an_event_ends_the_listening(listen):
    run = listen("- hear: { listen: { to: { any: [], until: { one: { with: { type: end } } } } } }")
    run.send("end", id="e")
    text = "Received the event `e` of type `end` from `/test`. It is one of those that end the listening."
    assert text in tell_texts(run)
    assert "Waits for any event." in tell_texts(run)


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("{ any: [] }", "any event"),
        ("{ one: { with: { type: a } } }", "an event of type `a`"),
        ("{ any: [ { with: { type: a } }, { with: { type: b } } ] }", "an event of type `a` or of type `b`"),
        ("{ all: [ { with: { type: a } }, { with: { type: b } } ] }", "an event of type `a` or of type `b`"),
        ("{ one: { with: { subject: a } } }", "an event with a certain `subject`"),
        ("{ one: { with: { type: '${ . }' } } }", "an event with a certain `type`"),
        ("{ any: [" + ", ".join(f"{{ with: {{ type: t{n} }} }}" for n in range(9)) + "] }",
         "an event of type `t0`, of type `t1`, of type `t2`, of type `t3` or 5 more"),
    ],
)  # fmt: skip
def test_why_says_what_is_waited_for(listen, to, said):
    run = listen(f"- hear: {{ listen: {{ to: {to} }} }}")
    run.now += 60 * SECOND
    reason = find_reason(run)
    assert reason.code == "waiting_for_event"
    assert reason.text.startswith(f"It waits for {said}, since ")


def test_why_says_what_is_left_and_what_ends_it(listen):
    run = listen(BOTH[:-1] + ", timeout: { after: PT1H } }")
    run.send("a")
    reason = find_reason(run)
    assert "an event of type `b`, since" in reason.text
    assert "it has had 1." in reason.text
    assert "Its timeout is at" in reason.text
    assert reason.facts == {"types": ["b"], "received": 1, "position": 1}
    run = listen("- hear: { listen: { to: { any: [], until: { one: { with: { type: end } } } } } }")
    assert "; it ends with an event of type `end`." in find_reason(run).text
    run = listen("- hear: { listen: { to: { any: [], until: '$context.done' } } }")
    assert "; it ends when `$context.done` holds." in find_reason(run).text


def test_why_says_of_a_suspended_run_that_it_hears_nothing(listen):
    run = listen(BOTH)
    run.do(c.SuspendRun(reason=WHY))
    findings = explain_run(run.program, run.history, run.now).present
    assert findings[1].reason.text.endswith("; it goes on when the run is resumed.")


def test_a_task_that_is_busy_with_an_event_waits_for_none(listen):
    run = listen(FOREACH)
    run.send("a")
    assert find_reason(run).code == "waiting_for_time"


def test_a_listening_task_waits_until_it_has_its_events(listen):
    run = listen(BOTH)
    run.now += 3 * SECOND
    run.send("a")
    (story,) = tell_stories(run)
    assert (story.status, story.kind, story.items, story.wait.reason.code) == (
        "waiting",
        "listen",
        1,
        "waiting_for_event",
    )
    run.now += 2 * SECOND
    run.send("b")
    (story,) = tell_stories(run)
    assert (story.status, story.items) == ("completed", 2)
    assert list(iter_waits(story)) == [("waiting_for_event", 5 * SECOND)]


def test_the_time_in_which_an_event_is_dealt_with_is_no_waiting(listen):
    run = listen(FOREACH)
    run.now += 3 * SECOND
    run.send("a")
    assert tell_stories(run)[0].status == "running"
    run.advance(2)
    assert tell_stories(run)[0].status == "waiting"
    run.now += 4 * SECOND
    run.send("a")
    run.advance(2)
    hear, first, second = tell_stories(run)
    assert list(iter_waits(hear)) == [("waiting_for_event", 7 * SECOND)]
    assert (first.iteration, second.iteration) == (0, 1)
    assert second.reference == "/do/0/hear/foreach/1/do/0/rest"
    assert hear.reason.code == "until_true"


def test_a_listening_that_a_fault_interrupted_is_told_on_after_the_repair(listen):
    run = listen("""
- both:
    fork:
      branches:
        - hear: { listen: { to: { one: { with: { type: a } } } } }
        - bad:
            do: [ { rest: { wait: PT1S } }, { oh: { raise: { error: { type: "https://a.test/x", status: 500 } } } } ]
""")
    run.advance(1)
    stories = {story.name: story.status for story in tell_stories(run)}
    assert (stories["hear"], stories["oh"]) == ("interrupted", "faulted")
    run.do(c.SkipTask(reason=WHY))
    assert {story.name: story.status for story in tell_stories(run)}["hear"] == "waiting"
    run.send("a")
    assert {story.status for story in tell_stories(run)} == {"completed", "passed"}


def test_a_cancelled_listening_is_told_as_cancelled(listen):
    run = listen(BOTH)
    run.do(c.CancelRun(reason=WHY))
    (story,) = tell_stories(run)
    assert story.status == "cancelled"
    assert story.wait.ended_at == run.now
