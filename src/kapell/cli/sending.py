"""`kapell events send`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from kapell.cli import exits
from kapell.cli.files import decode_json, read_bytes
from kapell.cli.output import draw_table, print_json, print_lines
from kapell.clock import SystemClock
from kapell.errors import UsageError
from kapell.events.cloud_events import SPEC_VERSION, make_event
from kapell.events.json_format import read_members
from kapell.identity.names import check_namespace
from kapell.ids import make_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kapell.cli.event_target import EventTarget
    from kapell.events.cloud_events import CloudEvent


def read_events(file: str | None) -> list[CloudEvent]:
    """Return the events of a file (`-` is stdin): one, or a list. Raises `UsageError`, `LimitExceededError`."""
    if file is None:
        raise UsageError("There is nothing to send.", hint="Name a file, - for stdin, or the event's --type.")
    source = sys.stdin.buffer.read() if file == "-" else read_bytes(Path(file))
    given = decode_json(source, "stdin" if file == "-" else file)
    return [read_members(_complete(each)) for each in (given if isinstance(given, list) else [given])]


def make_asked(
    file: str | None, *, kind: str, source: str, subject: str | None, payload: str | None, event_id: str | None
) -> CloudEvent:
    """Return the event that the options ask for, as of now. Raises `UsageError`, `LimitExceededError`."""
    if file is not None:
        raise UsageError("The event is given twice.", hint="Name a file, or the event's --type, not both.")
    attributes = {"type": kind, "source": source, "subject": subject, "id": event_id}
    members = _complete({name: value for name, value in attributes.items() if value is not None})
    data: Any = msgspec.UNSET if payload is None else decode_json(payload.encode(), "--payload")
    return make_event({**members, "time": f"{SystemClock().now():%Y-%m-%dT%H:%M:%S.%fZ}"}, data=data)


def send_events(target: EventTarget, namespace: str, events: Sequence[CloudEvent], *, as_json: bool) -> int:
    """Send events, and print what became of them. Raises `UsageError` for what is no namespace."""
    check_namespace(namespace)
    positions = target.send(namespace, events)
    if as_json:
        print_json(
            [
                {"id": event.id, "source": event.source, "position": position or None, "duplicate": not position}
                for event, position in zip(events, positions, strict=True)
            ]
        )
        return exits.COMPLETED
    rows = [
        (str(position) if position else "sent before", event.type, event.id)
        for event, position in zip(events, positions, strict=True)
    ]
    print_lines(*draw_table(("position", "type", "id"), rows, sys.stdout))
    return exits.COMPLETED


def _complete(given: Any) -> Any:
    """Return an event with what every event has, and no person wants to type."""
    if not isinstance(given, dict):
        return given
    return {"specversion": SPEC_VERSION, "id": make_id(SystemClock().now()), **given}
