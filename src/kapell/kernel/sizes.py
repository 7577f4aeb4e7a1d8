"""How large and how deep a value is, without writing it out.

Values share their parts, so a value of a few objects can be a gigabyte on paper: `{a: ., b: .}`, thirty times over; and
`{a: .}` in a loop stays small, but becomes deeper than any encoder goes. That is found out here, before anything tries.
"""

from __future__ import annotations

from typing import Any, Literal

MAX_DEPTH = 400
"""How many arrays and objects may lie within one another. The encoder ends at some 1,000, all told."""

_NUMBER_BYTES = 8
_FLAT = {str, int, float, bool, type(None)}
_MANY = 64
"""Members from which on it is worth while to ask first whether any of them is an array or object."""

_MOST_KNOWN = 32
_MOST_VISITS = 20_000
"""Arrays and objects after which a value is suspected to consist of the same parts again and again."""

_MOST_PARTS = 50_000
"""Different arrays and objects after which it is cleared of that: it is simply large."""

Size = tuple[int, int]
"""About how many bytes a value takes, and how deep it is: 1 for an array of numbers."""

HEAVY_BYTES = 64 * 1024
"""A value of more bytes than this is worth an account of what it costs to write."""


class Known(dict[int, tuple[Any, Size]]):
    """Parts that were measured before: their identity, the part itself (so that its identity stays its own), its size.

    Attributes:
        heavy_bytes: How much the heavy values come to that were measured since somebody last set this to 0.
    """

    heavy_bytes = 0

    def remember(self, part: Any, size: Size) -> None:
        """Keep what was found of an array or object."""
        if len(self) >= _MOST_KNOWN:
            self.clear()
        self[id(part)] = (part, size)

    def absorb(self, other: Known) -> None:
        """Keep also what was found elsewhere, as in a thread."""
        self.heavy_bytes += other.heavy_bytes
        for part, size in other.values():
            self.remember(part, size)


Excess = Literal["", "bytes", "depth"]
"""In what a value exceeds its limits; empty if it does not."""


def find_excess(value: Any, limit: int, known: Known | None = None) -> Excess:
    """Tell whether a JSON value takes more than about `limit` bytes or is deeper than `MAX_DEPTH`.

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
        return _judge(len(value) if kind is str else 0, 0, limit, known)
    if len(value) > _MANY:
        size = _measure(value, limit) if known is None else _measure_once(value, limit, known)
        return _judge(*size, limit, known)
    deepest = 0
    for part in parts:
        kind = type(part)
        if kind is str:
            total += 2 + len(part)
        elif kind is dict or kind is list:
            size = _measure(part, limit) if known is None else _measure_once(part, limit, known)
            total += size[0]
            deepest = max(deepest, size[1])
        else:
            total += _NUMBER_BYTES
        if total > limit:
            return "bytes"
    if total > HEAVY_BYTES and known is not None:
        known.remember(value, (total, deepest + 1))
    return _judge(total, deepest + 1, limit, known)


def _judge(size: int, depth: int, limit: int, known: Known | None) -> Excess:
    if size > limit:
        return "bytes"
    if size > HEAVY_BYTES and known is not None:
        known.heavy_bytes += size
    return "depth" if depth > MAX_DEPTH else ""


def exceeds(value: Any, limit: int) -> bool:
    """Tell whether a JSON value exceeds `limit` bytes, or `MAX_DEPTH`."""
    return bool(find_excess(value, limit))


def _measure_once(part: Any, limit: int, known: Known) -> Size:
    found = known.get(id(part))
    if found is not None:
        return found[1]
    size = _measure(part, limit, known)
    known.remember(part, size)
    return size


def _measure(value: Any, limit: int, known: Known | None = None, most_visits: int = _MOST_VISITS) -> Size:
    """Return a value's size, one level after the other; or some size beyond the limits."""
    total = depth = visits = 0
    deepest = 0
    level = [value]
    while level:
        depth += 1
        visits += len(level)
        if visits > most_visits:
            return _measure_shared(value, limit)
        following: list[Any] = []
        for part in level:
            members = part
            if type(part) is dict:
                total += 4 * len(part) + sum(map(len, part))
                members = part.values()
            else:
                total += 2 + len(part)
            flat = _add_up_flat(members, limit - total) if len(part) > _MANY else None
            if flat is None:
                flat, below = _add_up_members(members, known, following)
                deepest = max(deepest, depth + below)
            total += flat
        if total > limit or depth > MAX_DEPTH:
            break
        level = following
    return total, max(depth, deepest)


def _add_up_members(members: Any, known: Known | None, following: list[Any]) -> Size:
    """Return the size of all members but those that are left in `following`, and how deep those are that are known."""
    total = deepest = 0
    for member in members:
        kind = type(member)
        if kind is str:
            total += 2 + len(member)
        elif kind is dict or kind is list:
            found = None if known is None else known.get(id(member))
            if found is None:
                following.append(member)
            else:
                total += found[1][0]
                deepest = max(deepest, found[1][1])
        else:
            total += _NUMBER_BYTES
    return total, deepest


def _add_up_flat(members: Any, limit: int) -> int | None:
    """Return what members come to that are numbers or texts only, without a step of our own for each; else `None`."""
    if 2 * len(members) > limit:
        return limit + 1
    kinds = set(map(type, members))
    if not kinds <= _FLAT:
        return None
    if kinds == {str}:
        return 2 * len(members) + sum(map(len, members))
    return None if str in kinds else _NUMBER_BYTES * len(members)


def _measure_shared(value: Any, limit: int) -> Size:
    """Return a value's size, looking at each of its parts once, however often it occurs."""
    sizes: dict[int, Size] = {}
    pending = [value]
    while pending:
        if len(sizes) > _MOST_PARTS:
            return _measure(value, limit, None, limit)
        part = pending[-1]
        if id(part) in sizes:
            pending.pop()
            continue
        members = part.values() if type(part) is dict else part
        missing = [member for member in members if type(member) in (dict, list) and id(member) not in sizes]
        if missing:
            pending.extend(missing)
            continue
        pending.pop()
        size = _add_up(part, members, sizes)
        sizes[id(part)] = size
        if size[0] > limit or size[1] > MAX_DEPTH:
            return size
    return sizes[id(value)]


def _add_up(part: Any, members: Any, sizes: dict[int, Size]) -> Size:
    total = 4 * len(part) + sum(map(len, part)) if type(part) is dict else 2 + len(part)
    depth = 0
    for member in members:
        kind = type(member)
        if kind is str:
            total += 2 + len(member)
        elif kind is dict or kind is list:
            size, inner = sizes[id(member)]
            total += size
            depth = max(depth, inner)
        else:
            total += _NUMBER_BYTES
    return total, depth + 1
