"""A unified diff of two texts whose time is bounded, whatever they hold.

`difflib` takes minutes for a large text of which every other line was changed. Here lines that stand once in each text,
in the same order, are held still first ("patience"), and `difflib` sees only what lies between two of them.
"""

from __future__ import annotations

from collections import Counter
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from kapell.workflows.rising import find_longest_rise

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_CONTEXT = 3
_LARGEST_GAP = 200
_MOST_PAIRS = 1_000_000
"""Larger gaps, and all after so many pairs of lines, are shown as replaced but for what is the same at their ends."""


def compare_lines(before: str, before_text: str, after: str, after_text: str) -> str:
    """Return a unified diff, with three lines around each change; empty if the texts are the same.

    Args:
        before: What the one is called.
        before_text: The one.
        after: What the other is called.
        after_text: The other.
    """
    matcher = _LineMatcher(_split(before_text), _split(after_text))
    lines = [f"--- {before}\n", f"+++ {after}\n"]
    for group in matcher.get_grouped_opcodes(_CONTEXT):
        lines += _draw_group(matcher, group)
    return "".join(lines) if before_text != after_text else ""


class _LineMatcher(SequenceMatcher[str]):
    """Finds the lines that stay by those that are unique; the way to the opcodes is the library's."""

    def __init__(self, before: list[str], after: list[str]) -> None:
        super().__init__(None, before, after, autojunk=False)
        self.before = before
        self.after = after
        self._pairs_left = _MOST_PAIRS

    def get_matching_blocks(self) -> list[tuple[int, int, int]]:  # type: ignore[override] # plain tuples will do
        """Return (start before, start after, length) of each block that stays, and an empty one at the end."""
        blocks: list[tuple[int, int, int]] = []
        for start, other, length in self._iter_blocks():
            if blocks and blocks[-1][0] + blocks[-1][2] == start and blocks[-1][1] + blocks[-1][2] == other:
                blocks[-1] = (*blocks[-1][:2], blocks[-1][2] + length)
            elif length:
                blocks.append((start, other, length))
        return [*blocks, (len(self.before), len(self.after), 0)]

    def _iter_blocks(self) -> Iterator[tuple[int, int, int]]:
        at, other_at = 0, 0
        for start, other in (*_find_anchors(self.before, self.after), (len(self.before), len(self.after))):
            if start < at or other < other_at:
                continue  # what follows an anchor was the same, past this one
            yield from self._match_gap(at, start, other_at, other)
            length = _count_same(self.before, start, self.after, other)
            yield start, other, length
            at, other_at = start + length, other + length

    def _match_gap(self, start: int, end: int, other_start: int, other_end: int) -> Iterator[tuple[int, int, int]]:
        head = _count_same(self.before[start:end], 0, self.after[other_start:other_end], 0)
        yield start, other_start, head
        start, other_start = start + head, other_start + head
        gap, other_gap = self.before[start:end][::-1], self.after[other_start:other_end][::-1]
        tail = _count_same(gap, 0, other_gap, 0)
        end, other_end = end - tail, other_end - tail
        pairs = (end - start) * (other_end - other_start)
        if 0 < pairs <= min(_LARGEST_GAP**2, self._pairs_left):
            self._pairs_left -= pairs
            inner = SequenceMatcher(None, self.before[start:end], self.after[other_start:other_end], autojunk=False)
            for block in inner.get_matching_blocks()[:-1]:
                yield start + block.a, other_start + block.b, block.size
        yield end, other_end, tail


def _find_anchors(before: Sequence[str], after: Sequence[str]) -> list[tuple[int, int]]:
    """Return the places of lines that stand once in each text, in an order that both share."""
    once, other_once = ({line for line, count in Counter(lines).items() if count == 1} for lines in (before, after))
    places = {line: index for index, line in enumerate(after) if line in other_once}
    shared = [(index, places[line]) for index, line in enumerate(before) if line in once and line in places]
    return [shared[index] for index in find_longest_rise([other for _, other in shared])]


def _count_same(before: Sequence[str], start: int, after: Sequence[str], other: int) -> int:
    length = 0
    most = min(len(before) - start, len(after) - other)
    while length < most and before[start + length] == after[other + length]:
        length += 1
    return length


def _draw_group(matcher: _LineMatcher, group: list[tuple[str, int, int, int, int]]) -> Iterator[str]:
    first, last = group[0], group[-1]
    yield f"@@ -{_draw_range(first[1], last[2])} +{_draw_range(first[3], last[4])} @@\n"
    for tag, start, end, other_start, other_end in group:
        if tag == "equal":
            yield from (f" {line}" for line in matcher.before[start:end])
            continue
        yield from (f"-{line}" for line in matcher.before[start:end])
        yield from (f"+{line}" for line in matcher.after[other_start:other_end])


def _draw_range(start: int, end: int) -> str:
    """Write a range of lines as unified diffs do: from 1, and an empty one by the line before it."""
    length = end - start
    if length == 1:
        return str(start + 1)
    return f"{start + 1 if length else start},{length}"


def _split(text: str) -> list[str]:
    """Return the lines of a text; the last one says so if nothing ends it."""
    lines = [f"{line}\n" for line in text.split("\n")]
    if lines[-1] == "\n":
        return lines[:-1]
    return [*lines[:-1], f"{lines[-1]}\\ No newline at end of file\n"]
