"""What becomes of the firings that are due. PURE: the present and what is under way are arguments.

A firing that is looked at within `GRACE` of its time is on time. What is older was missed: the server was down, or its
clock jumped ahead; the trigger's policy says what becomes of it. What is to be started is then held against the run
before, by the trigger's policy of overlaps.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from kapell.ids import derive_run_id
from kapell.triggers.calendar import list_last
from kapell.triggers.model import Firing, Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kapell.triggers.model import Trigger
    from kapell.triggers.timing import Timing

GRACE: Final = timedelta(minutes=1)
"""How late a firing may be and still count as on time: a busy or restarting server misses nothing."""

MOST_MADE_UP: Final = 1_000
"""How many missed firings are made up for at most, with the policy `all`."""

MOST_COUNTED: Final = 100
"""Up to which number firings that are skipped are counted."""

MOST_QUEUED: Final = 100
"""How many firings of a trigger wait for the end of a run at most."""

_MICROSECOND = timedelta(microseconds=1)


class Decision(msgspec.Struct, frozen=True):
    """What becomes of a trigger's due firings.

    Attributes:
        firings: A row for the history each, in order.
        replaced: The planned moments of firings that were queued and are replaced by one of these.
        cancels: Whether the run that is under way is to be cancelled.
        planned_at: The next planned moment, if one is known.
    """

    firings: tuple[Firing, ...]
    replaced: tuple[datetime, ...]
    cancels: bool
    planned_at: datetime | None


class Standing(msgspec.Struct, frozen=True):
    """What is under way of a trigger.

    Attributes:
        is_busy: Whether a run of it is under way, or about to start.
        queued: The planned moments of firings that wait.
    """

    is_busy: bool = False
    queued: tuple[datetime, ...] = ()


class _Due(msgspec.Struct):
    """What is due: of what was missed perhaps only the last, with a note that there was more."""

    missed: list[datetime]
    has_more: bool
    on_time: list[datetime]
    planned_at: datetime | None


def decide(trigger: Trigger, timing: Timing, standing: Standing, now: datetime) -> Decision:
    """Decide on all firings of a trigger that are due.

    Args:
        trigger: The trigger; its `next_at` has come.
        timing: Its schedule, read.
        standing: What of it is under way.
        now: The present moment.
    """
    due = _find_due(trigger, timing, now)
    if trigger.is_paused:
        rows = _merge([*due.missed, *due.on_time], now, "The trigger was paused.", due)
        return Decision(rows, (), cancels=False, planned_at=_plan(timing, due, now, is_started=False))
    skipped, wanted = _make_up(trigger, due, now)
    held = hold_against_runs(trigger, wanted, standing, now)
    is_started = any(firing.outcome != "skipped" for firing in held.firings)
    return Decision(
        tuple(sorted((*skipped, *held.firings), key=lambda firing: firing.planned_at)),
        held.replaced,
        held.cancels,
        _plan(timing, due, now, is_started=is_started),
    )


def make_run_id_of(trigger_id: str, planned_at: datetime, position: int | None = None) -> str:
    """Return the id of the run that a firing starts: the same each time, so that it is never two runs.

    Args:
        trigger_id: The trigger.
        planned_at: When it fires.
        position: The event that it fires for, if it does for one.
    """
    if position is not None:
        return derive_run_id(planned_at, f"trigger {trigger_id}/{position}")
    return derive_run_id(planned_at, f"trigger {trigger_id} {planned_at.isoformat()}")


def _plan(timing: Timing, due: _Due, now: datetime, *, is_started: bool) -> datetime | None:
    """Return the next planned moment; after a start, one that depends on the run's end is not known yet."""
    if timing.calendar is not None:
        return due.planned_at
    return None if is_started else timing.find_next(now)


def _find_due(trigger: Trigger, timing: Timing, now: datetime) -> _Due:
    first = trigger.planned_at
    if first is None or timing.find_due(trigger.trigger_id, first) > now:
        return _Due([], has_more=False, on_time=[], planned_at=first)
    if timing.calendar is None:
        is_late = timing.find_due(trigger.trigger_id, first) < now - GRACE
        return _Due([first] * is_late, has_more=False, on_time=[first] * (not is_late), planned_at=None)
    most = MOST_MADE_UP if trigger.spec.missed == "all" and not trigger.is_paused else MOST_COUNTED
    # What was planned before this is missed whatever its jitter, and need not be looked at one by one.
    long_ago = max(now - GRACE - timing.jitter - _MICROSECOND, first - _MICROSECOND)
    missed = list_last(timing.calendar, first - _MICROSECOND, long_ago, most + 1)
    on_time: list[datetime] = []
    planned = timing.calendar.find_next(long_ago)
    while planned is not None and (due_at := timing.find_due(trigger.trigger_id, planned)) <= now:
        (missed if due_at < now - GRACE else on_time).append(planned)
        planned = timing.calendar.find_next(planned)
    return _Due(missed[-most:], len(missed) > most, on_time, planned)


