"""Which events a listening task has consumed, so that it takes none twice."""

from __future__ import annotations

import msgspec

MOST_POSITIONS = 10_000
"""How many positions are kept one by one; beyond that, all up to the highest of them count as consumed."""


class Consumed(msgspec.Struct):
    """What a listening task has consumed in a run, over all its entries.

    Attributes:
        floor: All events up to this position are done with.
        positions: Those above it that were consumed.
    """

    floor: int = 0
    positions: set[int] = set()

    def add(self, position: int, *, is_steady: bool) -> None:
        """Count an event as consumed; of a steady task, what it has passed over below that is done with too."""
        if is_steady:
            self.floor = max(self.floor, position)
            return
        self.positions.add(position)
        if len(self.positions) > MOST_POSITIONS:
            self.floor = max(self.positions)
            self.positions = set()

    def holds(self, position: int) -> bool:
        """Tell whether an event is done with."""
        return position <= self.floor or position in self.positions


def copy_consumed(consumed: Consumed) -> Consumed:
    """Return a copy that can be added to."""
    return Consumed(consumed.floor, set(consumed.positions))
