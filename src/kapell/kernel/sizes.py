"""How large a value is, without writing it out.

Values share their parts, so a value of a few objects can be a gigabyte on paper: `{a: ., b: .}`, thirty times over.
That is found out here, before anything tries to encode it.
"""

from __future__ import annotations

from typing import Any

_NUMBER_BYTES = 8
_MOST_KNOWN = 32

Known = dict[int, tuple[Any, int]]
"""Parts that were measured before: their identity, the part itself (so that its identity stays its own), its size."""


def exceeds(value: Any, limit: int, known: Known | None = None) -> bool:
    """Tell whether a JSON value takes more than about `limit` bytes; looks no further than it has to.

    Args:
        value: The value.
        limit: In bytes of JSON.
        known: Parts that were measured before. A run hands most of its data on unchanged from task to task, so that
            looking into it once is enough.
    """
    kind = type(value)
    if kind is dict:
        total, parts = 4 * len(value) + sum(map(len, value)), value.values()
    elif kind is list:
        total, parts = 2 + len(value), value
    else:
        return kind is str and len(value) > limit
    for part in parts:
        kind = type(part)
        if kind is str:
            total += 2 + len(part)
        elif kind is dict or kind is list:
            total += _measure(part, limit) if known is None else _measure_once(part, limit, known)
        else:
            total += _NUMBER_BYTES
        if total > limit:
            return True
    return total > limit


def _measure_once(part: Any, limit: int, known: Known) -> int:
    found = known.get(id(part))
    if found is not None:
        return found[1]
    if len(known) >= _MOST_KNOWN:
        known.clear()
    size = _measure(part, limit)
    known[id(part)] = (part, size)
    return size


def _measure(value: Any, limit: int) -> int:
    """Return about how many bytes a value takes, or some number above `limit`."""
    total = 0
    pending = [value]
    while pending and total <= limit:
        part = pending.pop()
        if type(part) is dict:
            total += 4 * len(part) + sum(map(len, part))
            part = part.values()
        else:
            total += 2 + len(part)
        for member in part:
            kind = type(member)
            if kind is str:
                total += 2 + len(member)
            elif kind is dict or kind is list:
                pending.append(member)
            else:
                total += _NUMBER_BYTES
    return total
