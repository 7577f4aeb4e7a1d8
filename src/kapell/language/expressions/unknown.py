"""A value that only the run will know: what plans and simulations put in the place of results that do not exist yet."""

from __future__ import annotations

from typing import Any, Final, final


@final
class Unknown:
    """The type of `UNKNOWN`, the one value of its kind; it stands for any JSON value."""

    _instance: Unknown | None = None

    def __new__(cls) -> Unknown:
        """Return the one instance, so that it can be compared by identity."""
        if cls._instance is None:
            cls._instance = super().__new__(cls)
        return cls._instance

    def __repr__(self) -> str:
        """Give the name under which it is imported."""
        return "UNKNOWN"

    def __bool__(self) -> bool:
        """Refuse to be taken for true or false."""
        raise TypeError("a value that only the run will know is neither true nor false")


UNKNOWN: Final = Unknown()


class Undetermined(Exception):  # noqa: N818 -- a signal between filters, never seen outside
    """What a filter gives, or how often, depends on an unknown value."""


def contains_unknown(value: Any) -> bool:
    """Tell whether a value is unknown or has an unknown part."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if value is UNKNOWN:
            return True
        if type(value) is dict:
            waiting.extend(value.values())
        elif type(value) is list:
            waiting.extend(value)
    return False
