"""How many requests the API takes from one principal, and from one address of strangers.

Strangers are held to a pace that people never reach, as what they ask costs us something and them nothing. Principals
are known, and can be talked to or shut out: they have no limit unless an administrator sets one. What bounds them all
the same are the limits of bodies, pages and of work under way. Signing in has its own slowing, by failures.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

from kapell.errors import KapellError
from kapell.identity.sign_in import find_site

if TYPE_CHECKING:
    from kapell.clock import Clock
    from kapell.settings import Settings

_MOST_REMEMBERED = 20_000
_EXEMPT = frozenset({"/health", "/ready"})
_SIGN_IN = "/api/v1/sign-in"

_find_site = lru_cache(maxsize=1024)(find_site)


class RateLimitedError(KapellError):
    """The caller sends more requests than the settings allow; it can go on after a moment.

    Attributes:
        retry_after_seconds: How long to wait, whole seconds.
        headers: What says so in the answer (draft-ietf-httpapi-ratelimit-headers).
    """

    code = "rate_limited"
    retryable = True

    def __init__(self, name: str, rate: float, burst_seconds: float, wait: float) -> None:
        """Say what the limit is and how long to wait."""
        self.retry_after_seconds = max(1, math.ceil(wait))
        super().__init__(
            f"These are more than {rate:g} requests a second.", hint=f"Go on in {self.retry_after_seconds} s."
        )
        burst = max(1, int(rate * burst_seconds))
        self.headers = {
            "RateLimit-Policy": f'"{name}";q={burst};w={max(1, math.ceil(burst / rate))}',
            "RateLimit": f'"{name}";r=0;t={self.retry_after_seconds}',
        }


class Pace:
    """A token bucket for each key, kept as one number: until when the bucket has been used up in advance.

    A key that has been quiet for long enough is as good as unknown, so it can be forgotten.
    """

    def __init__(self, name: str, rate: float, burst_seconds: float, clock: Clock) -> None:
        """Let each key have `rate` requests a second, and as many at once as come together in `burst_seconds`."""
        self._name = name
        self._rate = rate
        self._burst_seconds = burst_seconds
        self._apart = 1.0 / rate
        self._ahead = max(burst_seconds, self._apart)
        self._monotonic = clock.monotonic
        self._used_until: dict[str, float] = {}

    def take(self, key: str) -> None:
        """Count a request. Raises `RateLimitedError` where it is one too many."""
        now = self._monotonic()
        until = self._used_until.get(key, now)
        until = (max(now, until)) + self._apart
        if until - now > self._ahead * 1.000001:  # what adds up from fractions is a little off
            raise RateLimitedError(self._name, self._rate, self._burst_seconds, until - now - self._ahead)
        self._used_until[key] = until
        if len(self._used_until) > _MOST_REMEMBERED:
            self._forget(now)

    def _forget(self, now: float) -> None:
        kept = {key: until for key, until in self._used_until.items() if until > now}
        # More keys than that at once: the older half has to be forgiven, as memory has its limit, too.
        self._used_until = kept if len(kept) <= _MOST_REMEMBERED // 2 else dict([*kept.items()][len(kept) // 2 :])


class RateLimits:
    """The limits of an installation. Belongs to one event loop."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        """Limit as the settings say; 0 is no limit."""
        burst = settings.rate_burst_seconds
        self._principals = Pace("principal", settings.rate_limit, burst, clock) if settings.rate_limit else None
        stranger = settings.stranger_rate_limit
        self._strangers = Pace("stranger", stranger, burst, clock) if stranger else None

    def take_for_principal(self, principal_id: str) -> None:
        """Count a request of somebody who is known. Raises `RateLimitedError`."""
        if self._principals is not None:
            self._principals.take(principal_id)

    def take_for_stranger(self, address: str) -> None:
        """Count a request of nobody. Raises `RateLimitedError`."""
        if self._strangers is not None:
            self._strangers.take(_find_site(address))

    def take_before(self, path: str, headers: dict[bytes, bytes], address: str) -> None:
        """Count a request that comes without anything to show, or that wants to be let in. Raises `RateLimitedError`.

        Those that show something wrong are counted when that is known.
        """
        has_credentials = b"authorization" in headers or b"cookie" in headers
        if self._strangers is None or path in _EXEMPT or (has_credentials and not path.startswith(_SIGN_IN)):
            return
        self.take_for_stranger(address)
