"""What is left of events for who may not see the data of runs.

An error's detail may say what was worked with, and so may the address that is called or the command that is run. A
run's history is told, and its reasons are read, from events as `conceal` leaves them, so that no sentence has to know
for whom it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from msgspec import UNSET
from msgspec.structs import replace

from kapell.kernel.events import AttemptCreated, RunFaulted

if TYPE_CHECKING:
    from kapell.kernel.events import Event
    from kapell.reasons import Reason

HIDDEN: Final = "(the detail is hidden: seeing it takes the permission run.data)"

_MAY_QUOTE: Final = frozenset({"filter_failed", "not_matched"})
"""Reasons of a `try` that did not catch an error; they may quote it."""


def conceal(event: Event) -> Event:
    """Return the event without the details of its errors and without arguments; the same one where it has none."""
    changes: dict[str, Any] = {}
    error = getattr(event, "error", None)
    if error is not None and error.detail:
        changes["error"] = replace(error, detail=HIDDEN)
    if isinstance(event, AttemptCreated) and event.arguments is not UNSET:
        changes["arguments"] = None
    if isinstance(event, RunFaulted) and any(reason.code in _MAY_QUOTE for reason in event.reasons):
        changes["reasons"] = [_conceal_reason(reason) for reason in event.reasons]
    return replace(event, **changes) if changes else event


def conceal_line(error: str) -> str:
    """Return the line that lists show of a run's error, `<title>: <detail>`, without the detail."""
    title, _, detail = error.partition(": ")
    return f"{title or 'Error'}: {HIDDEN}" if detail else error


def _conceal_reason(reason: Reason) -> Reason:
    if reason.code not in _MAY_QUOTE:
        return reason
    return replace(reason, text=f"A `try` around it did not catch the error {HIDDEN}.", facts={})
