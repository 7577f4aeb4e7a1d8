"""Triggers, as the API tells of them and takes them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

AwareMoment = Annotated[datetime, msgspec.Meta(tz=True)]


class TriggerSchedule(msgspec.Struct, frozen=True, kw_only=True):
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


class TriggerEvents(msgspec.Struct, frozen=True, kw_only=True):
    """Which events a trigger fires for.

    Attributes:
        on: The events, as `schedule.on` of a workflow has them: `one`, `any` or `all` with filters.
        read: What its run gets of each event, in an array: its `data`, all of it (`envelope`), or its `raw` text.
        debounce: It fires once no further event has come for so long, for the last one; as ISO 8601 text.
    """

    on: dict[str, Any]
    read: Literal["data", "envelope", "raw"] = "envelope"
    debounce: str = "PT0S"


class TriggerSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What a trigger does.

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
    version: str = "latest"
    input: Any = None
    schedule: TriggerSchedule = TriggerSchedule()
    events: TriggerEvents | None = None
    jitter: str = "PT0S"
    missed: Literal["one", "skip", "all"] = "one"
    overlap: Literal["allow", "queue", "skip", "replace"] = "allow"
    description: str = ""


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
        spec: What it does; without its input for who may not see the data of runs.
        owner_version: The version of the workflow that it belongs to, if that brought it.
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
    kind: Literal["schedule", "event"] = "schedule"
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
    gathered: list[GatheredEvent] = []
    created_at: datetime
    updated_at: datetime
    updated_by: str
    updated_by_name: str


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
    outcome: Literal["starting", "started", "skipped", "queued", "replaced"]
    run_id: str | None = None
    reason: str = ""
    fired_by: str | None = None
    events: list[int] = []


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


class FiringCalendar(msgspec.Struct, frozen=True):
    """The firings that are planned in a span, in order, and whether these are all of them."""

    items: list[PlannedFiring]
    is_whole: bool


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
    upcoming: list[datetime] = []


class FiredRun(msgspec.Struct, frozen=True):
    """The run that a trigger was fired for by hand; it starts within moments."""

    run_id: str


class NewTrigger(msgspec.Struct, frozen=True):
    """A trigger that is to be made."""

    namespace: str
    name: str
    spec: TriggerSpec
    is_paused: bool = False


class TriggerChange(msgspec.Struct, frozen=True):
    """What a trigger is to do from now on."""

    spec: TriggerSpec
    revision: int


class TriggerDraft(msgspec.Struct, frozen=True):
    """What a trigger would do."""

    namespace: str
    spec: TriggerSpec


class PauseReason(msgspec.Struct, frozen=True):
    """Why a trigger is paused or resumed."""

    reason: str = ""
