"""People, groups, roles, bindings, tokens and sessions, as the API tells of them and takes them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec


class Grant(msgspec.Struct, frozen=True):
    """A permission, and where it is held; `None` for everywhere."""

    permission: str
    namespaces: frozenset[str] | None


class SignInState(msgspec.Struct, frozen=True):
    """Whether the caller is known, by a session or an API token."""

    is_signed_in: bool


class Me(msgspec.Struct, frozen=True):
    """Who is calling, and what they may do.

    Attributes:
        principal_id: The id of the person or token.
        kind: `person` or `token`.
        name: What is typed at the sign-in.
        display_name: How the person wants to be called.
        groups: The person's groups.
        grants: Each permission, and where it is held.
    """

    principal_id: str
    kind: str
    name: str
    display_name: str
    groups: tuple[str, ...]
    grants: tuple[Grant, ...]


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A person who is signed in somewhere.

    Attributes:
        session_id: Its id, which is no secret.
        person_id: Who.
        method: How they signed in.
        address: From where.
        user_agent: With what.
        created_at: When.
        last_seen_at: When it was used last, to the minute or so.
        expires_at: When it ends by itself.
    """

    session_id: str
    person_id: str
    method: str
    address: str
    user_agent: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


class EndedSessions(msgspec.Struct, frozen=True):
    """How many sessions were ended."""

    ended: int


class PermissionText(msgspec.Struct, frozen=True):
    """A permission, and what it allows."""

    name: str
    text: str


class Provider(msgspec.Struct, frozen=True):
    """A provider that people may sign in by.

    Attributes:
        key: Its short name.
        title: What a button for it says.
        href: Where a browser goes to begin.
    """

    key: str
    title: str
    href: str


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """An account.

    Attributes:
        person_id: Its id.
        name: What is typed at the sign-in.
        display_name: How the person wants to be called.
        has_password: Whether they can sign in by password.
        created_at: When it was made.
        disabled_at: Since when nothing can be done with it.
        last_sign_in_at: When they signed in last.
    """

    person_id: str
    name: str
    display_name: str
    has_password: bool
    created_at: datetime
    disabled_at: datetime | None = None
    last_sign_in_at: datetime | None = None


class Group(msgspec.Struct, frozen=True):
    """A group of people."""

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
    """Who is given a role: a person by id, or a group by name."""

    kind: Literal["person", "group"]
    key: str


class Binding(msgspec.Struct, frozen=True, kw_only=True):
    """A role that was given to somebody.

    Attributes:
        binding_id: Its id.
        role: The role.
        subject: To whom.
        namespace: Where; `None` for everywhere.
        made_by: By whom, by id.
        made_at: When.
        expires_at: When it ends by itself.
    """

    binding_id: str
    role: str
    subject: Subject
    namespace: str | None
    made_by: str
    made_at: datetime
    expires_at: datetime | None = None


class Holder(msgspec.Struct, frozen=True):
    """A person who has a permission, and the bindings that give it."""

    person_id: str
    name: str
    granted_by: tuple[Binding, ...]


class Scope(msgspec.Struct, frozen=True):
    """What a token may do at most: of its owner's permissions these, in these namespaces (`None`: in all)."""

    permissions: frozenset[str]
    namespaces: frozenset[str] | None = None


class ApiToken(msgspec.Struct, frozen=True, kw_only=True):
    """An API token, without its text.

    Attributes:
        token_id: Its id.
        owner_id: Who acts by it.
        name: What it is for.
        scope: What it may do at most.
        created_at: When it was made.
        expires_at: When it ends.
        revoked_at: Since when it is revoked.
        last_used_at: When it was used last, to the minute or so.
        last_used_from: From where.
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


class MadeToken(msgspec.Struct, frozen=True):
    """A new API token; its text is told only here."""

    text: str
    token: ApiToken


# -- bodies ------------------------------------------------------------------------------------------------------------


class SignIn(msgspec.Struct, frozen=True):
    """A name and a password."""

    name: str
    password: str


class NewPassword(msgspec.Struct, frozen=True):
    """A change of one's own password."""

    current: str
    new: str


class Preferences(msgspec.Struct, frozen=True):
    """What a person has chosen in the console.

    Attributes:
        revision: Counts each time that they were saved; 0 if they never were.
        value: The choices.
    """

    revision: int
    value: dict[str, Any]


class SavedPreferences(msgspec.Struct, frozen=True):
    """Preferences that are to be saved."""

    revision: int
    value: dict[str, Any]


class NewPerson(msgspec.Struct, frozen=True):
    """An account to be made."""

    name: str
    display_name: str = ""
    password: str | None = None


class Renaming(msgspec.Struct, frozen=True):
    """What a person is to be called; what is `None` stays."""

    name: str | None = None
    display_name: str | None = None


class GivenPassword(msgspec.Struct, frozen=True):
    """A password that an administrator gives somebody."""

    password: str


class NewGroup(msgspec.Struct, frozen=True):
    """A group to be made."""

    name: str
    description: str = ""


class RoleDefinition(msgspec.Struct, frozen=True):
    """What an own role gives."""

    permissions: list[str]
    description: str = ""


class NewBinding(msgspec.Struct, frozen=True):
    """A role to be given to somebody."""

    role: str
    subject: Subject
    namespace: str | None = None
    expires_at: datetime | None = None


class NewApiToken(msgspec.Struct, frozen=True):
    """An API token to be made."""

    name: str
    scope: Scope
    expires_at: datetime
