"""Moments in words, for sentences about runs."""

from __future__ import annotations

from kapell.kernel.events import from_micros


def say_moment(micros: int, beside: int) -> str:
    """Return a moment as people write it, in UTC; the date is left out if it is that of the moment `beside`.

    Args:
        micros: The moment, in microseconds since 1970-01-01 UTC.
        beside: A moment that the reader has in mind.
    """
    moment = from_micros(micros)
    same_day = moment.date() == from_micros(beside).date()
    return f"{moment:%H:%M:%S} UTC" if same_day else f"{moment:%Y-%m-%d %H:%M:%S} UTC"
