"""Sessions of people who signed in: opaque tokens of 256 random bits, of which the database knows only hashes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from kapell.errors import NotFoundError, UnauthenticatedError
from kapell.identity import names
from kapell.identity.credentials import hash_secret, make_secret
from kapell.identity.model import Principal, Session
from kapell.identity.remembering import Remembered
from kapell.identity.store import people, sessions
from kapell.ids import make_id

if TYPE_CHECKING:
    from kapell.identity.model import Actor
    from kapell.identity.transactions import Change, Transactions

_LONGEST_ADDRESS: Final = 64


class SessionRules(msgspec.Struct, frozen=True, kw_only=True):
    """How long sessions last.

    Attributes:
        idle: After how long without a call a session ends.
        longest: After how long it ends at the latest.
        seen_every: How often it is written down, at most, that a session is used; far less than `idle`.
    """

    idle: timedelta = timedelta(hours=1)
    longest: timedelta = timedelta(hours=12)
    seen_every: timedelta = timedelta(minutes=1)


class NewSession(msgspec.Struct, frozen=True):
    """A session that was just opened, and its token, which is told only here."""

    token: str
    session: Session


class OpenSession(msgspec.Struct, frozen=True):
    """A session that is in use, and who acts in it."""

    principal: Principal
    session: Session


class _Known:
    """What is remembered of a session; `seen_at` goes on between two writes."""

    __slots__ = ("open", "seen_at")

    def __init__(self, found: OpenSession) -> None:
        self.open = found
        self.seen_at = found.session.last_seen_at


class Sessions:
    """The sessions of an installation. Methods block."""

    def __init__(self, transactions: Transactions, rules: SessionRules | None = None) -> None:
        """Work in `transactions`."""
        self._transactions = transactions
        self._rules = rules or SessionRules()
        self._known: Remembered[_Known] = Remembered(transactions)

    def open(
        self, person_id: str, *, method: str, address: str, user_agent: str = "", replaces: str = ""
    ) -> NewSession:
        """Open a session for somebody who has just proved who they are.

        Args:
            person_id: The person.
            method: How they did: `password` or `oidc:<provider>`.
            address: Where they are.
            user_agent: What their browser calls itself.
            replaces: The token of the session that the browser had before, which ends: no token outlives a sign-in, so
                that nobody can plant one.

        Raises:
            UnauthenticatedError: The account is disabled, or there is none.
        """
        with self._transactions.change() as change:
            return self.open_within(change, person_id, method, address, user_agent, replaces)

    def open_within(
        self, change: Change, person_id: str, method: str, address: str, user_agent: str, replaces: str
    ) -> NewSession:
        """Do what `open` does in a transaction of the caller's."""
        person = people.find_person(change.connection, person_id, lock=True)
        if person is None or person.disabled_at is not None:
            raise UnauthenticatedError("This account cannot be used.")
        earlier = sessions.find_by_hash(change.connection, hash_secret(replaces)) if replaces else None
        if earlier is not None:
            sessions.delete_session(change.connection, earlier.session_id)
        token = make_secret()
        session = Session(
            session_id=make_id(change.now),
            person_id=person_id,
            method=method,
            address=names.clip(address, _LONGEST_ADDRESS),
            user_agent=names.clip(user_agent),
            created_at=change.now,
            last_seen_at=change.now,
            expires_at=change.now + self._rules.longest,
        )
        sessions.add_session(change.connection, session, hash_secret(token))
        people.note_sign_in(change.connection, person_id, change.now)
        principal = people.get_principal(change.connection, person_id)
        details = {"method": method, "user_agent": session.user_agent}
        change.record(principal.act_from(address), "session.begin", f"session/{session.session_id}", details=details)
        return NewSession(token, session)

    def verify(self, token: str, address: str = "") -> OpenSession:
        """Return who acts with a session's token.

        Raises:
            UnauthenticatedError: There is no such session, it has ended, or the account is disabled.
        """
        key = hash_secret(token)
        known = self._known.find(key)
        if known is None:
            version = self._known.version
            known = self._load(key)
            self._known.keep(key, known, version)
        now = self._transactions.clock.now()
        if self._has_ended(known, now):
            raise _refuse()
        if now - known.seen_at >= self._rules.seen_every:
            known.seen_at = now
            with self._transactions.write() as change:
                sessions.touch(
                    change.connection, known.open.session.session_id, now, names.clip(address, _LONGEST_ADDRESS)
                )
        return known.open

    def list_sessions(self, person_id: str) -> list[Session]:
        """Return the sessions of a person that can still be used, the last used first."""
        now = self._transactions.clock.now()
        with self._transactions.read() as connection:
            return sessions.list_sessions(connection, person_id, now, now - self._rules.idle)

    def end(self, session_id: str, actor: Actor, *, person_id: str | None = None) -> None:
        """End a session.

        Args:
            session_id: Which.
            actor: Who ends it.
            person_id: Whose it must be; `None` where the actor may end anybody's.

        Raises:
            NotFoundError: There is no such session, or it is somebody else's.
        """
        with self._transactions.change() as change:
            session = sessions.find_session(change.connection, session_id)
            if session is None or person_id not in {None, session.person_id}:
                raise NotFoundError("There is no such session.")
            sessions.delete_session(change.connection, session_id)
            details = {"person_id": session.person_id}
            change.record(actor, "session.end", f"session/{session_id}", details=details)

    def end_all(self, person_id: str, actor: Actor, *, except_for: str = "") -> int:
        """End the sessions of a person, except for one id if given; return how many there were."""
        with self._transactions.change() as change:
            ended = sessions.delete_sessions_of(change.connection, person_id, except_for=except_for)
            change.record(actor, "session.end_all", f"person/{person_id}", details={"sessions_ended": ended})
        return ended

    def count(self) -> int:
        """Return how many sessions can be used."""
        now = self._transactions.clock.now()
        with self._transactions.read() as connection:
            return sessions.count_sessions(connection, now, now - self._rules.idle)

    def prune(self) -> int:
        """Delete what can no longer be used; return how many there were. Nobody's act, so nothing is recorded."""
        with self._transactions.write() as change:
            return sessions.delete_ended(change.connection, change.now, change.now - self._rules.idle)

    def _load(self, key: str) -> _Known:
        with self._transactions.read() as connection:
            session = sessions.find_by_hash(connection, key)
            principal = None if session is None else people.find_principal(connection, session.person_id)
        if session is None or principal is None or principal.disabled:
            raise _refuse()
        return _Known(OpenSession(principal, session))

    def _has_ended(self, known: _Known, now: datetime) -> bool:
        return now >= known.open.session.expires_at or now - known.seen_at >= self._rules.idle


def _refuse() -> UnauthenticatedError:
    return UnauthenticatedError("There is no session, or it has ended.", hint="Sign in.")
