"""`kapell triggers`: what starts runs of a server by itself, and why it has not."""

from __future__ import annotations

import sys
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec

from kapell.cli import exits
from kapell.cli.output import draw_table, print_json, print_lines, say, say_time
from kapell.cli.server_client import open_client
from kapell.client.wire.triggers import TriggerSpec
from kapell.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kapell.client import Client
    from kapell.client.wire.triggers import Firing, Trigger

_SHOWN = 5


def make_events(
    types: Sequence[str], filters: Sequence[str], read: str, debounce: str, *, is_all: bool
) -> dict[str, Any] | None:
    """Return which events a trigger hears, from the options of a command, or `None`. Raises `UsageError`."""
    wanted: list[Any] = [{"with": {"type": each}} for each in types]
    for text in filters:
        try:
            wanted.append(msgspec.json.decode(text))
        except msgspec.DecodeError as error:
            raise UsageError(
                f"The filter is not JSON: {error}.", hint="""Write it as --filter '{"with": {"type": "paid"}}'."""
            ) from None
    if not wanted:
        return None
    by_many = {"all" if is_all else "any": wanted}
    on = by_many if is_all or len(wanted) > 1 else {"one": wanted[0]}
    return {"on": on, "read": read, "debounce": debounce}


def make_spec(
    workflow: str, schedule: dict[str, Any], events: dict[str, Any] | None, value: str | None, rest: dict[str, str]
) -> TriggerSpec:
    """Return what a trigger is to do, from the options of a command. Raises `UsageError`."""
    try:
        given = None if value is None else msgspec.json.decode(value)
    except msgspec.DecodeError as error:
        raise UsageError(
            f"The input is not JSON: {error}.", hint="""Write it as --input '{"key": "value"}'."""
        ) from None
    name, _, version = workflow.partition("@")
    written = {
        "workflow": name,
        "version": version or "latest",
        "input": given,
        "schedule": schedule,
        "events": events,
        **rest,
    }
    try:
        return msgspec.convert(written, TriggerSpec)
    except msgspec.ValidationError as error:
        raise UsageError(f"This cannot be a trigger: {error}.", hint="See `kapell triggers create --help`.") from None


def list_all(
    server: str | None,
    token_file: Path | None,
    namespace: str | None,
    workflow: str | None,
    limit: int,
    *,
    as_json: bool,
) -> int:
    """List triggers. Raises `KapellError`."""
    with open_client(server, token_file) as client:
        found = list(islice(client.triggers.list(namespace=namespace, workflow=workflow), limit))
    if as_json:
        print_json(found)
    elif found:
        headings = ("TRIGGER", "WORKFLOW", "WHEN", "NEXT", "LAST")
        print_lines(*draw_table(headings, [_make_row(trigger) for trigger in found], sys.stdout))
    else:
        say("There are no triggers. `kapell triggers create` makes one.")
    return exits.COMPLETED


def show_one(server: str | None, token_file: Path | None, name: str, *, as_json: bool) -> int:
    """Show a trigger. Raises `KapellError`."""
    with open_client(server, token_file) as client:
        trigger = _find(client, name)
        upcoming = client.triggers.upcoming(trigger.trigger_id, limit=_SHOWN)
        firings = list(islice(client.triggers.firings(trigger.trigger_id, page_size=_SHOWN), _SHOWN))
    if as_json:
        print_json({"trigger": trigger, "upcoming": upcoming, "firings": firings})
        return exits.COMPLETED
    spec = trigger.spec
    print_lines(
        f"{trigger.namespace}/{trigger.name}  {'paused' if trigger.is_paused else 'active'}",
        f"  starts   {spec.workflow}@{spec.version}",
        f"  when     {_say_schedule(trigger)}",
        f"  missed   {spec.missed}",
        f"  overlap  {spec.overlap}",
        f"  id       {trigger.trigger_id}",
    )
    if spec.description:
        print_lines(f"  {spec.description}")
    if trigger.awaited_run_id is not None and not upcoming:
        print_lines(f"Next: when run {trigger.awaited_run_id} has ended.")
    elif trigger.kind == "event":
        print_lines(f"It {_say_next(trigger)}; it has heard {len(trigger.gathered)} that it has not fired for yet.")
    else:
        print_lines("Next:", *(f"  {say_time(each.planned_at)}" for each in upcoming))
    if firings:
        print_lines("Last:", *(f"  {line}" for line in _draw_firings(firings)))
    return exits.COMPLETED


