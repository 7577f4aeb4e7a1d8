"""How large a value is, without writing it out.

Values share their parts, so a value of a few objects can be a gigabyte on paper: `{a: ., b: .}`, thirty times over.
That is found out here, before anything tries to encode it.
"""

from __future__ import annotations

from typing import Any

_NUMBER_BYTES = 8


def exceeds(value: Any, limit: int) -> bool:
    """Tell whether a JSON value takes more than about `limit` bytes; looks no further than it has to."""
    total = 0
    pending = [value]
    while pending:
        part = pending.pop()
        kind = type(part)
        if kind is dict:
            total += 4 * len(part) + sum(map(len, part))
            pending.extend(part.values())
        elif kind is list:
            total += 2 + len(part)
            pending.extend(part)
        elif kind is str:
            total += 2 + len(part)
        else:
            total += _NUMBER_BYTES
        if total > limit:
            return True
    return False
