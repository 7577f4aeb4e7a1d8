"""Rows of local groups and their members."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from kapell.errors import ConflictError, NotFoundError
from kapell.identity.model import Group
from kapell.identity.store.people import COLUMNS, read_person
from kapell.storage.tables.identity import bindings, claimed_groups, group_members, groups, people

if TYPE_CHECKING:
    from kapell.identity.model import Person


def add_group(connection: sa.Connection, group: Group) -> None:
    """Add a group. Raises `ConflictError` if there is one of that name."""
    row = {"name": group.name, "description": group.description, "created_at": group.created_at}
    try:
        connection.execute(sa.insert(groups).values(row))
    except IntegrityError as error:
        raise ConflictError(f"There is a group named `{group.name}` already.") from error


def get_group(connection: sa.Connection, name: str, *, lock: bool = False) -> Group:
    """Return a group; with `lock`, it stays until the transaction ends. Raises `NotFoundError`."""
    query = sa.select(groups).where(groups.c.name == name)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFoundError(f"There is no group named `{name}`.")
    return Group(row.name, row.description, row.created_at)


def list_groups(connection: sa.Connection, *, after: str, limit: int) -> list[Group]:
    """Return a page of groups in the order of their names."""
    query = sa.select(groups).where(groups.c.name > after).order_by(groups.c.name).limit(limit)
    return [Group(row.name, row.description, row.created_at) for row in connection.execute(query)]


def delete_group(connection: sa.Connection, name: str) -> None:
    """Delete a group; its members lose it."""
    connection.execute(sa.delete(groups).where(groups.c.name == name))


def is_bound(connection: sa.Connection, name: str) -> bool:
    """Tell whether any binding names the group."""
    query = sa.select(bindings.c.binding_id).where(bindings.c.subject_kind == "group", bindings.c.subject == name)
    return connection.execute(query.limit(1)).first() is not None


def add_member(connection: sa.Connection, group: str, person_id: str) -> None:
    """Put a person into a group. Raises `ConflictError` if it is in it already."""
    try:
        connection.execute(sa.insert(group_members).values(group_name=group, person_id=person_id))
    except IntegrityError as error:
        raise ConflictError(f"This person is in the group `{group}` already.") from error


def remove_member(connection: sa.Connection, group: str, person_id: str) -> bool:
    """Take a person out of a group; tell whether it was in it."""
    condition = (group_members.c.group_name == group) & (group_members.c.person_id == person_id)
    return connection.execute(sa.delete(group_members).where(condition)).rowcount > 0


def list_members(connection: sa.Connection, group: str, *, after: str, limit: int) -> list[Person]:
    """Return a page of the members of a group, local or claimed, in the order of their names."""
    local = sa.select(group_members.c.person_id).where(group_members.c.group_name == group)
    claimed = sa.select(claimed_groups.c.person_id).where(claimed_groups.c.group_name == group)
    query = sa.select(*COLUMNS).where(
        people.c.person_id.in_(local) | people.c.person_id.in_(claimed), people.c.name > after
    )
    return [read_person(row) for row in connection.execute(query.order_by(people.c.name).limit(limit))]
