"""What is counted of runs, hour by hour and day by day, in the transaction in which it happens.

Statistics read some hundred counts, however many runs there are, and they are right at every moment. A count is one
number under (span, begin, version of a workflow, what). How long completed runs took is counted in classes whose bounds
grow by a factor of 2^(1/8): a percentile that is read from them is within 5 % of the true one.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from kapell.engine.rows import to_microseconds

if TYPE_CHECKING:
    from kapell.engine.store import RunRecord

HOUR = 3600
DAY = 86_400
SPANS = (HOUR, DAY)

STARTED = 0
ENDS = {"completed": 1, "faulted": 2, "cancelled": 3, "damaged": 4}
"""What is counted when a run ends, by the status that it ends with."""

_FIRST_CLASS = 100
_CLASSES_AN_OCTAVE = 8
_MICROSECONDS = 1_000_000

Subject = tuple[str, str, str]
"""Namespace, name and version of a workflow."""


class Counts:
    """What happened in one transaction.

    Attributes:
        found: How often, by span, begin, subject, and what.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self.found: Counter[tuple[int, int, Subject, int]] = Counter()

    def add_start(self, record: RunRecord) -> None:
        """Count that a run has started."""
        self._add(to_microseconds(record.created_at), (record.namespace, record.name, record.version), STARTED)

    def add_end(self, record: RunRecord) -> None:
        """Count that a run has ended, if its record says so."""
        if record.ended_at is None:
            return
        subject = (record.namespace, record.name, record.version)
        ended_at = to_microseconds(record.ended_at)
        self._add(ended_at, subject, ENDS[record.status])
        if record.status == "completed":
            self._add(ended_at, subject, classify(ended_at - to_microseconds(record.created_at)))

    def _add(self, at: int, subject: Subject, what: int) -> None:
        for span in SPANS:
            self.found[span, at - at % (span * _MICROSECONDS), subject, what] += 1


def classify(microseconds: int) -> int:
    """Return the number under which a duration is counted."""
    return _FIRST_CLASS + int(math.log2(max(microseconds, 1)) * _CLASSES_AN_OCTAVE)


def read_duration(what: int) -> float | None:
    """Return the seconds that a number stands for, the middle of its class; `None` if it is no duration."""
    if what < _FIRST_CLASS:
        return None
    return float(2 ** ((what - _FIRST_CLASS + 0.5) / _CLASSES_AN_OCTAVE)) / _MICROSECONDS
