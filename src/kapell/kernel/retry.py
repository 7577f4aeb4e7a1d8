"""When to try again: the arithmetic of decision 10, and chance that is the same each time it is asked for."""

from __future__ import annotations

import hashlib
import math
from datetime import timedelta

_LARGEST = timedelta(days=3650)


def compute_delay(
    backoff: str, delay: timedelta, retry: int, *, factor: float = 2.0, max_delay: timedelta | None = None
) -> timedelta:
    """Return how long to wait before the retry number `retry` (1 for the first), without jitter.

    Args:
        backoff: `constant` (d), `linear` (d * n) or `exponential` (d * factor ** (n - 1)).
        delay: The policy's delay, d.
        retry: The number of the retry, n.
        factor: The base of the exponential.
        max_delay: The most that it may come to.
    """
    longest = _LARGEST if max_delay is None else min(max_delay, _LARGEST)
    if backoff == "linear":
        multiplier = float(retry)
    elif backoff == "exponential":
        multiplier = _raise_to_power(factor, retry - 1) if delay else 0.0
    else:
        multiplier = 1.0
    seconds = delay.total_seconds() * multiplier
    return longest if seconds >= longest.total_seconds() else timedelta(seconds=seconds)


def _raise_to_power(factor: float, exponent: int) -> float:
    """Return the power; where it is beyond all numbers, infinity: the longest delay has long been reached."""
    try:
        return factor**exponent
    except OverflowError:
        return math.inf


def compute_jitter(lowest: timedelta, highest: timedelta, seed: str) -> timedelta:
    """Return a length between both, spread evenly over seeds and always the same for one seed.

    The kernel has no dice: chance comes from the identity of the retry, so that the same history gives the same run.
    """
    digest = hashlib.blake2b(seed.encode(), digest_size=8).digest()
    share = int.from_bytes(digest, "big") / 2**64
    return lowest + (highest - lowest) * share
