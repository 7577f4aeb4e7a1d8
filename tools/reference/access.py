"""The page of permissions and built-in roles."""

from __future__ import annotations

from kapell.identity.permissions import BUILT_IN_ROLES, PERMISSIONS
from reference.markdown import make_page, make_table

INTRODUCTION = """\
A *permission* allows one kind of thing. A *role* is a named set of permissions, and a *binding* gives a role to a person or
a group, in one namespace or everywhere, for good or until a time. There are no denials: what no binding gives is not
allowed. [How to give people access](../how-to/give-access.md) shows the requests; the [security
model](../explanation/security.md) says what this protects and what not."""

ROLES = """\
## Built-in roles

These cannot be changed. For something in between make [a role of your own](../how-to/give-access.md#make-a-role-of-your-own)."""


def make_access_page() -> str:
    """Return the page of permissions and roles."""
    roles = list(BUILT_IN_ROLES.values())
    permissions = [(f"`{name}`", meaning) for name, meaning in PERMISSIONS.items()]
    matrix = [(f"`{name}`", *("yes" if name in role.permissions else "" for role in roles)) for name in PERMISSIONS]
    return make_page(
        "Permissions and roles",
        INTRODUCTION,
        "## Permissions",
        make_table(("permission", "what it allows"), permissions),
        ROLES,
        make_table(("role", "what it is for"), [(f"`{role.name}`", role.description) for role in roles]),
        make_table(("permission", *(role.name for role in roles)), matrix),
    )
