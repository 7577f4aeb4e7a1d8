"""Roles, built-in and own, and bindings: who has which role where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from kapell.errors import ConflictError, NotFoundError, UsageError
from kapell.identity import names
from kapell.identity.last_administrator import keeping_an_administrator
from kapell.identity.model import Binding, Role, Subject
from kapell.identity.permissions import BUILT_IN_ROLES, PERMISSIONS
from kapell.identity.store import bindings, groups, people
from kapell.ids import make_id

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    import sqlalchemy as sa

    from kapell.identity.model import Actor
    from kapell.identity.transactions import Change, Transactions


class Roles:
    """The roles and bindings of an installation. Methods block."""

    def __init__(self, transactions: Transactions) -> None:
        """Work in `transactions`."""
        self._transactions = transactions

    def list_roles(self) -> list[Role]:
        """Return all roles, the built-in ones first."""
        with self._transactions.read() as connection:
            return [*BUILT_IN_ROLES.values(), *bindings.list_roles(connection).values()]

    def get_role(self, name: str) -> Role:
        """Return a role. Raises `NotFoundError`."""
        for role in self.list_roles():
            if role.name == name:
                return role
        raise NotFoundError(f"There is no role named `{names.clip(name)}`.")

    def define(self, name: str, description: str, permissions: Iterable[str], actor: Actor) -> Role:
        """Make an own role, or replace it; whoever has it has the new permissions at once.

        Raises:
            UsageError: The name will not do or is a built-in role's, or a permission does not exist.
        """
        names.check_role_name(name)
        if name in BUILT_IN_ROLES:
            raise UsageError(f"`{name}` is a built-in role.", hint="Take another name.")
        role = Role(name, names.clip(description), check_permissions(permissions))
        with self._transactions.change() as change:
            before = bindings.list_roles(change.connection).get(name)
            bindings.put_role(change.connection, role)
            details = {"permissions": sorted(role.permissions)}
            change.record(actor, "role.define", f"role/{name}", before=before, after=role, details=details)
        return role

    def delete(self, name: str, actor: Actor) -> None:
        """Delete an own role that no binding gives.

        Raises:
            NotFoundError: There is no such own role.
            ConflictError: Bindings give it.
        """
        with self._transactions.change() as change:
            if not bindings.lock_role(change.connection, name):
                raise NotFoundError(f"There is no own role named `{names.clip(name)}`.")
            if bindings.is_used(change.connection, name):
                raise ConflictError(f"The role `{name}` is given to somebody.", hint="Revoke its bindings first.")
            before = bindings.list_roles(change.connection)[name]
            bindings.delete_role(change.connection, name)
            change.record(actor, "role.delete", f"role/{name}", before=before)

    def grant(
        self, role: str, subject: Subject, namespace: str | None, actor: Actor, *, expires_at: datetime | None = None
    ) -> Binding:
        """Give a role to somebody in a namespace, or replace the binding that does so already.

        Args:
            role: The role's name.
            subject: A person, a local group, or a group that a provider claims, which need not have been seen yet.
            namespace: Where; `None` for everywhere.
            actor: Who gives it. The caller has asked `Access.require_grantable`.
            expires_at: From when on it gives nothing; `None` for good.

        Raises:
            NotFoundError: There is no such role, person or group.
            UsageError: The namespace's name will not do, or the expiry is past.
            ConflictError: It would take the last administrator away, by giving it an expiry.
        """
        names.check_namespace(namespace)
        with self._transactions.change() as change, keeping_an_administrator(change.connection):
            if expires_at is not None and expires_at <= change.now:
                raise UsageError("A binding expires in the future.")
            _check_exists(change.connection, role, subject)
            binding = Binding(
                binding_id=make_id(change.now),
                role=role,
                subject=subject,
                namespace=namespace,
                made_by=actor.actor_id,
                made_at=change.now,
                expires_at=expires_at,
            )
            before = bindings.find_same(change.connection, binding)
            if before is not None:
                bindings.delete_binding(change.connection, before.binding_id)
            bindings.add_binding(change.connection, binding)
            _record(change, actor, "binding.grant", binding, before=before, after=binding)
        return binding

    def revoke(self, binding_id: str, actor: Actor) -> None:
        """Take a binding away.

        Raises:
            NotFoundError: There is no such binding.
            ConflictError: It is the last administrator's.
        """
        with self._transactions.change() as change, keeping_an_administrator(change.connection):
            binding = bindings.find_binding(change.connection, binding_id)
            if binding is None:
                raise NotFoundError(f"There is no binding `{names.clip(binding_id)}`.")
            bindings.delete_binding(change.connection, binding_id)
            _record(change, actor, "binding.revoke", binding, before=binding)

    def get_binding(self, binding_id: str) -> Binding:
        """Return a binding. Raises `NotFoundError`."""
        with self._transactions.read() as connection:
            binding = bindings.find_binding(connection, binding_id)
        if binding is None:
            raise NotFoundError(f"There is no binding `{names.clip(binding_id)}`.")
        return binding

    def list_bindings(
        self,
        *,
        subject: Subject | None = None,
        namespaces: frozenset[str] | None = None,
        limit: int = 100,
        after: str = "",
    ) -> list[Binding]:
        """Return a page of bindings in the order of their making, expired ones too.

        Args:
            subject: Only those of a person or a group itself.
            namespaces: Only those in these namespaces; `None` for all, and those that hold everywhere.
            limit: How many at most.
            after: The id of the last one of the page before.
        """
        with self._transactions.read() as connection:
            return bindings.list_bindings(
                connection, subject=subject, namespaces=namespaces, after=names.clip(after), limit=limit
            )


def _check_exists(connection: sa.Connection, role: str, subject: Subject) -> None:
    if role not in BUILT_IN_ROLES and not bindings.lock_role(connection, role):
        raise NotFoundError(f"There is no role named `{names.clip(role)}`.")
    if subject.kind == "person":
        people.get_person(connection, subject.key)
    elif not names.is_claimed_group(subject.key):
        groups.get_group(connection, names.check_group_name(subject.key), lock=True)


def _record(change: Change, actor: Actor, action: str, binding: Binding, **states: Binding | None) -> None:
    details = msgspec.to_builtins(binding)
    change.record(
        actor, action, f"binding/{binding.binding_id}", namespace=binding.namespace, details=details, **states
    )


def check_permissions(permissions: Iterable[str]) -> frozenset[str]:
    """Return the permissions as a set. Raises `UsageError` if there are none or one does not exist."""
    chosen = frozenset(permissions)
    unknown = sorted(chosen - PERMISSIONS.keys())
    if unknown:
        known = ", ".join(PERMISSIONS)
        raise UsageError(f"There is no permission `{names.clip(unknown[0])}`.", hint=f"There are: {known}.")
    if not chosen:
        raise UsageError("Name at least one permission.")
    return chosen
