"""Signing in by name and password.

Whether a name is known shows neither in the answer nor in what it takes: each try makes one check of a password,
against a hash that nothing matches if need be, and is counted by what was typed as the name and by the address.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
from typing import TYPE_CHECKING, Final, NamedTuple

from kapell.errors import TooManyAttemptsError, UnauthenticatedError
from kapell.identity import names
from kapell.identity.model import STRANGER, Actor
from kapell.identity.slowing import Slowing, SlowingRules
from kapell.identity.store import failures, people, sessions

if TYPE_CHECKING:
    from kapell.identity.model import Person
    from kapell.identity.passwords import Passwords, Verdict
    from kapell.identity.sessions import NewSession, Sessions
    from kapell.identity.transactions import Transactions

_IPV6_SITE: Final = 64
"""The leading bits of an IPv6 address that one site has; within it, addresses cost nothing."""


class _Attempt(NamedTuple):
    person: Person | None
    stored: str | None
    address: str
    account_source: str
    address_source: str


class SignIn:
    """Checks names and passwords, slows down whoever guesses, and opens sessions. Methods block."""

    def __init__(
        self, transactions: Transactions, passwords: Passwords, sessions: Sessions, rules: SlowingRules | None = None
    ) -> None:
        """Work in `transactions`."""
        self._transactions = transactions
        self._passwords = passwords
        self._sessions = sessions
        self._rules = rules or SlowingRules()

    def sign_in(
        self, name: str, password: str, *, address: str, user_agent: str = "", replaces: str = ""
    ) -> NewSession:
        """Open a session for a name and a password.

        Args:
            name: As typed.
            password: As typed.
            address: The network address that the try comes from.
            user_agent: What the browser calls itself.
            replaces: The token of the session that the browser had before, which ends.

        Raises:
            UnauthenticatedError: Name and password do not belong together, or the account is disabled.
            TooManyAttemptsError: Name or address failed too often lately, or too many sign in at once.
        """
        attempt = self._begin(names.read_person_name(name) or "", address)
        verdict = self._verify(attempt, password)
        person = attempt.person
        if person is None or not verdict.is_right:
            raise self._fail(attempt)
        with self._transactions.change() as change:
            # The password may have been changed while it was checked.
            people.get_person(change.connection, person.person_id, lock=True)
            if people.find_password_hash(change.connection, person.person_id) != attempt.stored:
                raise _refuse()
            if verdict.new_hash is not None:
                people.update_person(change.connection, person.person_id, password_hash=verdict.new_hash)
            failures.forget_source(change.connection, attempt.account_source)
            return self._sessions.open_within(change, person.person_id, "password", address, user_agent, replaces)

    def change_password(self, person_id: str, current: str, new: str, actor: Actor) -> None:
        """Give a person who knows the current password a new one, and end all of the person's sessions.

        Raises:
            UnauthenticatedError: The current password is wrong.
            TooManyAttemptsError: It was wrong too often lately, or too many sign in at once.
            UsageError: The new password will not do.
            NotFoundError: There is no such person.
        """
        with self._transactions.read() as connection:
            person = people.get_person(connection, person_id)
        self._passwords.check_choice(new, person.name)
        attempt = self._begin(person.name, actor.origin)
        if not self._verify(attempt, current).is_right:
            raise self._fail(attempt)
        password_hash = self._passwords.hash(new)
        with self._transactions.change() as change:
            people.get_person(change.connection, person_id, lock=True)
            if people.find_password_hash(change.connection, person_id) != attempt.stored:
                raise _refuse()
            people.update_person(change.connection, person_id, password_hash=password_hash)
            failures.forget_source(change.connection, attempt.account_source)
            ended = sessions.delete_sessions_of(change.connection, person_id)
            change.record(actor, "person.change_password", f"person/{person_id}", details={"sessions_ended": ended})

    def prune(self) -> int:
        """Forget failures that are long ago; return how many sources there were."""
        longest = max(self._rules.account.forget_after, self._rules.address.forget_after)
        with self._transactions.write() as change:
            return failures.forget_before(change.connection, change.now - longest)

    def _begin(self, name: str, address: str) -> _Attempt:
        with self._transactions.read() as connection:
            person = people.find_by_name(connection, name)
            stored = people.find_password_hash(connection, person.person_id if person else "")
        usable = person is not None and person.disabled_at is None
        return _Attempt(
            person if usable else None,
            stored if usable else None,
            address,
            # Hashed, as what is typed as a name is sometimes a password.
            f"name:{hashlib.sha256(name.encode()).hexdigest()}",
            f"address:{find_site(address)}",
        )

    def _verify(self, attempt: _Attempt, password: str) -> Verdict:
        return self._passwords.verify(attempt.stored, password, admit=lambda: self._admit(attempt))

    def _admit(self, attempt: _Attempt) -> None:
        now = self._transactions.clock.now()
        with self._transactions.read() as connection:
            waits = [
                slowing.find_wait(*counted, now).total_seconds()
                for source, slowing in self._list_sources(attempt)
                if (counted := failures.find_failures(connection, source)) is not None
            ]
        seconds = math.ceil(max(waits, default=0))
        if seconds > 0:
            raise TooManyAttemptsError(
                "Too many sign-ins failed.", retry_after_seconds=seconds, hint=f"Try again in {seconds} s."
            )

    def _fail(self, attempt: _Attempt) -> UnauthenticatedError:
        """Count a failure, record it, and return what to raise."""
        with self._transactions.write() as change:
            for source, slowing in self._list_sources(attempt):
                forgotten_before = change.now - slowing.forget_after
                failures.add_failure(change.connection, source, change.now, forgotten_before=forgotten_before)
            target = "person/unknown" if attempt.person is None else f"person/{attempt.person.person_id}"
            stranger = Actor(STRANGER, "", attempt.address)
            change.record(stranger, "session.begin", target, decision="denied", reason="wrong name or password")
        return _refuse()

    def _list_sources(self, attempt: _Attempt) -> list[tuple[str, Slowing]]:
        return [(attempt.account_source, self._rules.account), (attempt.address_source, self._rules.address)]


def find_site(address: str) -> str:
    """Return the part of a network address that is counted: all of IPv4, the site of IPv6, any other text clipped."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return names.clip(address, _IPV6_SITE)
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, _IPV6_SITE), strict=False).network_address)
    return str(parsed)


def _refuse() -> UnauthenticatedError:
    return UnauthenticatedError("Name and password do not belong together.")
