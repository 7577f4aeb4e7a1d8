"""Why somebody may do something, or what is missing: pure functions over what the database says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from kapell.identity.model import Binding, Principal, Role
from kapell.identity.permissions import BUILT_IN_ROLES
from kapell.reasons import Reason

if TYPE_CHECKING:
    from datetime import datetime


class Known(msgspec.Struct, frozen=True):
    """What decides about a person.

    Attributes:
        is_disabled: Whether the account is disabled, or not there.
        bindings: Its own bindings and those of its groups, expired ones too.
        roles: Every role by name.
    """

    is_disabled: bool
    bindings: tuple[Binding, ...]
    roles: dict[str, Role]

    def find_giving(self, permission: str) -> tuple[Binding, ...]:
        """Return the bindings to roles that have a permission, wherever and whenever."""
        return tuple(
            binding
            for binding in self.bindings
            if binding.role in self.roles and permission in self.roles[binding.role].permissions
        )


class Explanation(msgspec.Struct, frozen=True):
    """Whether a principal may do something, and why.

    Attributes:
        allowed: The answer.
        reason: Why, or what is missing.
        granted_by: The bindings that give it; empty where it is not allowed.
    """

    allowed: bool
    reason: Reason
    granted_by: tuple[Binding, ...] = ()


def explain_permission(
    principal: Principal, permission: str, namespace: str | None, known: Known, now: datetime
) -> Explanation:
    """Return whether a principal has a permission in a namespace (`None`: everywhere) at a moment, and why."""
    if principal.kind == "system":
        return Explanation(allowed=True, reason=Reason("system", "Kapell itself may do everything."))
    if known.is_disabled:
        return _deny("disabled", "The account is disabled, or there is none.")
    scope = principal.scope
    if scope is not None and permission not in scope.permissions:
        return _deny("outside_scope", f"The token is not made for `{permission}`.")
    if scope is not None and scope.namespaces is not None and namespace not in scope.namespaces:
        return _deny("outside_scope", f"The token is not made for {name_place(namespace)}.")
    giving = known.find_giving(permission)
    covering = tuple(binding for binding in giving if binding.covers(namespace))
    live = tuple(binding for binding in covering if binding.holds_at(now))
    if live:
        roles = _join({binding.role for binding in live})
        return Explanation(allowed=True, reason=Reason("granted", f"Given by the role {roles}."), granted_by=live)
    if covering:
        latest = max(binding.expires_at for binding in covering if binding.expires_at is not None)
        return _deny("expired", f"The last binding that gave it expired at {latest:%Y-%m-%d %H:%M} UTC.")
    elsewhere = {binding.namespace for binding in giving if binding.holds_at(now) and binding.namespace is not None}
    if elsewhere:
        return _deny("other_namespace", f"`{permission}` is given only in the namespace {_join(elsewhere)}.")
    return _deny("not_granted", f"No binding gives `{permission}`. {name_roles_with(permission)}")


def name_place(namespace: str | None) -> str:
    """Return where a permission is meant, as words."""
    return "all namespaces" if namespace is None else f"the namespace `{namespace}`"


def name_roles_with(permission: str) -> str:
    """Return which of the built-in roles would give a permission, as a sentence."""
    names = [name for name, role in BUILT_IN_ROLES.items() if permission in role.permissions]
    return f"Roles that have it: {', '.join(names)}."


def _deny(code: str, text: str) -> Explanation:
    return Explanation(allowed=False, reason=Reason(code, text))


def _join(names: set[str]) -> str:
    return " or ".join(f"`{name}`" for name in sorted(names))
