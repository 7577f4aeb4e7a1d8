"""Triggers and their firings, as values."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from kapell.workflows.model import LATEST

AwareMoment = Annotated[datetime, msgspec.Meta(tz=True)]

TriggerKind = Literal["schedule", "event"]
ReadAs = Literal["data", "envelope", "raw"]
MissedPolicy = Literal["one", "skip", "all"]
OverlapPolicy = Literal["allow", "queue", "skip", "replace"]
Outcome = Literal["starting", "started", "skipped", "queued", "replaced"]

OPEN: frozenset[Outcome] = frozenset({"starting", "queued"})
"""The outcomes that something is still to come of."""


class TriggerSchedule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a trigger fires: by exactly one of `cron`, `every` and `after`.

    Attributes:
        cron: A cron expression of five fields (minute, hour, day of month, month, day of week), or six with seconds.
        every: An interval, as ISO 8601 text: `PT15M`. It never drifts.
        after: How long after the end of the run before, as ISO 8601 text.
        zone: The IANA name of the zone that `cron` is meant in.
        anchor: The first moment of `every`; left out, it fires first when the first interval has passed.
    """

    cron: str | None = None
    every: str | None = None
    after: str | None = None
    zone: str = "UTC"
    anchor: AwareMoment | None = None


class TriggerEvents(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which events a trigger fires for.

    Attributes:
        on: The events, as `schedule.on` of a workflow has them: `one`, `any` or `all` with filters.
        read: What its run gets of each event, in an array: its `data`, all of it (`envelope`), or its `raw` text.
        debounce: It fires once no further event has come for so long, for the last one; as ISO 8601 text.
    """

    on: dict[str, Any]
    read: ReadAs = "envelope"
    debounce: str = "PT0S"


class TriggerSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a trigger does, as it is written.

    Attributes:
        workflow: The name of the workflow that it starts, in its own namespace.
        version: Its version, or `latest`: the highest at that time that is not deprecated.
        input: The input of its runs; those that events start have the array of the events instead.
        schedule: When it fires; empty if it hears events.
        events: Which events it fires for; `None` if it goes by a schedule.
        jitter: Up to how long each firing is put off, by chance, as ISO 8601 text; so that not all begin at once.
        missed: What becomes of firings that nobody was there for: `one` run for all of them, `skip`, or `all`.
        overlap: What becomes of a firing while the run before is under way: `allow`, `queue`, `skip`, or `replace`.
        description: What it is for.
    """

    workflow: str
    version: str = LATEST
    input: Any = None
    schedule: TriggerSchedule = TriggerSchedule()
    events: TriggerEvents | None = None
    jitter: str = "PT0S"
    missed: MissedPolicy = "one"
    overlap: OverlapPolicy = "allow"
    description: str = ""

    @property
    def kind(self) -> TriggerKind:
        """What a trigger hears that does this."""
        return "schedule" if self.events is None else "event"


class GatheredEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event that a trigger keeps until it fires.

    Attributes:
        filter: The filter that it fits.
        position: Its number in the event store.
        since: When it arrived, or the first of those in whose place it is.
        count: For how many it stands, with those that were debounced.
    """

    filter: int
    position: int
    since: datetime
    count: int = 1


class Trigger(msgspec.Struct, frozen=True, kw_only=True):
    """What starts runs by itself.

    Attributes:
        trigger_id: Its id.
        namespace: Its namespace, and that of its runs.
        name: Its name, unique in the namespace.
        kind: What it hears.
        spec: What it does.
        owner_version: The version of the workflow that it belongs to, if that brought it; then nobody else changes it.
        is_paused: Whether it starts nothing for the time being.
        revision: Counts the changes of what it does.
        planned_at: The next planned moment; `None` while none is known.
        next_at: When that is due, with its jitter.
        last_fired_at: When it was last decided to start a run.
        last_run_id: The run that it started last.
        awaited_run_id: The run that it waits for the end of.
        heard_position: The last event that it has had to do with, by its number in the event store.
        gathered: The events that it has heard and not fired for yet.
        created_at: When it was made.
        updated_at: When what it does was last changed.
        updated_by: Who changed it, by id.
        updated_by_name: Who changed it, by name.
    """

    trigger_id: str
    namespace: str
    name: str
    kind: TriggerKind = "schedule"
    spec: TriggerSpec
    owner_version: str | None = None
    is_paused: bool = False
    revision: int = 1
    planned_at: datetime | None = None
    next_at: datetime | None = None
    last_fired_at: datetime | None = None
    last_run_id: str | None = None
    awaited_run_id: str | None = None
    heard_position: int = 0
    gathered: tuple[GatheredEvent, ...] = ()
    created_at: datetime
    updated_at: datetime
    updated_by: str
    updated_by_name: str

    @property
    def full_name(self) -> str:
        """What errors and the audit log call it."""
        return f"{self.namespace}/{self.name}"


class Firing(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a planned moment, or of several that were missed.

    Attributes:
        planned_at: The moment; the last of them, if it stands for several.
        since: The first of them.
        count: How many they are.
        decided_at: When it was decided.
        outcome: `starting` until the run is on disk, then `started`; `skipped`; `queued`; or `replaced`.
        run_id: The run, where one was to be started.
        reason: Why, in words; empty where a run was started at its time.
        fired_by: Who fired it by hand, by name.
        events: The events that it was for, by their numbers in the event store; the last one completed it.
    """

    planned_at: datetime
    since: datetime
    count: int = 1
    decided_at: datetime
    outcome: Outcome
    run_id: str | None = None
    reason: str = ""
    fired_by: str | None = None
    events: tuple[int, ...] = ()


class TriggerPage(msgspec.Struct, frozen=True):
    """A page of triggers, by namespace and name.

    Attributes:
        items: The triggers.
        after: What to ask the next page with; `None` after the last.
    """

    items: tuple[Trigger, ...]
    after: tuple[str, str] | None


class PlannedFiring(msgspec.Struct, frozen=True, kw_only=True):
    """A firing to come.

    Attributes:
        trigger_id: The trigger.
        namespace: Its namespace.
        name: Its name.
        workflow: The workflow that it starts.
        planned_at: The planned moment.
        due_at: When it is due, with its jitter.
        is_paused: Whether the trigger is paused, so that it would be skipped.
    """

    trigger_id: str
    namespace: str
    name: str
    workflow: str
    planned_at: datetime
    due_at: datetime
    is_paused: bool


class TriggerCheck(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be said of a trigger that is not there yet.

    Attributes:
        is_valid: Whether it could be made.
        problem: What is wrong with it.
        hint: What to do about it.
        upcoming: When it would fire next, were it made now.
    """

    is_valid: bool
    problem: str = ""
    hint: str = ""
    upcoming: tuple[datetime, ...] = ()


class StartOrder(msgspec.Struct, frozen=True, kw_only=True):
    """A run that is to be started; however often it is ordered, it is one run.

    Attributes:
        trigger_id: The trigger.
        trigger_name: Its full name.
        planned_at: The planned moment.
        namespace: The workflow's namespace.
        workflow: The workflow's name.
        version: Its version, or `latest`.
        input: The run's input.
        run_id: The id that it must have.
        events: The events that it starts for, by number; its input is the array of them.
        read: What the input has of each event; `None` if the run is not for events.
    """

    trigger_id: str
    trigger_name: str
    planned_at: datetime
    namespace: str
    workflow: str
    version: str
    input: Any
    run_id: str
    events: tuple[int, ...] = ()
    read: ReadAs | None = None
