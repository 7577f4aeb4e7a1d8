"""Sealed secrets and ids of master keys in the database: each function is a statement of the caller's transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from kapell.storage.tables.vault import master_keys, secrets
from kapell.vault.model import SecretInfo, SecretPage

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from kapell.audit import Actor

_INFO_COLUMNS = [secrets.c[name] for name in SecretInfo.__struct_fields__]


class SealedSecret(NamedTuple):
    """A secret as it is kept.

    Attributes:
        namespace: Its namespace.
        name: Its name.
        version: How often it was put.
        key_id: The id of the master key that its data key is wrapped with.
        wrapped_key: The key that the value is sealed with, sealed itself.
        sealed: The value.
    """

    namespace: str
    name: str
    version: int
    key_id: str
    wrapped_key: bytes
    sealed: bytes


_SEALED_COLUMNS = [secrets.c[name] for name in SealedSecret._fields]


def list_key_ids(connection: sa.Connection) -> list[str]:
    """Return the ids of the master keys that this database was sealed with."""
    return list(connection.execute(sa.select(master_keys.c.key_id).order_by(master_keys.c.key_id)).scalars())


def add_key_id(connection: sa.Connection, key_id: str, now: datetime) -> None:
    """Remember that a master key is in use; a second time changes nothing."""
    values = {"key_id": key_id, "first_used_at": now}
    connection.execute(_insert(connection)(master_keys).values(values).on_conflict_do_nothing())


def delete_key_id(connection: sa.Connection, key_id: str) -> None:
    """Forget a master key."""
    connection.execute(sa.delete(master_keys).where(master_keys.c.key_id == key_id))


def count_secrets_of_key(connection: sa.Connection, key_id: str) -> int:
    """Return how many secrets hang on a master key."""
    query = sa.select(sa.func.count()).select_from(secrets).where(secrets.c.key_id == key_id)
    return connection.execute(query).scalar_one()


def find_sealed(connection: sa.Connection, namespace: str, name: str, *, lock: bool = False) -> SealedSecret | None:
    """Return a secret, or `None`; `lock` keeps other writers of it waiting until the transaction ends."""
    query = sa.select(*_SEALED_COLUMNS).where(*_is(namespace, name))
    row = connection.execute(query.with_for_update() if lock else query).first()
    return None if row is None else SealedSecret(*row)


def add_sealed(connection: sa.Connection, secret: SealedSecret, actor: Actor, now: datetime) -> bool:
    """Keep a new secret; tell whether it was kept: `False` if another writer was faster."""
    values = {**secret._asdict(), "created_at": now, **_by(actor, now)}
    statement = _insert(connection)(secrets).values(values).on_conflict_do_nothing().returning(secrets.c.version)
    return connection.execute(statement).first() is not None  # the count of rows is not told by every driver


def replace_sealed(connection: sa.Connection, secret: SealedSecret, actor: Actor, now: datetime) -> None:
    """Keep a secret in the place of its last version."""
    values = {**secret._asdict(), **_by(actor, now)}
    connection.execute(sa.update(secrets).where(*_is(secret.namespace, secret.name)).values(values))


def rewrap_sealed(connection: sa.Connection, secret: SealedSecret) -> None:
    """Keep the same value with its data key wrapped anew."""
    values = {"key_id": secret.key_id, "wrapped_key": secret.wrapped_key}
    connection.execute(sa.update(secrets).where(*_is(secret.namespace, secret.name)).values(values))


def delete_sealed(connection: sa.Connection, namespace: str, name: str) -> bool:
    """Drop a secret, and tell whether there was one."""
    return connection.execute(sa.delete(secrets).where(*_is(namespace, name))).rowcount == 1


def list_sealed_otherwise(connection: sa.Connection, key_id: str, limit: int) -> list[SealedSecret]:
    """Return, locked, some secrets that hang on another master key."""
    query = sa.select(*_SEALED_COLUMNS).where(secrets.c.key_id != key_id)
    query = query.order_by(secrets.c.namespace, secrets.c.name).limit(limit).with_for_update()
    return [SealedSecret(*row) for row in connection.execute(query)]


def set_last_used(connection: sa.Connection, namespace: str, name: str, at: datetime) -> bool:
    """Write down when a secret was used last, and tell whether it is still there."""
    done = connection.execute(sa.update(secrets).where(*_is(namespace, name)).values(last_used_at=at))
    return done.rowcount == 1


def get_info(connection: sa.Connection, namespace: str, name: str) -> SecretInfo:
    """Return what is told of a secret that is there."""
    row = connection.execute(sa.select(*_INFO_COLUMNS).where(*_is(namespace, name))).one()
    return SecretInfo(**row._asdict())


def list_infos(
    connection: sa.Connection, namespaces: Collection[str] | None, limit: int, after: tuple[str, str] | None
) -> SecretPage:
    """Return a page of secrets; see `Vault.list_secrets`."""
    query = sa.select(*_INFO_COLUMNS).order_by(secrets.c.namespace, secrets.c.name).limit(limit + 1)
    if namespaces is not None:
        query = query.where(secrets.c.namespace.in_(sorted(namespaces)))
    if after is not None:
        query = query.where(sa.tuple_(secrets.c.namespace, secrets.c.name) > after)
    found = [SecretInfo(**row._asdict()) for row in connection.execute(query)]
    items = tuple(found[:limit])
    return SecretPage(items, (items[-1].namespace, items[-1].name) if len(found) > limit else None)


def _is(namespace: str, name: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (secrets.c.namespace == namespace, secrets.c.name == name)


def _by(actor: Actor, now: datetime) -> dict[str, Any]:
    return {"updated_at": now, "updated_by": actor.actor_id, "updated_by_name": actor.name}


def _insert(connection: sa.Connection) -> Any:
    return postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
