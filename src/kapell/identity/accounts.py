"""Accounts of people: made, renamed, disabled, given passwords. They are never deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from kapell.errors import NotFoundError
from kapell.identity import names
from kapell.identity.credentials import make_password
from kapell.identity.last_administrator import keeping_an_administrator
from kapell.identity.model import SYSTEM, Binding, Person, Subject
from kapell.identity.permissions import ADMINISTRATOR
from kapell.identity.store import bindings, people, sessions
from kapell.ids import make_id

if TYPE_CHECKING:
    from datetime import datetime

    from kapell.identity.model import Actor
    from kapell.identity.passwords import Passwords
    from kapell.identity.transactions import Transactions

FIRST_NAME: Final = "admin"
"""How the administrator is called that the first start makes."""
_START: Final = SYSTEM.act_from("start")


class Accounts:
    """The accounts of an installation. Methods block."""

    def __init__(self, transactions: Transactions, passwords: Passwords) -> None:
        """Work in `transactions`."""
        self._transactions = transactions
        self._passwords = passwords

    def ensure_administrator(self, now: datetime) -> str | None:
        """Make the first account, if there is none, and return its password, which is told only here.

        Raises:
            ConflictError: Another server that starts now does the same.
        """
        with self._transactions.read() as connection:
            if people.has_anybody(connection):
                return None
        password = make_password()
        password_hash = self._passwords.hash(password)
        person = Person(
            person_id=make_id(now), name=FIRST_NAME, display_name="Administrator", has_password=True, created_at=now
        )
        binding = Binding(
            binding_id=make_id(now),
            role=ADMINISTRATOR,
            subject=Subject("person", person.person_id),
            namespace=None,
            made_by=SYSTEM.principal_id,
            made_at=now,
        )
        with self._transactions.change() as change:
            if people.has_anybody(change.connection):
                return None
            people.add_person(change.connection, person, password_hash)
            bindings.add_binding(change.connection, binding)
            change.record(_START, "person.create", f"person/{person.person_id}", details={"name": person.name})
            change.record(_START, "binding.grant", f"binding/{binding.binding_id}", after=binding)
        return password

    def create(self, name: str, display_name: str, password: str | None, actor: Actor) -> Person:
        """Make an account.

        Args:
            name: What will be typed at the sign-in; kept in lower case.
            display_name: How the person wants to be called; the name where it is empty.
            password: The first password; `None` for an account that only API tokens and groups use.
            actor: Who makes it.

        Raises:
            UsageError: The name or the password will not do.
            ConflictError: The name is taken.
        """
        name = names.check_person_name(name)
        display_name = names.check_display_name(display_name or name)
        password_hash = self._hash_choice(password, name)
        with self._transactions.change() as change:
            person = Person(
                person_id=make_id(change.now),
                name=name,
                display_name=display_name,
                has_password=password is not None,
                created_at=change.now,
            )
            people.add_person(change.connection, person, password_hash)
            change.record(actor, "person.create", f"person/{person.person_id}", details={"name": name})
        return person

    def get_person(self, person_id: str) -> Person:
        """Return an account. Raises `NotFoundError`."""
        with self._transactions.read() as connection:
            return people.get_person(connection, person_id)

    def get_person_by_name(self, name: str) -> Person:
        """Return the account of a name. Raises `NotFoundError`."""
        read = names.read_person_name(name)
        with self._transactions.read() as connection:
            person = people.find_by_name(connection, read) if read else None
        if person is None:
            raise NotFoundError(f"There is no account named `{names.clip(name)}`.")
        return person

    def list_people(self, *, limit: int = 100, after: str = "", search: str = "") -> list[Person]:
        """Return a page of accounts in the order of their names.

        Args:
            limit: How many at most.
            after: The name of the last one of the page before.
            search: Only those whose name or display name contains this.
        """
        with self._transactions.read() as connection:
            return people.list_people(connection, after=names.clip(after), limit=limit, search=names.clip(search))

    def rename(
        self, person_id: str, actor: Actor, *, name: str | None = None, display_name: str | None = None
    ) -> Person:
        """Change what a person is called; what is `None` stays.

        Raises:
            NotFoundError: There is no such person.
            UsageError: A name will not do.
            ConflictError: The name is taken.
        """
        changes: dict[str, str] = {}
        if name is not None:
            changes["name"] = names.check_person_name(name)
        if display_name is not None:
            changes["display_name"] = names.check_display_name(display_name)
        with self._transactions.change() as change:
            before = people.get_person(change.connection, person_id, lock=True)
            if not changes:
                return before
            people.update_person(change.connection, person_id, **changes)
            details = {"before": {"name": before.name, "display_name": before.display_name}, "after": changes}
            change.record(actor, "person.rename", f"person/{person_id}", details=details)
        return msgspec.structs.replace(before, **changes)

    def set_password(self, person_id: str, password: str, actor: Actor) -> None:
        """Give a person a new password, and end the person's sessions.

        Raises:
            NotFoundError: There is no such person.
            UsageError: The password will not do.
        """
        password_hash = self._hash_choice(password, self.get_person(person_id).name)
        with self._transactions.change() as change:
            people.get_person(change.connection, person_id, lock=True)
            people.update_person(change.connection, person_id, password_hash=password_hash)
            ended = sessions.delete_sessions_of(change.connection, person_id)
            change.record(actor, "person.set_password", f"person/{person_id}", details={"sessions_ended": ended})

    def disable(self, person_id: str, actor: Actor) -> Person:
        """Let nothing be done with an account any more, and end its sessions; its tokens are refused meanwhile.

        Raises:
            NotFoundError: There is no such person.
            ConflictError: It is the last administrator.
        """
        with self._transactions.change() as change, keeping_an_administrator(change.connection):
            person = people.get_person(change.connection, person_id, lock=True)
            if person.disabled_at is not None:
                return person
            people.update_person(change.connection, person_id, disabled_at=change.now)
            ended = sessions.delete_sessions_of(change.connection, person_id)
            change.record(actor, "person.disable", f"person/{person_id}", details={"sessions_ended": ended})
        return msgspec.structs.replace(person, disabled_at=change.now)

    def enable(self, person_id: str, actor: Actor) -> Person:
        """Let an account be used again; its bindings and tokens are as they were. Raises `NotFoundError`."""
        with self._transactions.change() as change:
            person = people.get_person(change.connection, person_id, lock=True)
            if person.disabled_at is None:
                return person
            people.update_person(change.connection, person_id, disabled_at=None)
            change.record(actor, "person.enable", f"person/{person_id}")
        return msgspec.structs.replace(person, disabled_at=None)

    def _hash_choice(self, password: str | None, name: str) -> str | None:
        if password is None:
            return None
        self._passwords.check_choice(password, name)
        return self._passwords.hash(password)
