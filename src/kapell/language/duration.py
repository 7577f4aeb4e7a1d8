"""Durations: written as an object of parts, as ISO 8601 text, or as an expression that gives one of these."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

DAYS_PER_YEAR: Final = 365
"""A year of a duration is 365 days: a `timedelta` knows no calendar, and a fixed length keeps a run reproducible."""

DAYS_PER_MONTH: Final = 30
"""A month of a duration is 30 days, for the same reason."""

ISO_8601: Final = re.compile(
    r"P(?!$)(?:(?P<years>\d+(?:\.\d+)?)Y)?(?:(?P<months>\d+(?:\.\d+)?)M)?(?:(?P<weeks>\d+(?:\.\d+)?)W)?"
    r"(?:(?P<days>\d+(?:\.\d+)?)D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d+(?:\.\d+)?)H)?(?:(?P<minutes>\d+(?:\.\d+)?)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?",
    re.ASCII,
)
"""The form that the specification's schema accepts (ISO 8601-1, 5.5.2.2, without signs)."""

LENGTHS: Final[Mapping[str, timedelta]] = {
    "years": timedelta(days=DAYS_PER_YEAR),
    "months": timedelta(days=DAYS_PER_MONTH),
    "weeks": timedelta(weeks=1),
    "days": timedelta(days=1),
    "hours": timedelta(hours=1),
    "minutes": timedelta(minutes=1),
    "seconds": timedelta(seconds=1),
    "milliseconds": timedelta(milliseconds=1),
}
"""The length of each part."""

WRITTEN_PARTS: Final = ("days", "hours", "minutes", "seconds", "milliseconds")
"""The parts that the object form has; the others only ISO 8601 text has."""


def parse_duration(value: Any) -> timedelta:
    """Give the length of a duration, as written in a definition or as an expression gave it during a run.

    Args:
        value: An object of whole-numbered parts (`{"minutes": 5}`) or ISO 8601 text (`PT5M`).

    Raises:
        ValueError: It is neither; the message says what is wrong and what it should look like.
    """
    if isinstance(value, str):
        return _total(parse_iso_8601(value))
    if not isinstance(value, Mapping):
        raise ValueError(f"a duration is ISO 8601 text such as PT5M or an object such as {{minutes: 5}}, not {value!r}")  # noqa: TRY004 -- one error for all that is no duration
    if not value:
        raise ValueError("an empty object is no duration; give at least one part, such as {seconds: 0}")
    for name, amount in value.items():
        if name not in WRITTEN_PARTS:
            raise ValueError(f"{name!r} is no part of a duration; the parts are {', '.join(WRITTEN_PARTS)}")
        if isinstance(amount, bool) or not isinstance(amount, int | float) or amount % 1:
            raise ValueError(f"the {name} of a duration must be a whole number, not {amount!r}")
    return _total(value)


def parse_iso_8601(text: str) -> dict[str, float]:
    """Give the parts of ISO 8601 text such as `P1DT12H`; parts that are not written are left out.

    Raises:
        ValueError: The text is no ISO 8601 duration.
    """
    match = ISO_8601.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no ISO 8601 duration such as PT5M (5 minutes) or P1DT12H (a day and a half)")
    return {name: float(amount) for name, amount in match.groupdict().items() if amount is not None}


def _total(parts: Mapping[str, float]) -> timedelta:
    try:
        total = sum((LENGTHS[name] * amount for name, amount in parts.items()), timedelta())
    except OverflowError:
        raise ValueError("the duration is longer than Kapell can count (about 2.7 million years)") from None
    if total < timedelta():
        raise ValueError("a duration cannot be negative")
    return total
