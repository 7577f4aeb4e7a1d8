"""Which events a listening task has consumed, so that it takes none twice."""

from __future__ import annotations

from bisect import bisect_left, insort

import msgspec

MOST_POSITIONS = 10_000
"""How many positions are kept one by one; beyond that, all up to the highest of them count as consumed."""


class Consumed(msgspec.Struct):
    """What a listening task has consumed in a run, over all its entries.

    Attributes:
        floor: All events up to this position are done with.
        positions: Those above it that were consumed, in order.
    """

    floor: int = 0
    positions: list[int] = []

    def add(self, position: int, *, is_steady: bool) -> None:
        """Count an event as consumed; of a steady task, what it has passed over below that is done with too."""
        if is_steady:
            self.floor = max(self.floor, position)
            return
        insort(self.positions, position)
        if len(self.positions) > MOST_POSITIONS:
            self.floor = self.positions[-1]
            self.positions = []

    def holds(self, position: int) -> bool:
        """Tell whether an event is done with."""
        if position <= self.floor:
            return True
        index = bisect_left(self.positions, position)
        return index < len(self.positions) and self.positions[index] == position


def copy_consumed(consumed: Consumed) -> Consumed:
    """Return a copy that can be added to."""
    return Consumed(consumed.floor, list(consumed.positions))
