"""What identity is about: principals, people, groups, roles, bindings, sessions, API tokens.

A person has roles by bindings, directly and through groups. An API token acts for its owner, and never has more than
its own scope and its owner's bindings both give.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

import msgspec

from kapell.audit.model import Actor

__all__ = [
    "SYSTEM",
    "Actor",
    "ApiToken",
    "Binding",
    "Grant",
    "Group",
    "Person",
    "Principal",
    "Role",
    "Scope",
    "Session",
    "Subject",
]


class Scope(msgspec.Struct, frozen=True):
    """What an API token is limited to.

    Attributes:
        permissions: The permissions that it can have.
        namespaces: Where it can have them; `None` for everywhere.
    """

    permissions: frozenset[str]
    namespaces: frozenset[str] | None = None


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Who acts, as found out by a sign-in or a token.

    Attributes:
        principal_id: The id of the person or of the token.
        kind: What acts; `system` is Kapell itself, which may do everything.
        name: For people and logs; a token's is `<owner>/<name of the token>`.
        display_name: How the person wants to be called.
        person_id: Whose bindings count: the person, or the token's owner.
        groups: The person's groups, claimed ones as `<provider>:<name>`.
        disabled: Whether the account was disabled; it may do nothing then.
        scope: What a token is limited to; `None` for no limit.
    """

    principal_id: str
    kind: Literal["person", "token", "system"]
    name: str
    display_name: str
    person_id: str
    groups: tuple[str, ...] = ()
    disabled: bool = False
    scope: Scope | None = None

    def act_from(self, origin: str) -> Actor:
        """Return the same one for the audit log, with the address that the request came from."""
        return Actor(self.principal_id, self.name, origin)


SYSTEM: Final = Principal(
    principal_id="system", kind="system", name="system", display_name="Kapell", person_id="system"
)


STRANGER: Final = "stranger"
"""The id in the audit log of who could not show who they are."""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """An account.

    Attributes:
        person_id: Never changes.
        name: What is typed at the sign-in; lower case, unique.
        display_name: How the person wants to be called.
        has_password: Whether there is a local password; without one only a provider can sign the person in.
        created_at: When the account was made.
        disabled_at: Since when nothing may be done with it, or `None`.
        last_sign_in_at: When the person last signed in, or `None`.
    """

    person_id: str
    name: str
    display_name: str
    has_password: bool
    created_at: datetime
    disabled_at: datetime | None = None
    last_sign_in_at: datetime | None = None


class Group(msgspec.Struct, frozen=True):
    """A local group. Groups that a provider claims have no row of their own and are named `<provider>:<name>`."""

    name: str
    description: str
    created_at: datetime


class Role(msgspec.Struct, frozen=True):
    """A named set of permissions."""

    name: str
    description: str
    permissions: frozenset[str]
    is_built_in: bool = False


class Subject(msgspec.Struct, frozen=True):
    """Whom a binding is for: a person by id or a group by name."""

    kind: Literal["person", "group"]
    key: str


class Binding(msgspec.Struct, frozen=True, kw_only=True):
    """A role that was given to somebody.

    Attributes:
        binding_id: Its id.
        role: The role's name.
        subject: Whom it was given to.
        namespace: Where it holds; `None` for everywhere.
        made_by: The id of the principal that gave it.
        made_at: When.
        expires_at: From when on it gives nothing, or `None`.
    """

    binding_id: str
    role: str
    subject: Subject
    namespace: str | None
    made_by: str
    made_at: datetime
    expires_at: datetime | None = None

    def holds_at(self, moment: datetime) -> bool:
        """Tell whether it has not expired."""
        return self.expires_at is None or moment < self.expires_at

    def covers(self, namespace: str | None) -> bool:
        """Tell whether it holds in a namespace; `None` asks for everywhere."""
        return self.namespace is None or self.namespace == namespace


class Grant(msgspec.Struct, frozen=True):
    """A permission that somebody has, and the namespaces in which they have it; `None` for everywhere."""

    permission: str
    namespaces: frozenset[str] | None


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in that holds on.

    Attributes:
        session_id: For lists and for ending it; it opens nothing.
        person_id: Who signed in.
        method: How: `password` or `oidc:<provider>`.
        address: Where it was last used from.
        user_agent: What the browser called itself at the sign-in.
        created_at: When it began.
        last_seen_at: When it was last used, to the minute.
        expires_at: When it ends at the latest.
    """

    session_id: str
    person_id: str
    method: str
    address: str
    user_agent: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


class ApiToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token for programs; its secret is shown once, when it is made.

    Attributes:
        token_id: The middle of `kpl_<id>_<secret>`.
        owner_id: The person for whom it acts.
        name: What the owner calls it.
        scope: What it is limited to, within what the owner may.
        created_at: When it was made.
        expires_at: From when on it is refused.
        revoked_at: When it was revoked, or `None`.
        last_used_at: When it was last used, to the minute, or `None`.
        last_used_from: From which address, or an empty string.
    """

    token_id: str
    owner_id: str
    name: str
    scope: Scope
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    last_used_from: str = ""
