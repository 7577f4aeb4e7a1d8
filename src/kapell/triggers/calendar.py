"""When a schedule fires next. PURE: the moment to look from is an argument.

A cron expression is evaluated on the local time of its zone, as if that had no changes, and only then brought to UTC:

- a time that comes twice (clocks are set back) fires once, when it comes first;
- a time that does not exist (clocks are set forward) fires at the end of the gap, and several of them fire once.

Both follow from one map of local times to moments, which never goes backwards.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from cronsim import CronSim, CronSimError

from kapell.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

SHORTEST_INTERVAL = timedelta(seconds=1)
"""The shortest interval at which a schedule may fire; cron knows no shorter one either."""

_SECOND = timedelta(seconds=1)
_MILLISECOND = timedelta(milliseconds=1)
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_WINDOW = timedelta(minutes=1)
_LONGEST_EXPRESSION = 200
_ONE_OF_A_SPAN = re.compile(r"\b(\w+)-\1/\d+\b", re.ASCII)
"""A step in a span of one, as in `5-5/10`: the library would take it for `5/10`, which has no end."""


class Calendar(Protocol):
    """The moments at which something is planned, without an end or a beginning."""

    def find_next(self, moment: datetime) -> datetime | None:
        """Return the first planned moment after `moment`, aware, in UTC; `None` if there is none any more."""
        ...


class CronCalendar:
    """The times that a cron expression names in a zone."""

    def __init__(self, expression: str, zone: str = "UTC") -> None:
        """Read an expression of five fields, or of six with the seconds first.

        The five are minute, hour, day of month, month and day of week. Fields are `*`, numbers, ranges, steps, lists
        and English names (`MON`, `JAN`); `L` and `LW` are the last day and the last weekday of a month, `5L` its last
        Friday, `5#2` its second. Where both days are restricted, either will do; where one begins with `*`, both must
        fit (as in Vixie cron).

        Args:
            expression: The expression; case does not matter.
            zone: The IANA name of the zone.

        Raises:
            UsageError: The expression cannot be read or never comes true, or there is no such zone.
        """
        self._expression = _ONE_OF_A_SPAN.sub(r"\1", expression)
        self._zone = find_zone(zone)
        if len(expression) > _LONGEST_EXPRESSION:
            raise UsageError("The cron expression is too long.", hint=f"Use at most {_LONGEST_EXPRESSION} characters.")
        try:
            first = next(CronSim(self._expression, _EPOCH.replace(tzinfo=None)), None)
        except (CronSimError, ValueError) as error:
            raise UsageError(
                f"`{expression}` is no cron expression: {error}.",
                hint="Write minute, hour, day of month, month and day of week: `30 6 * * MON-FRI`.",
            ) from None
        if first is None:
            raise UsageError(f"`{expression}` never comes true.", hint="Name a day that its months have.")

    def find_next(self, moment: datetime) -> datetime | None:
        """Return the first time after `moment`, aware, in UTC; `None` if there is none within 50 years."""
        try:
            local = moment.astimezone(self._zone).replace(tzinfo=None)
            for candidate in CronSim(self._expression, local):
                resolved = resolve_local(candidate, self._zone)
                if resolved > moment:
                    return resolved
        except OverflowError:
            pass  # the calendar of Python ends with the year 9999
        return None


class IntervalCalendar:
    """An anchor, and every whole number of intervals after it: it never drifts."""

    def __init__(self, interval: timedelta, anchor: datetime) -> None:
        """Take the interval and the first moment, aware. Raises `UsageError` if the interval is too short."""
        if interval < SHORTEST_INTERVAL:
            raise UsageError("The interval is shorter than a second.", hint="Write PT1S or more.")
        self._interval = interval
        self._anchor = anchor.astimezone(UTC)

    def find_next(self, moment: datetime) -> datetime | None:
        """Return the first moment after `moment`, not before the anchor; `None` if time ends before it."""
        if moment < self._anchor:
            return self._anchor
        passed = (moment - self._anchor) // self._interval
        try:
            return self._anchor + (passed + 1) * self._interval
        except OverflowError:
            return None


def resolve_local(local: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment, in UTC, at which clocks of a zone first show a local time, or first show a later one.

    Args:
        local: A naive time.
        zone: The zone.
    """
    as_before = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if as_before.astimezone(zone).replace(tzinfo=None) == local:
        return as_before
    # In a gap: with the offset from before it the time lies behind the change, with the one from after it before.
    before, after = local.replace(tzinfo=zone, fold=1).astimezone(UTC), as_before
    new_offset = after.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + (after - before) // _SECOND // 2 * _SECOND
        if middle.astimezone(zone).utcoffset() == new_offset:
            after = middle
        else:
            before = middle
    return after


def iter_between(calendar: Calendar, after: datetime, until: datetime) -> Iterator[datetime]:
    """Give the planned moments that come after one moment and not after another, in order."""
    moment = calendar.find_next(after)
    while moment is not None and moment <= until:
        yield moment
        moment = calendar.find_next(moment)


def list_last(calendar: Calendar, after: datetime, until: datetime, limit: int) -> list[datetime]:
    """Return the last `limit` planned moments of a span, in order, at a cost that does not depend on its length.

    Args:
        calendar: The calendar.
        after: Only moments after this one.
        until: Only moments not after this one.
        limit: How many at most.
    """
    window = _FIRST_WINDOW
    while True:
        begins_at = max(after, until - window) if window < until - after else after
        found = list(iter_between(calendar, begins_at, until))
        if len(found) >= limit or begins_at == after:
            return found[-limit:]
        window *= 2


def find_jitter(trigger_id: str, planned_at: datetime, jitter: timedelta) -> timedelta:
    """Return by how much a firing is put off, up to `jitter`: the same for a trigger and moment, each time."""
    if jitter <= timedelta():
        return timedelta()
    seed = f"{trigger_id} {(planned_at - _EPOCH) // _MICROSECOND}"
    number = int.from_bytes(hashlib.blake2b(seed.encode(), digest_size=8).digest(), "big")
    return number % (jitter // _MILLISECOND + 1) * _MILLISECOND


@lru_cache(maxsize=1_000)
def find_zone(name: str) -> ZoneInfo:
    """Return a zone by its IANA name. Raises `UsageError`, with names that are nearly the same."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        near = difflib.get_close_matches(name, _list_zones(), n=3)
        hint = f"Did you mean {' or '.join(near)}?" if near else "Write an IANA name such as Europe/Berlin."
        raise UsageError(f"There is no time zone `{name[:100]}`.", hint=hint) from None


@cache
def _list_zones() -> tuple[str, ...]:
    return tuple(sorted(available_timezones()))
