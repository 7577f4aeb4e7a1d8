"""A second opinion on cron: it walks through the minutes of UTC and looks at a clock on the wall.

It shares nothing with Kapell's calendar. At each minute it asks which local times the wall's clock has shown or passed
for the first time; a firing is due when one of these fits. So what comes twice fires once, when it comes first, and
what is passed over fires, once, when the clock has jumped.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_MINUTE = timedelta(minutes=1)
_NAMES = {name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"))}
_NAMES |= {"JAN": 1, "FEB": 2, "MAR": 3, "APR": 4, "MAY": 5, "JUN": 6}
_NAMES |= {"JUL": 7, "AUG": 8, "SEP": 9, "OCT": 10, "NOV": 11, "DEC": 12}
_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


def fires_at(expression: str, zone: str, begin: datetime, end: datetime) -> list[datetime]:
    """Return the firings after `begin` and not after `end`; both are whole minutes in UTC."""
    fits = _make_matcher(expression)
    return sorted({moment for shown, moment in watch_clock(zone, begin, end) if fits(shown)})


@lru_cache(maxsize=1)
def watch_clock(zone: str, begin: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """Return each local time that a clock shows or passes for the first time, and at which moment it does."""
    wall = ZoneInfo(zone)
    moment, shown = begin, _find_latest_shown(begin, wall)
    seen = []
    while moment < end:
        moment += _MINUTE
        local = moment.astimezone(wall).replace(tzinfo=None)
        while shown < local:
            shown += _MINUTE
            seen.append((shown, moment))
    return seen


def _find_latest_shown(moment: datetime, wall: ZoneInfo) -> datetime:
    """Return the latest time that the clock has shown: in a repeated time that is the last before it was set back."""
    while moment.astimezone(wall).fold:
        moment -= _MINUTE
    return moment.astimezone(wall).replace(tzinfo=None)


def _make_matcher(expression: str):
    texts = expression.upper().split()
    minutes, hours, days, months, weekdays = (_read(text, *bounds) for text, bounds in zip(texts, _BOUNDS, strict=True))
    weekdays = {day % 7 for day in weekdays}
    both = texts[2].startswith("*") or texts[4].startswith("*")

    def fits(local: datetime) -> bool:
        if local.minute not in minutes or local.hour not in hours or local.month not in months:
            return False
        by_day, by_weekday = local.day in days, local.isoweekday() % 7 in weekdays
        return (by_day and by_weekday) if both else (by_day or by_weekday)

    return fits


def _read(text: str, lowest: int, highest: int) -> set[int]:
    values: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        if span == "*":
            first, last = lowest, highest
        elif "-" in span:
            first, last = (_number(end) for end in span.split("-"))
        else:
            first = _number(span)
            last = highest if step else first
        values.update(range(first, last + 1, int(step or 1)))
    return values


def _number(text: str) -> int:
    return _NAMES[text] if text in _NAMES else int(text)
