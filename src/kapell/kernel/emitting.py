"""The CloudEvent that an `emit` task makes of what is written (dsl.md, Emit)."""

from __future__ import annotations

import hashlib
import re
from typing import Any, Final

from kapell.kernel.events import from_micros
from kapell.kernel.faults import excess_error, validation_error
from kapell.kernel.sizes import find_excess

MAX_EVENT_BYTES: Final = 1024 * 1024
"""The largest data of an event, in bytes of JSON; it is the same for events that come from outside."""

_TEXTS: Final = ("id", "source", "type", "subject", "time", "datacontenttype", "dataschema")
_KNOWN: Final = frozenset({*_TEXTS, "specversion", "data", "data_base64"})
_NAME: Final = re.compile(r"[a-z0-9]+")
_INTEGERS: Final = range(-(2**31), 2**31)


def make_emitted(written: dict[str, Any], *, origin: str, seed: str, reference: str, now: int) -> dict[str, Any]:
    """Return the whole event.

    Args:
        written: The attributes, evaluated; those that are null are left out.
        origin: The `source`, where none is written.
        seed: What its id is made from, where none is written: the same step makes the same event.
        reference: The task's reference, for errors.
        now: When it is emitted, in microseconds since 1970-01-01 UTC.

    Raises:
        StepError: An attribute is not what CloudEvents 1.0 asks for, or the data is too large.
    """
    event = {
        "specversion": "1.0",
        "id": hashlib.blake2b(seed.encode(), digest_size=16).hexdigest(),
        "source": origin,
        "time": from_micros(now).isoformat().replace("+00:00", "Z"),
        **{name: value for name, value in written.items() if value is not None or name == "data"},
    }
    if "data" in event:
        event.setdefault("datacontenttype", "application/json")
    problem = _find_problem(event)
    if problem:
        raise validation_error(reference, "event", problem)
    excess = find_excess(event.get("data"), MAX_EVENT_BYTES)
    if excess:
        raise excess_error(reference, excess, MAX_EVENT_BYTES)
    return event


def _find_problem(event: dict[str, Any]) -> str:
    """Return which attribute is not as it has to be, and why; empty if all are."""
    if "type" not in event:
        return "it has no `type`."
    for name, value in event.items():
        if name in _TEXTS and not (isinstance(value, str) and value):
            return f"its `{name}` must be a text that is not empty."
        if name in _KNOWN:
            continue
        if not _NAME.fullmatch(name):
            return f"`{name}` is no name of an attribute: those are of lower-case letters and digits."
        if not isinstance(value, str) and (not isinstance(value, int) or value not in _INTEGERS):
            return f"its `{name}` must be a text, a whole number of 32 bits, true or false; the rest belongs in `data`."
    return ""
