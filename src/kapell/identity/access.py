"""Who may do what: the one place that decides, and that can say why.

A person has a permission in a namespace when a binding that has not expired gives a role with it, there or everywhere,
to the person or to one of its groups. A token has what its scope and its owner's bindings both give.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from kapell.audit import AuditEntry
from kapell.errors import ForbiddenError
from kapell.identity.explaining import Known, explain_permission, name_place, name_roles_with
from kapell.identity.model import Binding, Grant
from kapell.identity.names import is_namespace
from kapell.identity.permissions import BUILT_IN_ROLES, PERMISSIONS
from kapell.identity.remembering import Remembered
from kapell.identity.store import bindings as binding_rows
from kapell.identity.store import people

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    import sqlalchemy as sa

    from kapell.identity.explaining import Explanation
    from kapell.identity.model import Principal
    from kapell.identity.transactions import Transactions


class Holder(msgspec.Struct, frozen=True):
    """A person who has a permission, and the bindings that give it."""

    person_id: str
    name: str
    granted_by: tuple[Binding, ...]


class _Held(NamedTuple):
    namespace: str | None
    expires_at: datetime | None


class _Grants(NamedTuple):
    is_disabled: bool
    held: dict[str, tuple[_Held, ...]]


class Access:
    """Answers questions of permission. Any thread may use it; what it reads is remembered for a moment."""

    def __init__(self, transactions: Transactions) -> None:
        """Answer by what is in the database of `transactions`."""
        self._transactions = transactions
        self._clock = transactions.clock
        self._grants: Remembered[_Grants] = Remembered(transactions)

    def require(
        self,
        principal: Principal,
        permission: str,
        namespace: str | None = None,
        *,
        origin: str = "",
        target: str = "",
    ) -> None:
        """Return if the principal may, and otherwise record the denial.

        Args:
            principal: Who wants to.
            permission: What is needed, one of `PERMISSIONS`.
            namespace: Where; `None` asks for the permission in all namespaces.
            origin: The address that the request came from, for the record.
            target: What it was to be done to, `<kind>/<id>`, for the record.

        Raises:
            ForbiddenError: The permission is missing.
        """
        if self.can(principal, permission, namespace):
            return
        message = f"This needs `{permission}` in {name_place(namespace)}."
        self._record_denial(principal, permission, namespace, origin, target, message)
        raise ForbiddenError(message, permission=permission, hint=name_roles_with(permission))

    def require_grantable(
        self,
        principal: Principal,
        permissions: Iterable[str],
        namespace: str | None = None,
        *,
        origin: str = "",
        target: str = "",
    ) -> None:
        """Return if the principal may give others these permissions: nobody gives what they do not have.

        Raises:
            ForbiddenError: `identity.write` or one of the permissions is missing.
        """
        for permission in ("identity.write", *sorted(permissions)):
            self.require(principal, permission, namespace, origin=origin, target=target)

    def can(self, principal: Principal, permission: str, namespace: str | None = None) -> bool:
        """Tell whether the principal has a permission in a namespace, or everywhere; no denial is recorded."""
        _check_permission(permission)
        if principal.kind == "system":
            return True
        scope = principal.scope
        if scope is not None and (
            permission not in scope.permissions or (scope.namespaces is not None and namespace not in scope.namespaces)
        ):
            return False
        grants = self._get_grants(principal)
        now = self._clock.now()
        return not grants.is_disabled and any(
            (where is None or where == namespace) and (expires_at is None or now < expires_at)
            for where, expires_at in grants.held.get(permission, ())
        )

    def list_namespaces(self, principal: Principal, permission: str) -> frozenset[str] | None:
        """Return the namespaces in which the principal has a permission; `None` for all of them."""
        _check_permission(permission)
        if principal.kind == "system":
            return None
        grants = self._get_grants(principal)
        scope = principal.scope
        if grants.is_disabled or (scope is not None and permission not in scope.permissions):
            return frozenset()
        now = self._clock.now()
        held = {
            where for where, expires_at in grants.held.get(permission, ()) if expires_at is None or now < expires_at
        }
        limit = None if scope is None else scope.namespaces
        if None in held:
            return limit
        found = frozenset(where for where in held if where is not None)
        return found if limit is None else found & limit

    def remembers(self, principal: Principal) -> bool:
        """Tell whether questions about a principal are answered without the database."""
        return principal.kind == "system" or self._grants.find(principal.person_id) is not None

    def learn(self, principal: Principal) -> None:
        """Read what questions about a principal need, unless it is remembered."""
        self._get_grants(principal)

    def list_what_can(self, principal: Principal) -> tuple[Grant, ...]:
        """Return every permission that the principal has anywhere, in the order of `PERMISSIONS`."""
        found = [Grant(permission, self.list_namespaces(principal, permission)) for permission in PERMISSIONS]
        return tuple(grant for grant in found if grant.namespaces is None or grant.namespaces)

    def list_who_can(self, permission: str, namespace: str | None = None) -> tuple[Holder, ...]:
        """Return everybody who has a permission in a namespace, or everywhere, in the order of their names.

        Groups that providers claim are taken as of each person's last sign-in.
        """
        _check_permission(permission)
        if namespace is not None and not is_namespace(namespace):
            return ()
        with self._transactions.read() as connection:
            roles = {**binding_rows.list_roles(connection), **BUILT_IN_ROLES}
            names = [role.name for role in roles.values() if permission in role.permissions]
            rows = binding_rows.list_holders(connection, names, namespace, self._clock.now())
        found: dict[str, tuple[str, list[Binding]]] = {}
        for person_id, name, binding in rows:
            found.setdefault(person_id, (name, []))[1].append(binding)
        return tuple(Holder(person_id, name, tuple(given)) for person_id, (name, given) in found.items())

    def explain(self, principal: Principal, permission: str, namespace: str | None = None) -> Explanation:
        """Return which bindings give a permission in a namespace, or what is missing."""
        _check_permission(permission)
        with self._transactions.read() as connection:
            known = _load(connection, principal.person_id)
        return explain_permission(principal, permission, namespace, known, self._clock.now())

    def get_principal(self, person_id: str) -> Principal:
        """Return a person as a principal, as if signed in. Raises `NotFoundError`."""
        with self._transactions.read() as connection:
            return people.get_principal(connection, person_id)

    def _get_grants(self, principal: Principal) -> _Grants:
        grants = self._grants.find(principal.person_id)
        if grants is None:
            version = self._grants.version
            grants = self._load_grants(principal.person_id)
            self._grants.keep(principal.person_id, grants, version)
        return grants

    def _load_grants(self, person_id: str) -> _Grants:
        with self._transactions.read() as connection:
            known = _load(connection, person_id)
        held: dict[str, list[_Held]] = {}
        for binding in known.bindings:
            role = known.roles.get(binding.role)
            for permission in role.permissions if role else ():
                held.setdefault(permission, []).append(_Held(binding.namespace, binding.expires_at))
        return _Grants(known.is_disabled, {permission: tuple(found) for permission, found in held.items()})

    def _record_denial(
        self, principal: Principal, permission: str, namespace: str | None, origin: str, target: str, reason: str
    ) -> None:
        entry = AuditEntry.by(
            principal.act_from(origin),
            permission,
            target,
            namespace=namespace if namespace is not None and is_namespace(namespace) else None,
            decision="denied",
            reason=reason,
        )
        self._transactions.audit_log.record([entry])


def _load(connection: sa.Connection, person_id: str) -> Known:
    """Read what decides about a person; somebody who is not there is as good as disabled."""
    person = people.find_person(connection, person_id)
    given = binding_rows.list_bindings_of(connection, person_id, people.list_groups_of(connection, person_id))
    return Known(
        is_disabled=person is None or person.disabled_at is not None,
        bindings=tuple(given),
        roles={**binding_rows.list_roles(connection), **BUILT_IN_ROLES},
    )


def _check_permission(permission: str) -> None:
    if permission not in PERMISSIONS:
        raise ValueError(f"there is no permission {permission!r}")