def _make_up(trigger: Trigger, due: _Due, now: datetime) -> tuple[tuple[Firing, ...], list[Firing]]:
    """Return what is skipped of what was missed, and what is to be started."""
    on_time = [_make(planned, now) for planned in due.on_time]
    if not due.missed:
        return (), on_time
    if trigger.spec.missed == "all":
        made_up = [_make(planned, now, "It was missed, and is made up for.") for planned in due.missed]
        left = () if not due.has_more or trigger.planned_at is None else (_skip_older(trigger.planned_at, due, now),)
        return left, made_up + on_time
    if trigger.spec.missed == "skip":
        return _merge(due.missed, now, "It was missed: no server was there, or its clock jumped ahead.", due), on_time
    if on_time:
        return _merge(due.missed, now, "It was missed; the next one was on time and stands for it.", due), on_time
    *others, last = due.missed
    text = "It was missed, and is made up for."
    if others:
        number = f"more than {len(others)}" if due.has_more else str(len(others))
        text = f"It was missed, and is made up for; it stands for {number} before it, too."
    return _merge(others, now, "It was missed; a later one stands for it.", due), [_make(last, now, text)]


def _skip_older(first: datetime, due: _Due, now: datetime) -> Firing:
    text = f"Of what was missed only the last {MOST_MADE_UP:,} are made up for; those before {due.missed[0]} are not."
    return Firing(planned_at=first, since=first, decided_at=now, outcome="skipped", reason=text)


def _merge(moments: Sequence[datetime], now: datetime, reason: str, due: _Due) -> tuple[Firing, ...]:
    """Return one row that says of all of these moments that they are skipped."""
    if not moments:
        return ()
    if due.has_more:
        reason += f" There were more than {len(moments)}; the first ones are not counted."
    return (
        Firing(
            planned_at=moments[-1],
            since=moments[0],
            count=len(moments),
            decided_at=now,
            outcome="skipped",
            reason=reason,
        ),
    )


def _make(planned_at: datetime, now: datetime, reason: str = "", outcome: Outcome = "starting") -> Firing:
    return Firing(planned_at=planned_at, since=planned_at, decided_at=now, outcome=outcome, reason=reason)


def hold_against_runs(trigger: Trigger, wanted: list[Firing], standing: Standing, now: datetime) -> Decision:
    """Decide which of the firings that are to be started are, while a run may be under way."""
    policy = trigger.spec.overlap
    firings: list[Firing] = []
    replaced: tuple[datetime, ...] = ()
    if policy == "replace" and wanted:
        firings = [
            _make(firing.planned_at, now, "A later one replaced it before it could start.", "replaced")
            for firing in wanted[:-1]
        ]
        replaced = standing.queued
        wanted = wanted[-1:]
    is_busy, room = standing.is_busy, MOST_QUEUED - len(standing.queued) + len(replaced)
    for firing in wanted:
        outcome, reason = _find_outcome(policy, is_busy=is_busy, has_room=room > 0)
        firings.append(msgspec.structs.replace(firing, outcome=outcome, reason=reason or firing.reason))
        room -= outcome == "queued"
        is_busy = True
    return Decision(
        tuple(firings), replaced, cancels=policy == "replace" and standing.is_busy and bool(wanted), planned_at=None
    )


def _find_outcome(policy: str, *, is_busy: bool, has_room: bool) -> tuple[Outcome, str]:
    if policy == "allow" or not is_busy:
        return "starting", ""
    if policy == "skip":
        return "skipped", "The run before had not ended."
    if not has_room:
        return "skipped", f"The run before had not ended, and {MOST_QUEUED} firings wait for that already."
    if policy == "replace":
        return "queued", "It replaces the run before, and starts when that has ended."
    return "queued", "It starts when the run before has ended."
