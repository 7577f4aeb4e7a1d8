"""Passwords: which are good enough, and argon2id hashes of them.

A check takes the same path for names that nobody has, against a hash that nothing matches, so that the time it takes
tells nothing. A check takes tens of megabytes, so only so many go on at once; the others wait their turn, for a while.
"""

from __future__ import annotations

import secrets
import threading
import unicodedata
from base64 import b64encode
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import msgspec
from argon2 import DEFAULT_HASH_LENGTH, DEFAULT_RANDOM_SALT_LENGTH, PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION, Type

from kapell.errors import TooManyAttemptsError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LONGEST: Final = 256
_FEWEST_DIFFERENT: Final = 5
_HASH_LENGTHS: Final = (DEFAULT_RANDOM_SALT_LENGTH, DEFAULT_HASH_LENGTH)
"""The bytes of a hash's salt and of the hash."""


class PasswordRules(msgspec.Struct, frozen=True, kw_only=True):
    """How passwords are kept. Hashes of lesser parameters are renewed at the next sign-in.

    Attributes:
        min_length: The fewest characters of a new password.
        memory_kib: The memory of one check, in KiB.
        passes: How often a check goes over that memory.
        max_at_once: How many checks go on at once at most.
        longest_wait_seconds: How long a check waits for its turn before it is refused.
    """

    min_length: int = 12
    memory_kib: int = 46 * 1024
    passes: int = 2
    max_at_once: int = 4
    longest_wait_seconds: float = 5.0


class Verdict(msgspec.Struct, frozen=True):
    """What a check found.

    Attributes:
        is_right: Whether the password is the one that was hashed.
        new_hash: A hash by the present parameters, where the stored one is of others and the password is right.
    """

    is_right: bool
    new_hash: str | None = None


class Passwords:
    """Hashes and checks passwords. Any thread may use it; calls block for some hundredths of a second."""

    def __init__(self, rules: PasswordRules | None = None) -> None:
        """Take the rules; the defaults are meant for people who sign in a few times a day."""
        self.rules = rules or PasswordRules()
        self._hasher = PasswordHasher(
            time_cost=self.rules.passes, memory_cost=self.rules.memory_kib, parallelism=1, type=Type.ID
        )
        self._turns = threading.BoundedSemaphore(self.rules.max_at_once)
        self._nobodys_hash = _make_nobodys_hash(self.rules)
        self.checks = 0
        """How many checks were made; what tests count in place of time."""

    def check_choice(self, password: str, name: str) -> None:
        """Refuse a password that is too easily guessed.

        Raises:
            UsageError: It is too short, too long, too uniform, or contains the account's name or is part of it.
        """
        text = _normalise(password)
        if not self.rules.min_length <= len(text) <= _LONGEST:
            raise UsageError(f"A password has {self.rules.min_length} to {_LONGEST} characters, whichever you like.")
        if len(set(text)) < _FEWEST_DIFFERENT:
            raise UsageError(f"A password has at least {_FEWEST_DIFFERENT} different characters.")
        folded = text.casefold()
        if folded in name.casefold() or (len(name) >= _FEWEST_DIFFERENT and name.casefold() in folded):
            raise UsageError("A password does not contain the name of its account.")

    def hash(self, password: str) -> str:
        """Return the hash to store. Raises `TooManyAttemptsError`."""
        with self._take_turn():
            return self._hasher.hash(_normalise(password))

    def verify(self, stored: str | None, password: str, *, admit: Callable[[], None] = lambda: None) -> Verdict:
        """Check a password.

        Args:
            stored: The hash; `None` where there is none, which no password matches and which takes as long.
            password: What was typed.
            admit: Called when the turn of this check has come; what it raises ends it. With it, those who wait in line
                are refused by what those before them have done.

        Raises:
            TooManyAttemptsError: Too many others are being checked.
        """
        with self._take_turn():
            admit()
            self.checks += 1
            text = _normalise(password[: 4 * _LONGEST])
            matches = self._matches(stored or self._nobodys_hash, text)
            if stored is None or not matches:
                return Verdict(is_right=False)
            outdated = self._hasher.check_needs_rehash(stored)
            return Verdict(is_right=True, new_hash=self._hasher.hash(text) if outdated else None)

    def _matches(self, stored: str, text: str) -> bool:
        try:
            return self._hasher.verify(stored, text)
        except (VerificationError, InvalidHashError):
            return False

    @contextmanager
    def _take_turn(self) -> Iterator[None]:
        if not self._turns.acquire(timeout=self.rules.longest_wait_seconds):
            raise TooManyAttemptsError("Too many people sign in at once.", retry_after_seconds=1)
        try:
            yield
        finally:
            self._turns.release()


def _make_nobodys_hash(rules: PasswordRules) -> str:
    """Make a hash of no password at all: to check against it takes as long, to make it takes no time at a start."""
    salt, digest = (b64encode(secrets.token_bytes(length)).rstrip(b"=").decode() for length in _HASH_LENGTHS)
    return f"$argon2id$v={ARGON2_VERSION}$m={rules.memory_kib},t={rules.passes},p=1${salt}${digest}"


def _normalise(password: str) -> str:
    """Make one of the ways to type the same characters (NFKC, as NIST SP 800-63B advises)."""
    return unicodedata.normalize("NFKC", password.encode("utf-8", "replace").decode())
