"""Identifiers: made at the edge, sortable by the time of their making."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
_PAIR_BITS = 10
_TIME_CHARS = 10
_RANDOM_BYTES = 10


def make_run_id(now: datetime) -> str:
    """Return a new run id, made as every id."""
    return make_id(now)


def make_id(now: datetime) -> str:
    """Return a new id: 26 lower-case characters, sortable by `now` to the millisecond (the layout of a ULID)."""
    milliseconds = int(now.timestamp() * 1000)
    randomness = int.from_bytes(os.urandom(_RANDOM_BYTES), "big")
    return _encode(milliseconds, _TIME_CHARS) + _encode(randomness, 16)


def _encode(number: int, length: int) -> str:
    """Write a number in base 32, two characters at a time; `length` is even."""
    shifts = range((length // 2 - 1) * _PAIR_BITS, -1, -_PAIR_BITS)
    return "".join([_PAIRS[(number >> shift) & (len(_PAIRS) - 1)] for shift in shifts])


def derive_run_id(now: datetime, seed: str) -> str:
    """Return the id of a child run: as `make_run_id`, but the same each time for one `seed` and moment."""
    milliseconds = int(now.timestamp() * 1000)
    digest = hashlib.blake2b(seed.encode(), digest_size=_RANDOM_BYTES).digest()
    return _encode(milliseconds, _TIME_CHARS) + _encode(int.from_bytes(digest, "big"), 16)
