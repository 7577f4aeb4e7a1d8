"""Pages of lists: how long they are, and where the next one begins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeVar

from fastapi import Query

from kapell.api.wire import Page
from kapell.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")

MOST = 2**53
"""The largest number of a line or an event that can be asked for: any program can write it down exactly."""

Cursor = Annotated[str | None, Query(description="Where the page begins: `next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=500, description="How many at most.")]


def cut_page(found: Sequence[T], limit: int, name: Callable[[T], object]) -> Page[T]:
    """Return the page of a list that was asked for one more than fits; `name` gives the cursor of an item."""
    return Page(list(found[:limit]), str(name(found[limit - 1])) if len(found) > limit else None)


def read_number(cursor: str | None) -> int | None:
    """Return the number that a cursor is. Raises `UsageError`."""
    if cursor is not None and not (cursor.isascii() and cursor.isdigit()):
        raise _refuse()
    return None if cursor is None else int(cursor)


def read_place(cursor: str | None) -> tuple[str, str] | None:
    """Return the namespace and name that a cursor is. Raises `UsageError`."""
    if cursor is None:
        return None
    namespace, separator, name = cursor.partition("/")
    if not separator:
        raise _refuse()
    return namespace, name


def write_place(place: tuple[str, str] | None) -> str | None:
    """Return the cursor that `read_place` reads."""
    return None if place is None else "/".join(place)


def _refuse() -> UsageError:
    return UsageError("The cursor is none that was given out.", hint="Begin without a cursor.")
