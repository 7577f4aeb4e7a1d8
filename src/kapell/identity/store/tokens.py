"""Rows of API tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from kapell.identity.model import ApiToken, Scope
from kapell.storage.tables.identity import api_tokens

if TYPE_CHECKING:
    from datetime import datetime


def read_token(row: sa.Row[Any]) -> ApiToken:
    """Return the token of a row, without its hash."""
    namespaces = None if row.namespaces is None else frozenset(row.namespaces)
    return ApiToken(
        token_id=row.token_id,
        owner_id=row.owner_id,
        name=row.name,
        scope=Scope(frozenset(row.permissions), namespaces),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
        last_used_from=row.last_used_from,
    )


def add_token(connection: sa.Connection, token: ApiToken, secret_hash: str) -> None:
    """Add a token."""
    row = {
        "token_id": token.token_id,
        "secret_hash": secret_hash,
        "owner_id": token.owner_id,
        "name": token.name,
        "permissions": sorted(token.scope.permissions),
        "namespaces": None if token.scope.namespaces is None else sorted(token.scope.namespaces),
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "last_used_from": "",
    }
    connection.execute(sa.insert(api_tokens).values(row))


def find_token(connection: sa.Connection, token_id: str) -> ApiToken | None:
    """Return a token by its id."""
    row = connection.execute(sa.select(api_tokens).where(api_tokens.c.token_id == token_id)).one_or_none()
    return None if row is None else read_token(row)


def find_with_hash(connection: sa.Connection, token_id: str) -> tuple[ApiToken, str] | None:
    """Return a token and the hash of its secret."""
    row = connection.execute(sa.select(api_tokens).where(api_tokens.c.token_id == token_id)).one_or_none()
    return None if row is None else (read_token(row), row.secret_hash)


def list_tokens(connection: sa.Connection, owner_id: str | None, *, after: str, limit: int) -> list[ApiToken]:
    """Return a page of tokens, of one owner if given, in the order of their making."""
    query = sa.select(api_tokens).where(api_tokens.c.token_id > after).order_by(api_tokens.c.token_id).limit(limit)
    if owner_id is not None:
        query = query.where(api_tokens.c.owner_id == owner_id)
    return [read_token(row) for row in connection.execute(query)]


def revoke_token(connection: sa.Connection, token_id: str, now: datetime) -> bool:
    """Revoke a token; tell whether it had not been revoked before."""
    is_live = (api_tokens.c.token_id == token_id) & api_tokens.c.revoked_at.is_(None)
    return connection.execute(sa.update(api_tokens).where(is_live).values(revoked_at=now)).rowcount > 0


def touch(connection: sa.Connection, token_id: str, now: datetime, address: str) -> None:
    """Remember when and from where a token was last used; never an earlier moment than is known."""
    is_later = (api_tokens.c.token_id == token_id) & (
        api_tokens.c.last_used_at.is_(None) | (api_tokens.c.last_used_at < now)
    )
    connection.execute(sa.update(api_tokens).where(is_later).values(last_used_at=now, last_used_from=address))
