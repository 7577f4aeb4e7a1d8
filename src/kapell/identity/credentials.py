"""Secrets that Kapell makes: tokens of 256 random bits, of which only hashes are kept, and first passwords."""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

_BYTES: Final = 32
_LETTERS: Final = "abcdefghijkmnpqrstuvwxyz23456789"
"""Without those that are mistaken for one another in print."""
_PASSWORD_PARTS: Final = 5
_PART_LENGTH: Final = 5


def make_secret() -> str:
    """Return 256 random bits as 64 hexadecimal digits."""
    return secrets.token_hex(_BYTES)


def hash_secret(secret: str) -> str:
    """Return the SHA-256 of a secret, in hexadecimal. Enough for random bits: there is nothing to guess."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def make_password() -> str:
    """Return a password of 125 random bits that can be copied from a screen."""
    parts = ("".join(secrets.choice(_LETTERS) for _ in range(_PART_LENGTH)) for _ in range(_PASSWORD_PARTS))
    return "-".join(parts)
