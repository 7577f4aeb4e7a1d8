"""`kapell events list`, `show` and `tail`."""

from __future__ import annotations

import sys
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec

from kapell.cli import exits
from kapell.cli.output import colour, draw_table, encode_json, is_terminal, print_json, print_lines, say, say_time

if TYPE_CHECKING:
    from datetime import datetime

    from kapell.cli.event_target import EventData, EventTarget, WantedEvents
    from kapell.engine.event_store import StoredEvent

_HIDDEN = "(hidden: seeing it takes the permission run.data)"
_DAMAGED = "(damaged: it was changed where it is stored)"


def list_page(target: EventTarget, wanted: WantedEvents, limit: int, before: int | None, *, as_json: bool) -> int:
    """Print a page of events, the newest first."""
    found = target.list_events(wanted, limit, before)
    if as_json:
        print_json([_describe(event) for event in found])
        return exits.COMPLETED
    if not found:
        say("There are no such events.")
        return exits.COMPLETED
    rows = [
        (
            str(event.position),
            say_time(event.arrived_at),
            event.namespace,
            _say(event.type),
            _say(event.source),
            _say(event.subject or "-"),
            _say(event.event_id),
        )
        for event in found
    ]
    headings = ("position", "arrived", "namespace", "type", "source", "subject", "id")
    print_lines(*draw_table(headings, rows, sys.stdout))
    if len(found) == limit and is_terminal(sys.stdout):
        say(f"More: {target.advise('events', 'list', '--before', str(found[-1].position))}", "dim")
    return exits.COMPLETED


def show_event(target: EventTarget, position: int, *, as_json: bool) -> int:
    """Print an event: its attributes, its data, and who consumed it."""
    found = target.get_event(position)
    consumers = [{"run_id": use.run_id, "reference": use.reference, "at": use.at} for use in found.uses]
    if as_json:
        print_json({**_describe_whole(found), "consumers": consumers})
        return exits.COMPLETED
    stored, event = found.stored, found.event or {}
    lines = [
        f"{'position':<16} {stored.position}",
        f"{'arrived':<16} {say_time(stored.arrived_at)}, by {stored.via}",
        f"{'namespace':<16} {stored.namespace}",
    ]
    lines += [f"{name:<16} {_say(str(value))}" for name, value in event.items() if name not in {"data", "data_base64"}]
    print_lines(*lines, "", colour("data", "bold", sys.stdout), *_draw_data(found))
    rows = [(use.run_id, use.reference or "started by it", say_time(use.at)) for use in found.uses]
    consumed = draw_table(("consumed by", "task", "at"), rows, sys.stdout) if rows else ["No run has consumed it."]
    print_lines("", *consumed)
    return exits.COMPLETED


def tail_events(
    target: EventTarget, wanted: WantedEvents, after: int | None, limit: int | None, *, as_json: bool
) -> int:
    """Print events as they arrive."""
    for found in islice(target.tail(wanted, after), limit):
        if as_json:
            print_lines(msgspec.json.encode(_describe_whole(found)).decode())
            continue
        stored = found.stored
        what = [_say(text) for text in (stored.type, stored.source, stored.subject or "-")]
        line = f"{say_time(stored.arrived_at)}  {stored.position:>6}  {stored.namespace}  {'  '.join(what)}"
        data = msgspec.json.encode(found.event["data"]).decode() if found.event and "data" in found.event else ""
        print_lines(f"{line}  {colour(data, 'dim', sys.stdout)}".rstrip())
    return exits.COMPLETED


def read_moment(moment: datetime | None) -> datetime | None:
    """Return a moment that a person typed, in their own time zone if they named none."""
    return None if moment is None else moment.astimezone()


def _describe(event: StoredEvent) -> dict[str, Any]:
    described: dict[str, Any] = msgspec.to_builtins(event)
    del described["body"]
    described["id"] = described.pop("event_id")
    return described


def _describe_whole(found: EventData) -> dict[str, Any]:
    return {**_describe(found.stored), "event": found.event, "has_data": found.has_data}


def _draw_data(found: EventData) -> list[str]:
    if found.event is None:
        return [_DAMAGED]
    if not found.has_data:
        return [_HIDDEN]
    if "data_base64" in found.event:
        return [f"{found.event['data_base64']} (Base64)"]
    return encode_json(found.event["data"]).splitlines() if "data" in found.event else ["-"]


def _say(text: str) -> str:
    """Return a text from outside as it may stand on a terminal."""
    return text if text.isprintable() else encode_json(text)
