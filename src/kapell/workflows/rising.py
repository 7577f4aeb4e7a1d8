"""The longest rising part of a sequence: what stays in its order when a list is reordered."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from _typeshed import SupportsRichComparison


def find_longest_rise(values: Sequence[SupportsRichComparison]) -> list[int]:
    """Return the indexes of a longest strictly rising subsequence, in order; it takes n log n comparisons."""
    ends: list[int] = []
    previous: list[int] = []
    for index, value in enumerate(values):
        at = bisect_left(ends, value, key=values.__getitem__)
        previous.append(ends[at - 1] if at else -1)
        ends[at : at + 1] = [index]
    found = []
    index = ends[-1] if ends else -1
    while index >= 0:
        found.append(index)
        index = previous[index]
    return found[::-1]