def create_one(
    server: str | None, token_file: Path | None, name: str, spec: TriggerSpec, *, is_paused: bool, as_json: bool
) -> int:
    """Make a trigger. Raises `KapellError`."""
    namespace, _, own = name.partition("/")
    if not own:
        raise UsageError(f"`{name}` names no namespace.", hint="Write it as shop/nightly.")
    with open_client(server, token_file) as client:
        made = client.triggers.create(namespace, own, spec, is_paused=is_paused)
    return _tell(made, f"{made.namespace}/{made.name} {_say_next(made)}.", as_json=as_json)


def change_one(
    server: str | None, token_file: Path | None, name: str, action: str, reason: str, *, as_json: bool
) -> int:
    """Pause or resume a trigger. Raises `KapellError`."""
    with open_client(server, token_file) as client:
        trigger_id = _find(client, name).trigger_id
        triggers = client.triggers
        if action == "pause":
            return _tell(triggers.pause(trigger_id, reason=reason), "It starts nothing until resumed.", as_json=as_json)
        changed = triggers.resume(trigger_id, reason=reason)
    return _tell(changed, f"It {_say_next(changed)}.", as_json=as_json)


def fire_one(server: str | None, token_file: Path | None, name: str, *, as_json: bool) -> int:
    """Fire a trigger now. Raises `KapellError`."""
    with open_client(server, token_file) as client:
        fired = client.triggers.fire(_find(client, name).trigger_id)
    if as_json:
        print_json(fired)
    else:
        print_lines(fired.run_id)
    return exits.COMPLETED


def tell_history(server: str | None, token_file: Path | None, name: str, limit: int, *, as_json: bool) -> int:
    """Tell what became of a trigger's firings. Raises `KapellError`."""
    with open_client(server, token_file) as client:
        trigger = _find(client, name)
        firings = list(islice(client.triggers.firings(trigger.trigger_id), limit))
    if as_json:
        print_json(firings)
    elif firings:
        print_lines(*_draw_firings(firings))
    else:
        say(f"It has not been due yet; it {_say_next(trigger)}.")
    return exits.COMPLETED


def delete_one(server: str | None, token_file: Path | None, name: str) -> int:
    """Drop a trigger. Raises `KapellError`."""
    with open_client(server, token_file) as client:
        client.triggers.delete(_find(client, name).trigger_id)
    say(f"{name} is deleted; its runs stay.")
    return exits.COMPLETED


def _find(client: Client, name: str) -> Trigger:
    """Return a trigger by its id, or by its namespace and name. Raises `NotFoundError`."""
    namespace, _, own = name.partition("/")
    if not own:
        return client.triggers.get(name)
    for trigger in client.triggers.list(namespace=namespace):
        if trigger.name == own:
            return trigger
    raise NotFoundError(f"There is no trigger {name}.", hint="`kapell triggers list` shows those that there are.")


def _tell(trigger: Trigger, text: str, *, as_json: bool) -> int:
    if as_json:
        print_json(trigger)
    else:
        say(text)
    return exits.COMPLETED


def _make_row(trigger: Trigger) -> tuple[str, ...]:
    following = "paused" if trigger.is_paused else say_time(trigger.next_at)
    return (
        f"{trigger.namespace}/{trigger.name}",
        f"{trigger.spec.workflow}@{trigger.spec.version}",
        _say_schedule(trigger),
        following,
        say_time(trigger.last_fired_at),
    )


def _say_next(trigger: Trigger) -> str:
    if trigger.kind == "event" and trigger.next_at is None:
        return "fires when its events come"
    return f"fires next at {say_time(trigger.next_at)}"


def _say_events(on: dict[str, Any]) -> str:
    """Say which events a trigger hears: their types, as far as filters name them."""
    if "one" in on:
        return f"on {_say_filter(on['one'])}"
    mode = "all" if "all" in on else "any"
    return f"on {mode} of {', '.join(map(_say_filter, on[mode]))}" if on.get(mode) else "on every event"


def _say_filter(written: Any) -> str:
    return str(written.get("with", {}).get("type", "any type"))


def _say_schedule(trigger: Trigger) -> str:
    if trigger.spec.events is not None:
        return _say_events(trigger.spec.events.on)
    schedule = trigger.spec.schedule
    if schedule.cron is not None:
        return f"{schedule.cron} ({schedule.zone})"
    return f"every {schedule.every}" if schedule.every is not None else f"{schedule.after} after the end"


def _draw_firings(firings: Sequence[Firing]) -> list[str]:
    rows = [
        (say_time(firing.planned_at), firing.outcome, str(firing.count), firing.run_id or "-", firing.reason)
        for firing in firings
    ]
    return draw_table(("PLANNED", "OUTCOME", "COUNT", "RUN", "REASON"), rows, sys.stdout)
