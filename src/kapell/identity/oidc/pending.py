"""Sign-ins that are under way, kept in memory for the browsers that began them.

A browser has a random key in a cookie, and nothing else of it; a restart of the server makes people begin again. As
strangers begin sign-ins, each of their sites has room for a few, and all together have a limit.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from typing import TYPE_CHECKING, Final, NamedTuple

from kapell.errors import TooManyAttemptsError
from kapell.identity.credentials import hash_secret, make_secret
from kapell.identity.sign_in import find_site

if TYPE_CHECKING:
    from kapell.clock import Clock
    from kapell.identity.oidc.model import PendingSignIn

_MOST: Final = 50_000
_MOST_OF_A_SITE: Final = 500
_RETRY_SECONDS: Final = 60


class _Kept(NamedTuple):
    pending: PendingSignIn
    target: str
    site: str


class PendingSignIns:
    """What is kept until the browsers come back. Belongs to one event loop."""

    def __init__(self, clock: Clock) -> None:
        """Begin with nothing."""
        self._clock = clock
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._by_site: Counter[str] = Counter()

    def keep(self, pending: PendingSignIn, target: str, address: str) -> str:
        """Keep a sign-in, and where its browser is to go afterwards; return the key for the browser's cookie.

        Raises:
            TooManyAttemptsError: Too many sign-ins are under way, from this address or altogether.
        """
        self._forget_late()
        site = find_site(address)
        if len(self._kept) >= _MOST or self._by_site[site] >= _MOST_OF_A_SITE:
            raise TooManyAttemptsError(
                "Too many sign-ins are under way.", retry_after_seconds=_RETRY_SECONDS, hint="Try again in a minute."
            )
        key = make_secret()
        self._kept[hash_secret(key)] = _Kept(pending, target, site)
        self._by_site[site] += 1
        return key

    def take(self, key: str) -> tuple[PendingSignIn, str] | None:
        """Return what was kept for a browser, for the one time that it is asked for; `None` where there is nothing."""
        self._forget_late()
        digest = hash_secret(key)
        kept = self._kept.get(digest)
        if kept is None:
            return None
        self._drop(digest)
        return kept.pending, kept.target

    def _forget_late(self) -> None:
        """Forget what nobody may come back to any more; all last equally long, so the first is the oldest."""
        now = self._clock.now()
        while self._kept:
            digest, kept = next(iter(self._kept.items()))
            if now < kept.pending.expires_at:
                return
            self._drop(digest)

    def _drop(self, digest: str) -> None:
        site = self._kept.pop(digest).site
        self._by_site[site] -= 1
        if self._by_site[site] <= 0:
            del self._by_site[site]
