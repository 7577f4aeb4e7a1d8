"""How failed sign-ins are slowed down: per account and per address, more and more, never for good."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec


class Slowing(msgspec.Struct, frozen=True, kw_only=True):
    """The pace that is left to one source of failures.

    Attributes:
        free: How many failures cost nothing.
        first: How long the next failure makes the source wait; each further one twice as long.
        longest: The longest wait.
        forget_after: After how long without a failure all is forgotten.
    """

    free: int
    first: timedelta = timedelta(seconds=1)
    longest: timedelta
    forget_after: timedelta = timedelta(days=1)

    def find_wait(self, failures: int, last_failed_at: datetime, now: datetime) -> timedelta:
        """Return how long the source still has to wait before its next try."""
        beyond = failures - self.free
        if beyond <= 0 or now - last_failed_at >= self.forget_after:
            return timedelta()
        doublings = min(beyond - 1, 40)
        pause = min(self.first * (1 << doublings), self.longest)
        return max(last_failed_at + pause - now, timedelta())


class SlowingRules(msgspec.Struct, frozen=True, kw_only=True):
    """How accounts and addresses are slowed down.

    An account waits a minute at the longest: whoever makes it wait on purpose keeps its owner out no longer than that.

    Attributes:
        account: The pace of one account.
        address: The pace of one address, behind which there may be many people.
    """

    account: Slowing = Slowing(free=5, longest=timedelta(minutes=1))
    address: Slowing = Slowing(free=20, longest=timedelta(minutes=15))
