"""What is left of events for who may not see the data of runs."""

from __future__ import annotations

import msgspec
import pytest

from kapell.kernel import events as ev
from kapell.kernel.concealing import HIDDEN, conceal, conceal_line
from kapell.language.error_types import WorkflowError
from kapell.reasons import Reason

CANARY = "a canary"
ERROR = WorkflowError(type="https://example.org/broken", status=500, title="Broken", detail=f"it was {CANARY}")
REASON = Reason("retry", "Retry 1 in 1 s.", {"delay_seconds": 1.0})
QUOTES = [Reason("not_matched", f"its `detail` is {CANARY}"), Reason("filter_failed", CANARY, {"seen": CANARY})]
EVENTS = [
    ev.TaskFaulted(at=1, node=2, entry=3, error=ERROR),
    ev.ErrorCaught(at=1, entry=3, error=ERROR, action="retry", due=5, retries=1, reason=REASON),
    ev.BranchFaulted(at=1, entry=3, node=4, error=ERROR),
    ev.AttemptEnded(at=1, entry=3, attempt=1, error=ERROR, started=1),
    ev.RunFaulted(at=1, error=ERROR, reasons=[*QUOTES, Reason("retries_exhausted", "All are used up.")]),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_the_detail_of_an_error_is_hidden_and_nothing_else(event):
    hidden = conceal(event)
    assert CANARY not in msgspec.json.encode(hidden).decode()
    assert hidden.error == msgspec.structs.replace(ERROR, detail=HIDDEN)
    same = [name for name in event.__struct_fields__ if name not in {"error", "reasons"}]
    assert [getattr(hidden, name) for name in same] == [getattr(event, name) for name in same]


def test_every_event_that_carries_an_error_is_known_here():
    carrying = {kind for kind in ev.AnyEvent.__args__ if "error" in kind.__struct_fields__}
    assert carrying == {type(event) for event in EVENTS}


def test_reasons_that_quote_nothing_stay():
    assert [reason.code for reason in conceal(EVENTS[-1]).reasons] == [
        "not_matched",
        "filter_failed",
        "retries_exhausted",
    ]
    assert conceal(EVENTS[-1]).reasons[-1].text == "All are used up."


def test_an_event_without_errors_is_the_very_same():
    silent = ev.TaskFaulted(at=1, node=2, entry=3, error=msgspec.structs.replace(ERROR, detail=""))
    for event in (silent, ev.RunCompleted(at=1), ev.AttemptEnded(at=1, entry=3, attempt=1, output=CANARY)):
        assert conceal(event) is event


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (f"Broken: it was {CANARY}", f"Broken: {HIDDEN}"),
        (f": {CANARY}", f"Error: {HIDDEN}"),
        (f"Of two: parts: {CANARY}", f"Of two: {HIDDEN}"),
        ("Broken: ", "Broken: "),
        ("Broken", "Broken"),
    ],
)
def test_a_line_of_a_list_keeps_the_title(line, shown):
    assert conceal_line(line) == shown
