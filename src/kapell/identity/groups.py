"""Local groups of people. Groups that a provider claims at a sign-in have names of their own, `<provider>:<name>`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kapell.errors import ConflictError, NotFoundError
from kapell.identity import names
from kapell.identity.last_administrator import keeping_an_administrator
from kapell.identity.model import Group
from kapell.identity.store import groups, people

if TYPE_CHECKING:
    from kapell.identity.model import Actor, Person
    from kapell.identity.transactions import Transactions


class Groups:
    """The groups of an installation. Methods block."""

    def __init__(self, transactions: Transactions) -> None:
        """Work in `transactions`."""
        self._transactions = transactions

    def create(self, name: str, description: str, actor: Actor) -> Group:
        """Make an empty group. Raises `UsageError`, and `ConflictError` if the name is taken."""
        names.check_group_name(name)
        with self._transactions.change() as change:
            group = Group(name, names.clip(description), change.now)
            groups.add_group(change.connection, group)
            change.record(actor, "group.create", f"group/{name}")
        return group

    def delete(self, name: str, actor: Actor) -> None:
        """Delete a group that no binding names.

        Raises:
            NotFoundError: There is no such group.
            ConflictError: Bindings name it: whoever deletes it should first see what goes with it.
        """
        with self._transactions.change() as change:
            groups.get_group(change.connection, name, lock=True)
            if groups.is_bound(change.connection, name):
                raise ConflictError(f"The group `{name}` has roles.", hint="Revoke its bindings first.")
            groups.delete_group(change.connection, name)
            change.record(actor, "group.delete", f"group/{name}")

    def add(self, name: str, person_id: str, actor: Actor) -> None:
        """Put a person into a group. Raises `NotFoundError`, and `ConflictError` if it is in it already."""
        with self._transactions.change() as change:
            groups.get_group(change.connection, name, lock=True)
            people.get_person(change.connection, person_id)
            groups.add_member(change.connection, name, person_id)
            change.record(actor, "group.add", f"group/{name}", details={"person_id": person_id})

    def remove(self, name: str, person_id: str, actor: Actor) -> None:
        """Take a person out of a group.

        Raises:
            NotFoundError: There is no such group, or the person is not in it.
            ConflictError: The last administrator is one by this group.
        """
        with self._transactions.change() as change, keeping_an_administrator(change.connection):
            groups.get_group(change.connection, name)
            if not groups.remove_member(change.connection, name, person_id):
                raise NotFoundError(f"This person is not in the group `{name}`.")
            change.record(actor, "group.remove", f"group/{name}", details={"person_id": person_id})

    def get_group(self, name: str) -> Group:
        """Return a local group. Raises `NotFoundError`."""
        with self._transactions.read() as connection:
            return groups.get_group(connection, name)

    def list_groups(self, *, limit: int = 100, after: str = "") -> list[Group]:
        """Return a page of local groups in the order of their names; `after` is the last name of the page before."""
        with self._transactions.read() as connection:
            return groups.list_groups(connection, after=names.clip(after), limit=limit)

    def list_members(self, name: str, *, limit: int = 100, after: str = "") -> list[Person]:
        """Return a page of the members of a group, in the order of their names.

        Args:
            name: A local group, or `<provider>:<name>` for those whom the provider claimed at their last sign-in.
            limit: How many at most.
            after: The name of the last one of the page before.

        Raises:
            NotFoundError: There is no such local group.
        """
        with self._transactions.read() as connection:
            if not names.is_claimed_group(name):
                groups.get_group(connection, name)
            return groups.list_members(connection, name, after=names.clip(after), limit=limit)
