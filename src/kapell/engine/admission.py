"""The gate that every attempt passes before it starts: admit, hold, or deny, and always with a reason.

Limits of concurrency are all that stands here now; quotas, approvals and change windows will be further admissions.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Protocol

import msgspec

from kapell.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class AttemptId(msgspec.Struct, frozen=True):
    """Which attempt it is about."""

    run_id: str
    entry: int
    attempt: int


class Admit(msgspec.Struct, frozen=True):
    """The attempt may start."""


class Hold(msgspec.Struct, frozen=True):
    """The attempt waits; the admission will say when it may start."""

    reason: Reason


class Deny(msgspec.Struct, frozen=True):
    """The attempt must not be made."""

    reason: Reason


Verdict = Admit | Hold | Deny


class Admission(Protocol):
    """The gate."""

    @property
    def waiting(self) -> int:
        """How many attempts are held."""
        ...

    def ask(self, attempt: AttemptId, kind: str, on_admit: Callable[[], None]) -> Verdict:
        """Ask for an attempt at an activity of this kind. After `Hold`, `on_admit` is called once it may start."""
        ...

    def leave(self, attempt: AttemptId) -> None:
        """Say that an attempt is over, or that one which was held is no longer wanted."""
        ...


class SlotAdmission:
    """So many attempts at a time for each group of activities, first come, first served."""

    def __init__(self, slots: Mapping[str, int], groups: Mapping[str, str]) -> None:
        """Set the limits.

        Args:
            slots: How many attempts of each group may be under way at once.
            groups: The group that each kind of activity belongs to; a kind without one is not limited.
        """
        self._slots = dict(slots)
        self._groups = dict(groups)
        self._taken: dict[AttemptId, str] = {}
        self._in_use = dict.fromkeys(slots, 0)
        self._waiting: dict[str, deque[tuple[AttemptId, Callable[[], None]]]] = {name: deque() for name in slots}

    @property
    def waiting(self) -> int:
        """How many attempts wait for a slot."""
        return sum(map(len, self._waiting.values()))

    def ask(self, attempt: AttemptId, kind: str, on_admit: Callable[[], None]) -> Verdict:
        """Admit the attempt if its group has a slot, or let it wait for one."""
        group = self._groups.get(kind)
        if group is None:
            return Admit()
        if self._in_use[group] < self._slots[group] and not self._waiting[group]:
            self._take(attempt, group)
            return Admit()
        if all(waiting != attempt for waiting, _ in self._waiting[group]):
            self._waiting[group].append((attempt, on_admit))
        limit = self._slots[group]
        return Hold(
            Reason(
                "waiting_for_slot",
                f"Waits for a slot: {limit} {group} may be under way at once (`max_{group}`), and all are taken.",
                {"group": group, "limit": limit, "waiting_before": len(self._waiting[group]) - 1},
            )
        )

    def leave(self, attempt: AttemptId) -> None:
        """Give the attempt's slot to the one that waits longest."""
        group = self._taken.pop(attempt, None)
        if group is None:
            for waiting in self._waiting.values():
                for found in [entry for entry in waiting if entry[0] == attempt]:
                    waiting.remove(found)
            return
        self._in_use[group] -= 1
        if self._waiting[group]:
            following, on_admit = self._waiting[group].popleft()
            self._take(following, group)
            on_admit()

    def _take(self, attempt: AttemptId, group: str) -> None:
        self._taken[attempt] = group
        self._in_use[group] += 1
