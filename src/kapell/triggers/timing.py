"""What a trigger's schedule says, read: a calendar, or a delay after the end of the run before. PURE."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from kapell.errors import UsageError
from kapell.language.duration import parse_duration
from kapell.triggers.calendar import SHORTEST_INTERVAL, Calendar, CronCalendar, IntervalCalendar, find_jitter, find_zone

if TYPE_CHECKING:
    from kapell.triggers.model import TriggerSpec

LONGEST_JITTER = timedelta(hours=1)


class Timing(msgspec.Struct, frozen=True):
    """When a trigger fires.

    Attributes:
        calendar: Its planned moments; `None` if each depends on the end of the run before.
        delay: How long after that end it fires.
        jitter: Up to how long each firing is put off.
    """

    calendar: Calendar | None
    delay: timedelta
    jitter: timedelta

    def find_next(self, moment: datetime) -> datetime | None:
        """Return the planned moment after `moment`, which is where the run before ended, if that counts."""
        return moment + self.delay if self.calendar is None else self.calendar.find_next(moment)

    def find_due(self, trigger_id: str, planned_at: datetime) -> datetime:
        """Return when a planned moment is due."""
        return planned_at + find_jitter(trigger_id, planned_at, self.jitter)


def read_timing(spec: TriggerSpec, made_at: datetime) -> Timing:
    """Read the schedule of a trigger.

    Args:
        spec: What the trigger does.
        made_at: When that was written: the anchor of an interval that names none.

    Raises:
        UsageError: It cannot be read, or can never fire.
    """
    schedule = spec.schedule
    kinds = [name for name in ("cron", "every", "after") if getattr(schedule, name) is not None]
    if len(kinds) != 1:
        raise UsageError(
            "A schedule has exactly one of `cron`, `every` and `after`.",
            hint=f"This one has {' and '.join(kinds) or 'none'}.",
        )
    jitter = read_length("jitter", spec.jitter)
    if jitter > LONGEST_JITTER:
        raise UsageError("The jitter is longer than an hour.", hint="Write PT1H or less.")
    find_zone(schedule.zone)
    if schedule.cron is not None:
        return Timing(_read_cron(schedule.cron, schedule.zone), timedelta(), jitter)
    if schedule.every is not None:
        interval = read_length("every", schedule.every)
        return Timing(IntervalCalendar(interval, schedule.anchor or made_at + interval), timedelta(), jitter)
    delay = read_length("after", schedule.after or "")
    if delay < SHORTEST_INTERVAL:
        raise UsageError("The delay is shorter than a second.", hint="Write PT1S or more.")
    return Timing(None, delay, jitter)


def read_length(what: str, text: str) -> timedelta:
    """Read a length of time, whole milliseconds. Raises `UsageError`."""
    try:
        length = parse_duration(text)
    except ValueError as error:
        raise UsageError(f"`{what}` cannot be read: {error}.") from None
    if length % timedelta(milliseconds=1) or length > timedelta(days=36_500):
        raise UsageError(f"`{what}` is no number of whole milliseconds up to 100 years.", hint="Write it as PT15M.")
    return length


@lru_cache(maxsize=20_000)
def _read_cron(expression: str, zone: str) -> CronCalendar:
    return CronCalendar(expression, zone)
