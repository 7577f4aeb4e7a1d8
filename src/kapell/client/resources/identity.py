"""Who there is and what they may do: people, groups, roles, bindings, API tokens, and the caller."""

from __future__ import annotations

from types import NoneType
from typing import TYPE_CHECKING, Any

from kapell.client.calls import Call, Page
from kapell.client.operations import Resource, S, listing, operation
from kapell.client.wire import identity as wire
from kapell.client.wire.identity import (
    ApiToken,
    Binding,
    EndedSessions,
    Grant,
    Group,
    Holder,
    MadeToken,
    Me,
    PermissionText,
    Person,
    Preferences,
    Provider,
    Role,
    Scope,
    Session,
    SignInState,
    Subject,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

# A resource has a method `list`, so the type of that name is out of reach in its annotations.
Grants = list[Grant]
Holders = list[Holder]
PermissionTexts = list[PermissionText]
Providers = list[Provider]
RoleList = list[Role]
Sessions = list[Session]


class Account(Resource[S]):
    """What concerns the caller alone."""

    @operation
    def get(self) -> Call[Me]:
        """Say who is calling, and what they may do."""
        return Call(method="GET", path="/me", gives=Me)

    @operation
    def sign_in_state(self) -> Call[SignInState]:
        """Say whether this client's token or session is known; this needs none."""
        return Call(method="GET", path="/sign-in", gives=SignInState)

    @operation
    def providers(self) -> Call[Providers]:
        """Return the providers that people may sign in by, in a browser; this needs no token."""
        return Call(method="GET", path="/sign-in/providers", gives=Providers)

    @operation
    def sign_in(self, name: str, password: str) -> Call[Session]:
        """Open a session, which this client uses from now on in place of its token.

        Raises:
            UnauthenticatedError: Name or password are wrong.
            TooManyAttemptsError: There were too many attempts; it says how long to wait.
        """
        body = wire.SignIn(name, password)
        return Call(method="POST", path="/sign-in", gives=Session, body=body, is_patient=False)

    @operation
    def sign_out(self) -> Call[None]:
        """End the session."""
        return Call(method="POST", path="/sign-out", gives=NoneType)

    @operation
    def change_password(self, current: str, new: str) -> Call[None]:
        """Change one's own password; all of one's sessions end."""
        body = wire.NewPassword(current, new)
        return Call(method="POST", path="/me/password", gives=NoneType, body=body, is_patient=False)

    @operation
    def preferences(self) -> Call[Preferences]:
        """Return what one has chosen in the console."""
        return Call(method="GET", path="/me/preferences", gives=Preferences)

    @operation
    def save_preferences(self, value: dict[str, Any], *, revision: int) -> Call[Preferences]:
        """Save what one has chosen in the console, in place of a revision.

        Raises:
            ConflictError: It is not at that revision any more.
        """
        body = wire.SavedPreferences(revision, value)
        return Call(method="PUT", path="/me/preferences", gives=Preferences, body=body)

    @operation
    def sessions(self) -> Call[Sessions]:
        """Return one's own sessions."""
        return Call(method="GET", path="/me/sessions", gives=Sessions)

    @operation
    def end_session(self, session_id: str) -> Call[None]:
        """End one of one's own sessions."""
        return Call(method="DELETE", path="/me/sessions/{session_id}", gives=NoneType, at={"session_id": session_id})


class Tokens(Resource[S]):
    """API tokens."""

    @listing
    def list(self, *, everybody: bool = False, page_size: int = 100, cursor: str | None = None) -> Call[Page[ApiToken]]:
        """Go through one's own API tokens, or everybody's; never their text."""
        query = {"everybody": everybody or None, "limit": page_size, "cursor": cursor}
        return Call(method="GET", path="/tokens", gives=Page[ApiToken], query=query)

    @operation
    def create(self, name: str, scope: Scope, expires_at: datetime) -> Call[MadeToken]:
        """Make an API token that acts for the caller within a scope; its text is told only now."""
        return Call(method="POST", path="/tokens", gives=MadeToken, body=wire.NewApiToken(name, scope, expires_at))

    @operation
    def revoke(self, token_id: str) -> Call[None]:
        """Revoke one of one's own API tokens; administrators may revoke any."""
        return Call(method="DELETE", path="/tokens/{token_id}", gives=NoneType, at={"token_id": token_id})


class People(Resource[S]):
    """Accounts."""

    @listing
    def list(self, *, search: str | None = None, page_size: int = 100, cursor: str | None = None) -> Call[Page[Person]]:
        """Go through accounts by name."""
        query = {"search": search, "limit": page_size, "cursor": cursor}
        return Call(method="GET", path="/people", gives=Page[Person], query=query)

    @operation
    def create(self, name: str, *, display_name: str = "", password: str | None = None) -> Call[Person]:
        """Make an account; without a password only a provider or API tokens use it."""
        return Call(method="POST", path="/people", gives=Person, body=wire.NewPerson(name, display_name, password))

    @operation
    def get(self, person_id: str) -> Call[Person]:
        """Return an account."""
        return Call(method="GET", path="/people/{person_id}", gives=Person, at={"person_id": person_id})

    @operation
    def rename(self, person_id: str, *, name: str | None = None, display_name: str | None = None) -> Call[Person]:
        """Change what a person is called; what is left out stays."""
        return Call(
            method="PATCH",
            path="/people/{person_id}",
            gives=Person,
            at={"person_id": person_id},
            body=wire.Renaming(name, display_name),
        )

    @operation
    def grants(self, person_id: str) -> Call[Grants]:
        """Say what a person may do, and where."""
        return Call(method="GET", path="/people/{person_id}/grants", gives=Grants, at={"person_id": person_id})

    @operation
    def sessions(self, person_id: str) -> Call[Sessions]:
        """Return where a person is signed in, the session used last first."""
        return Call(method="GET", path="/people/{person_id}/sessions", gives=Sessions, at={"person_id": person_id})

    @operation
    def end_session(self, person_id: str, session_id: str) -> Call[None]:
        """End one session of a person."""
        return Call(
            method="DELETE",
            path="/people/{person_id}/sessions/{session_id}",
            gives=NoneType,
            at={"person_id": person_id, "session_id": session_id},
        )

    @operation
    def end_all_sessions(self, person_id: str) -> Call[EndedSessions]:
        """End all sessions of a person; API tokens stay."""
        return Call(
            method="DELETE", path="/people/{person_id}/sessions", gives=EndedSessions, at={"person_id": person_id}
        )

    @operation
    def set_password(self, person_id: str, password: str) -> Call[None]:
        """Give a person a new password, and end the person's sessions."""
        return Call(
            method="POST",
            path="/people/{person_id}/password",
            gives=NoneType,
            at={"person_id": person_id},
            body=wire.GivenPassword(password),
        )

    @operation
    def disable(self, person_id: str) -> Call[Person]:
        """Let nothing be done with an account any more."""
        return Call(method="POST", path="/people/{person_id}/disable", gives=Person, at={"person_id": person_id})

    @operation
    def enable(self, person_id: str) -> Call[Person]:
        """Let an account be used again."""
        return Call(method="POST", path="/people/{person_id}/enable", gives=Person, at={"person_id": person_id})


class Groups(Resource[S]):
    """Groups of people."""

    @listing
    def list(self, *, page_size: int = 100, cursor: str | None = None) -> Call[Page[Group]]:
        """Go through groups by name."""
        return Call(method="GET", path="/groups", gives=Page[Group], query={"limit": page_size, "cursor": cursor})

    @operation
    def create(self, name: str, *, description: str = "") -> Call[Group]:
        """Make an empty group."""
        return Call(method="POST", path="/groups", gives=Group, body=wire.NewGroup(name, description))

    @operation
    def delete(self, name: str) -> Call[None]:
        """Delete a group that no binding names."""
        return Call(method="DELETE", path="/groups/{name}", gives=NoneType, at={"name": name})

    @listing
    def members(self, name: str, *, page_size: int = 100, cursor: str | None = None) -> Call[Page[Person]]:
        """Go through who is in a group."""
        return Call(
            method="GET",
            path="/groups/{name}/members",
            gives=Page[Person],
            at={"name": name},
            query={"limit": page_size, "cursor": cursor},
        )

    @operation
    def add_member(self, name: str, person_id: str) -> Call[None]:
        """Put a person into a group: the person gets what the group has."""
        return _member("PUT", name, person_id)

    @operation
    def remove_member(self, name: str, person_id: str) -> Call[None]:
        """Take a person out of a group."""
        return _member("DELETE", name, person_id)


def _member(method: str, name: str, person_id: str) -> Call[None]:
    path = "/groups/{name}/members/{person_id}"
    return Call(method=method, path=path, gives=NoneType, at={"name": name, "person_id": person_id})


class Roles(Resource[S]):
    """Roles: named sets of permissions."""

    @operation
    def list(self) -> Call[RoleList]:
        """Return all roles, the built-in ones first."""
        return Call(method="GET", path="/roles", gives=RoleList)

    @operation
    def define(self, name: str, permissions: Iterable[str], *, description: str = "") -> Call[Role]:
        """Make an own role, or replace it; whoever has it has the new permissions at once."""
        return Call(
            method="PUT",
            path="/roles/{name}",
            gives=Role,
            at={"name": name},
            body=wire.RoleDefinition(sorted(permissions), description),
        )

    @operation
    def delete(self, name: str) -> Call[None]:
        """Delete an own role that no binding gives."""
        return Call(method="DELETE", path="/roles/{name}", gives=NoneType, at={"name": name})

    @operation
    def permissions(self) -> Call[PermissionTexts]:
        """Return all permissions that roles are made of, with what each allows."""
        return Call(method="GET", path="/permissions", gives=PermissionTexts)

    @operation
    def who_can(self, permission: str, *, namespace: str | None = None) -> Call[Holders]:
        """Say who may do something in a namespace, or everywhere, and by which bindings."""
        return Call(
            method="GET",
            path="/access/who-can",
            gives=Holders,
            query={"permission": permission, "namespace": namespace},
        )


class Bindings(Resource[S]):
    """Who was given which role, where, and until when."""

    @listing
    def list(self, *, page_size: int = 100, cursor: str | None = None) -> Call[Page[Binding]]:
        """Go through all bindings, expired ones too."""
        return Call(method="GET", path="/bindings", gives=Page[Binding], query={"limit": page_size, "cursor": cursor})

    @operation
    def grant(
        self, role: str, subject: Subject, *, namespace: str | None = None, expires_at: datetime | None = None
    ) -> Call[Binding]:
        """Give a role to a person or a group, in a namespace or everywhere."""
        return Call(
            method="POST",
            path="/bindings",
            gives=Binding,
            body=wire.NewBinding(role, subject, namespace, expires_at),
        )

    @operation
    def revoke(self, binding_id: str) -> Call[None]:
        """Take a binding away."""
        return Call(method="DELETE", path="/bindings/{binding_id}", gives=NoneType, at={"binding_id": binding_id})
