"""Rows of own roles and of bindings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from kapell.errors import ConflictError
from kapell.identity.model import Binding, Role, Subject
from kapell.identity.permissions import ADMINISTRATOR, PERMISSIONS
from kapell.storage.tables.identity import EVERYWHERE, bindings, claimed_groups, group_members, people, roles

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

_IS_FOR_PERSON: Final = (bindings.c.subject_kind == "person") & (bindings.c.subject == people.c.person_id)
_IS_FOR_LOCAL_GROUP: Final = (
    (bindings.c.subject_kind == "group")
    & (bindings.c.subject == group_members.c.group_name)
    & (group_members.c.person_id == people.c.person_id)
)
_IS_FOR_CLAIMED_GROUP: Final = (
    (bindings.c.subject_kind == "group")
    & (bindings.c.subject == claimed_groups.c.group_name)
    & (claimed_groups.c.person_id == people.c.person_id)
)


def list_roles(connection: sa.Connection) -> dict[str, Role]:
    """Return all own roles by name. Permissions that this release does not know give nothing."""
    return {
        row.name: Role(row.name, row.description, frozenset(row.permissions) & PERMISSIONS.keys())
        for row in connection.execute(sa.select(roles).order_by(roles.c.name))
    }


def put_role(connection: sa.Connection, role: Role) -> None:
    """Add an own role or replace it."""
    values = {"description": role.description, "permissions": sorted(role.permissions)}
    if not connection.execute(sa.update(roles).where(roles.c.name == role.name).values(values)).rowcount:
        try:
            connection.execute(sa.insert(roles).values(name=role.name, **values))
        except IntegrityError as error:
            raise ConflictError(f"The role `{role.name}` was made a moment ago.") from error


def delete_role(connection: sa.Connection, name: str) -> None:
    """Delete an own role."""
    connection.execute(sa.delete(roles).where(roles.c.name == name))


def lock_role(connection: sa.Connection, name: str) -> bool:
    """Keep an own role as it is until the transaction ends; tell whether it is there."""
    query = sa.select(roles.c.name).where(roles.c.name == name).with_for_update()
    return connection.execute(query).first() is not None


def is_used(connection: sa.Connection, role: str) -> bool:
    """Tell whether any binding gives the role."""
    query = sa.select(bindings.c.binding_id).where(bindings.c.role_name == role)
    return connection.execute(query.limit(1)).first() is not None


def read_binding(row: sa.Row[Any]) -> Binding:
    """Return the binding of a row."""
    return Binding(
        binding_id=row.binding_id,
        role=row.role_name,
        subject=Subject(row.subject_kind, row.subject),
        namespace=None if row.namespace == EVERYWHERE else row.namespace,
        made_by=row.made_by,
        made_at=row.made_at,
        expires_at=row.expires_at,
    )


def find_same(connection: sa.Connection, binding: Binding) -> Binding | None:
    """Return the binding of the same role, subject and namespace."""
    query = sa.select(bindings).where(
        bindings.c.subject_kind == binding.subject.kind,
        bindings.c.subject == binding.subject.key,
        bindings.c.role_name == binding.role,
        bindings.c.namespace == (binding.namespace or EVERYWHERE),
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else read_binding(row)


def find_binding(connection: sa.Connection, binding_id: str) -> Binding | None:
    """Return a binding by its id."""
    row = connection.execute(sa.select(bindings).where(bindings.c.binding_id == binding_id)).one_or_none()
    return None if row is None else read_binding(row)


def add_binding(connection: sa.Connection, binding: Binding) -> None:
    """Add a binding. Raises `ConflictError` if the same was made meanwhile."""
    row = {
        "binding_id": binding.binding_id,
        "role_name": binding.role,
        "subject_kind": binding.subject.kind,
        "subject": binding.subject.key,
        "namespace": binding.namespace or EVERYWHERE,
        "made_by": binding.made_by,
        "made_at": binding.made_at,
        "expires_at": binding.expires_at,
    }
    try:
        connection.execute(sa.insert(bindings).values(row))
    except IntegrityError as error:
        raise ConflictError("The same binding was made a moment ago.") from error


def delete_binding(connection: sa.Connection, binding_id: str) -> None:
    """Delete a binding."""
    connection.execute(sa.delete(bindings).where(bindings.c.binding_id == binding_id))


def list_bindings(
    connection: sa.Connection,
    *,
    subject: Subject | None,
    namespaces: frozenset[str] | None,
    after: str,
    limit: int,
) -> list[Binding]:
    """Return a page of bindings in the order of their making, of one subject and in some namespaces if given."""
    query = sa.select(bindings).where(bindings.c.binding_id > after).order_by(bindings.c.binding_id).limit(limit)
    if subject is not None:
        query = query.where(bindings.c.subject_kind == subject.kind, bindings.c.subject == subject.key)
    if namespaces is not None:
        query = query.where(bindings.c.namespace.in_(sorted(namespaces)))
    return [read_binding(row) for row in connection.execute(query)]


def list_bindings_of(connection: sa.Connection, person_id: str, groups: Sequence[str]) -> list[Binding]:
    """Return all bindings that count for a person: its own and those of its groups, expired ones too."""
    is_own = (bindings.c.subject_kind == "person") & (bindings.c.subject == person_id)
    is_groups = (bindings.c.subject_kind == "group") & bindings.c.subject.in_(groups)
    query = sa.select(bindings).where(is_own | is_groups).order_by(bindings.c.binding_id)
    return [read_binding(row) for row in connection.execute(query)]


def list_holders(
    connection: sa.Connection, role_names: Sequence[str], namespace: str | None, now: datetime
) -> list[tuple[str, str, Binding]]:
    """Return (person id, name, binding) of every enabled person who has one of the roles there, in order of names."""
    namespaces = [EVERYWHERE] if namespace is None else [EVERYWHERE, namespace]
    holds = bindings.c.role_name.in_(role_names) & bindings.c.namespace.in_(namespaces)
    lives = (bindings.c.expires_at.is_(None) | (bindings.c.expires_at > now)) & people.c.disabled_at.is_(None)
    found = [
        (row.person_id, row.person_name, read_binding(row))
        for link in (_IS_FOR_PERSON, _IS_FOR_LOCAL_GROUP, _IS_FOR_CLAIMED_GROUP)
        for row in connection.execute(
            sa.select(people.c.person_id, people.c.name.label("person_name"), *bindings.c).where(link & holds & lives)
        )
    ]
    return sorted(found, key=lambda holder: (holder[1], holder[2].binding_id))


def lock_administrators(connection: sa.Connection) -> None:
    """Let no other transaction take an administrator's binding away until this one ends."""
    query = sa.select(bindings.c.binding_id).where(bindings.c.role_name == ADMINISTRATOR)
    connection.execute(query.order_by(bindings.c.binding_id).with_for_update()).all()


def has_lasting_administrator(connection: sa.Connection) -> bool:
    """Tell whether an enabled person is administrator everywhere, without an expiry, by itself or by a local group.

    What a provider claims does not count: it may claim something else at the next sign-in.
    """
    lasts = (
        (bindings.c.role_name == ADMINISTRATOR)
        & (bindings.c.namespace == EVERYWHERE)
        & bindings.c.expires_at.is_(None)
        & people.c.disabled_at.is_(None)
    )
    return any(
        connection.execute(sa.select(people.c.person_id).where(link & lasts).limit(1)).first() is not None
        for link in (_IS_FOR_PERSON, _IS_FOR_LOCAL_GROUP)
    )
