"""Answers of the database that are remembered for a moment, because every call asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from kapell.identity.transactions import Transactions

REMEMBERED_SECONDS: Final = 5.0
"""How long at most a change by another process may go unnoticed here."""
_MOST: Final = 10_000

T = TypeVar("T")


class _Entry(NamedTuple, Generic[T]):
    value: T
    version: int
    until: float


class Remembered(Generic[T]):
    """Values by key. They count until identity changes in this process, and a few seconds at the longest.

    Who loads a value reads `version` first: a change during the loading then makes the value useless, not wrong.
    """

    def __init__(self, transactions: Transactions) -> None:
        """Remember what is read in `transactions`."""
        self._transactions = transactions
        self._clock = transactions.clock
        self._entries: dict[str, _Entry[T]] = {}

    @property
    def version(self) -> int:
        """What to read before a value is loaded, and to hand in with it."""
        return self._transactions.version

    def find(self, key: str) -> T | None:
        """Return a value that still counts."""
        entry = self._entries.get(key)
        if entry is None or entry.version != self._transactions.version or self._clock.monotonic() >= entry.until:
            return None
        return entry.value

    def keep(self, key: str, value: T, version: int) -> None:
        """Remember a value that was loaded after `version` was read."""
        if len(self._entries) >= _MOST:
            self._entries.clear()
        self._entries[key] = _Entry(value, version, self._clock.monotonic() + REMEMBERED_SECONDS)
