"""Rows of sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from kapell.identity.model import Session
from kapell.storage.tables.identity import sessions

if TYPE_CHECKING:
    from datetime import datetime


def read_session(row: sa.Row[Any]) -> Session:
    """Return the session of a row."""
    return Session(
        session_id=row.session_id,
        person_id=row.person_id,
        method=row.method,
        address=row.address,
        user_agent=row.user_agent,
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
        expires_at=row.expires_at,
    )


def add_session(connection: sa.Connection, session: Session, token_hash: str) -> None:
    """Add a session."""
    row = {name: getattr(session, name) for name in session.__struct_fields__}
    connection.execute(sa.insert(sessions).values(token_hash=token_hash, **row))


def find_by_hash(connection: sa.Connection, token_hash: str) -> Session | None:
    """Return the session of a token."""
    row = connection.execute(sa.select(sessions).where(sessions.c.token_hash == token_hash)).one_or_none()
    return None if row is None else read_session(row)


def find_session(connection: sa.Connection, session_id: str) -> Session | None:
    """Return a session by its id."""
    row = connection.execute(sa.select(sessions).where(sessions.c.session_id == session_id)).one_or_none()
    return None if row is None else read_session(row)


def list_sessions(connection: sa.Connection, person_id: str, now: datetime, idle_since: datetime) -> list[Session]:
    """Return a person's sessions that can still be used, the last used first."""
    query = sa.select(sessions).where(
        sessions.c.person_id == person_id, sessions.c.expires_at > now, sessions.c.last_seen_at > idle_since
    )
    return [read_session(row) for row in connection.execute(query.order_by(sessions.c.last_seen_at.desc()))]


def count_sessions(connection: sa.Connection, now: datetime, idle_since: datetime) -> int:
    """Return how many sessions can still be used."""
    query = sa.select(sa.func.count()).where(sessions.c.expires_at > now, sessions.c.last_seen_at > idle_since)
    return connection.execute(query).scalar_one()


def touch(connection: sa.Connection, session_id: str, now: datetime, address: str) -> None:
    """Remember when and from where a session was last used; never an earlier moment than is known."""
    is_later = (sessions.c.session_id == session_id) & (sessions.c.last_seen_at < now)
    connection.execute(sa.update(sessions).where(is_later).values(last_seen_at=now, address=address))


def delete_session(connection: sa.Connection, session_id: str) -> None:
    """Delete a session."""
    connection.execute(sa.delete(sessions).where(sessions.c.session_id == session_id))


def delete_sessions_of(connection: sa.Connection, person_id: str, *, except_for: str = "") -> int:
    """Delete the sessions of a person, except for one id if given; return how many there were."""
    is_meant = (sessions.c.person_id == person_id) & (sessions.c.session_id != except_for)
    return connection.execute(sa.delete(sessions).where(is_meant)).rowcount


def delete_ended(connection: sa.Connection, now: datetime, idle_since: datetime) -> int:
    """Delete the sessions that can no longer be used; return how many there were."""
    has_ended = (sessions.c.expires_at <= now) | (sessions.c.last_seen_at <= idle_since)
    return connection.execute(sa.delete(sessions).where(has_ended)).rowcount
