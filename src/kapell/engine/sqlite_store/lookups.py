"""Many values looked up in few statements."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterator

_SIZES = (1, 8, 64, 512)  # of few different lengths, so that each statement is prepared once


def look_up(connection: sqlite3.Connection, statement: str, values: Collection[Any]) -> Iterator[tuple[Any, ...]]:
    """Yield what a statement finds whose `{values}` become the marks of some of the values at a time."""
    wanted = list(dict.fromkeys(values))
    for first in range(0, len(wanted), _SIZES[-1]):
        piece = wanted[first : first + _SIZES[-1]]
        size = next(size for size in _SIZES if size >= len(piece))
        filled = chain(piece, [piece[-1]] * (size - len(piece)))
        yield from connection.execute(statement.format(values=", ".join(["?"] * size)), tuple(filled))
