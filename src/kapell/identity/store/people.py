"""Rows of people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from kapell.errors import ConflictError, NotFoundError
from kapell.identity.model import Person, Principal
from kapell.storage.tables.identity import claimed_groups, group_members, people, provider_subjects

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

COLUMNS: Final = (
    people.c.person_id,
    people.c.name,
    people.c.display_name,
    people.c.password_hash.is_not(None).label("has_password"),
    people.c.created_at,
    people.c.disabled_at,
    people.c.last_sign_in_at,
)


def read_person(row: sa.Row[Any]) -> Person:
    """Return the person of a row of `COLUMNS`."""
    return Person(
        person_id=row.person_id,
        name=row.name,
        display_name=row.display_name,
        has_password=bool(row.has_password),
        created_at=row.created_at,
        disabled_at=row.disabled_at,
        last_sign_in_at=row.last_sign_in_at,
    )


def add_person(connection: sa.Connection, person: Person, password_hash: str | None) -> None:
    """Add a person. Raises `ConflictError` if the name is taken."""
    row = {
        "person_id": person.person_id,
        "name": person.name,
        "display_name": person.display_name,
        "password_hash": password_hash,
        "created_at": person.created_at,
    }
    try:
        connection.execute(sa.insert(people).values(row))
    except IntegrityError as error:
        raise ConflictError(f"There is an account named `{person.name}` already.") from error


def find_person(connection: sa.Connection, person_id: str, *, lock: bool = False) -> Person | None:
    """Return a person; with `lock`, nobody else changes the row until the transaction ends."""
    query = sa.select(*COLUMNS).where(people.c.person_id == person_id)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else read_person(row)


def get_person(connection: sa.Connection, person_id: str, *, lock: bool = False) -> Person:
    """Return a person, as `find_person` does. Raises `NotFoundError`."""
    person = find_person(connection, person_id, lock=lock)
    if person is None:
        raise NotFoundError(f"There is no person `{person_id}`.")
    return person


def find_principal(connection: sa.Connection, person_id: str) -> Principal | None:
    """Return a person as the one who acts."""
    person = find_person(connection, person_id)
    if person is None:
        return None
    return Principal(
        principal_id=person.person_id,
        kind="person",
        name=person.name,
        display_name=person.display_name,
        person_id=person.person_id,
        groups=list_groups_of(connection, person_id),
        disabled=person.disabled_at is not None,
    )


def get_principal(connection: sa.Connection, person_id: str) -> Principal:
    """Return a person as the one who acts. Raises `NotFoundError`."""
    principal = find_principal(connection, person_id)
    if principal is None:
        raise NotFoundError(f"There is no person `{person_id}`.")
    return principal


def find_by_name(connection: sa.Connection, name: str) -> Person | None:
    """Return the person of a name."""
    row = connection.execute(sa.select(*COLUMNS).where(people.c.name == name)).one_or_none()
    return None if row is None else read_person(row)


def find_by_provider(connection: sa.Connection, issuer: str, subject: str) -> str | None:
    """Return the id of the person that a provider knows by this subject."""
    query = sa.select(provider_subjects.c.person_id).where(
        provider_subjects.c.issuer == issuer, provider_subjects.c.subject == subject
    )
    return connection.execute(query).scalar_one_or_none()


def link_to_provider(connection: sa.Connection, issuer: str, subject: str, person_id: str) -> None:
    """Remember by which subject a provider knows a person. Raises `ConflictError` if it was just done elsewhere."""
    row = {"issuer": issuer, "subject": subject, "person_id": person_id}
    try:
        connection.execute(sa.insert(provider_subjects).values(row))
    except IntegrityError as error:
        raise ConflictError("This account was linked a moment ago.", hint="Sign in again.") from error


def has_provider(connection: sa.Connection, person_id: str) -> bool:
    """Tell whether a provider knows a person."""
    query = sa.select(provider_subjects.c.person_id).where(provider_subjects.c.person_id == person_id).limit(1)
    return connection.execute(query).first() is not None


def find_password_hash(connection: sa.Connection, person_id: str) -> str | None:
    """Return the hash of a person's password."""
    return connection.execute(sa.select(people.c.password_hash).where(people.c.person_id == person_id)).scalar()


def list_people(connection: sa.Connection, *, after: str, limit: int, search: str) -> list[Person]:
    """Return a page of people in the order of their names."""
    query = sa.select(*COLUMNS).where(people.c.name > after).order_by(people.c.name).limit(limit)
    if search:
        query = query.where(
            people.c.name.contains(search.lower(), autoescape=True)
            | sa.func.lower(people.c.display_name).contains(search.lower(), autoescape=True)
        )
    return [read_person(row) for row in connection.execute(query)]


def has_anybody(connection: sa.Connection) -> bool:
    """Tell whether there is any account."""
    return connection.execute(sa.select(people.c.person_id).limit(1)).first() is not None


def update_person(connection: sa.Connection, person_id: str, **columns: Any) -> None:
    """Change columns of a person. Raises `ConflictError` if a name is taken."""
    try:
        connection.execute(sa.update(people).where(people.c.person_id == person_id).values(columns))
    except IntegrityError as error:
        raise ConflictError(f"There is an account named `{columns.get('name')}` already.") from error


def note_sign_in(connection: sa.Connection, person_id: str, now: datetime) -> None:
    """Remember when a person last signed in."""
    update_person(connection, person_id, last_sign_in_at=now)


def list_groups_of(connection: sa.Connection, person_id: str) -> tuple[str, ...]:
    """Return the names of a person's groups, local and claimed."""
    local = sa.select(group_members.c.group_name).where(group_members.c.person_id == person_id)
    claimed = sa.select(claimed_groups.c.group_name).where(claimed_groups.c.person_id == person_id)
    return tuple(sorted(connection.execute(local.union_all(claimed)).scalars()))


def list_claimed_groups(connection: sa.Connection, person_id: str) -> tuple[str, ...]:
    """Return the groups that a provider claimed for a person, in order."""
    query = sa.select(claimed_groups.c.group_name).where(claimed_groups.c.person_id == person_id)
    return tuple(sorted(connection.execute(query).scalars()))


def replace_claimed_groups(connection: sa.Connection, person_id: str, names: Iterable[str]) -> None:
    """Keep what a provider claimed at the last sign-in, and nothing from before."""
    connection.execute(sa.delete(claimed_groups).where(claimed_groups.c.person_id == person_id))
    rows = [{"person_id": person_id, "group_name": name} for name in sorted(set(names))]
    if rows:
        connection.execute(sa.insert(claimed_groups), rows)
