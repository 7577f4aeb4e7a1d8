"""Routes of people, groups, roles, bindings and API tokens. Nobody gives others what they do not have themselves."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request, Response

from kapell.api.callers import needs, needs_sign_in
from kapell.api.paging import Cursor, Limit, cut_page
from kapell.api.parts import in_thread, parts_of
from kapell.api.wire import Page, answer, body, gives, takes
from kapell.identity.access import Holder
from kapell.identity.model import ApiToken, Binding, Grant, Group, Person, Role, Scope, Subject
from kapell.identity.permissions import PERMISSIONS
from kapell.identity.roles import check_permissions

if TYPE_CHECKING:
    from kapell.api.callers import Caller
    from kapell.api.parts import Parts

router = APIRouter(tags=["identity"])


class NewPerson(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An account to be made.

    Attributes:
        name: What will be typed at the sign-in.
        display_name: How the person wants to be called.
        password: The first password; left out for an account that only a provider or API tokens use.
    """

    name: str
    display_name: str = ""
    password: str | None = None


class Renaming(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person is to be called; what is left out stays."""

    name: str | None = None
    display_name: str | None = None


class GivenPassword(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A password that an administrator gives somebody."""

    password: str


class NewGroup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A group to be made."""

    name: str
    description: str = ""


class RoleDefinition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an own role gives."""

    permissions: list[str]
    description: str = ""


class NewBinding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A role to be given to somebody; no namespace means everywhere."""

    role: str
    subject: Subject
    namespace: str | None = None
    expires_at: datetime | None = None


class NewApiToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An API token to be made."""

    name: str
    scope: Scope
    expires_at: datetime


class PermissionText(msgspec.Struct, frozen=True):
    """A permission, and what it allows."""

    name: str
    text: str


class MadeToken(msgspec.Struct, frozen=True):
    """A new API token; `text` is told only here."""

    text: str
    token: ApiToken


# -- people ------------------------------------------------------------------------------------------------------------


@router.get("/people", responses=gives(Page[Person]))
async def list_people(
    request: Request,
    caller: Any = needs("identity.read"),
    search: Annotated[str, Query(description="Only accounts with this in one of their names.")] = "",
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """List accounts by name."""
    await caller.require()
    service = parts_of(request).identity.accounts
    found = await in_thread(service.list_people, limit=limit + 1, after=cursor or "", search=search)
    return answer(cut_page(found, limit, lambda each: each.name))


@router.post("/people", status_code=201, responses=gives(Person, 201), openapi_extra=takes(NewPerson))
async def create_person(
    request: Request, caller: Any = needs("identity.write"), given: Any = body(NewPerson)
) -> Response:
    """Make an account."""
    await caller.require()
    service = parts_of(request).identity.accounts
    person = await in_thread(service.create, given.name, given.display_name, given.password, caller.actor)
    return answer(person, 201, {"Location": f"/api/v1/people/{person.person_id}"})


@router.get("/people/{person_id}", responses=gives(Person))
async def get_person(request: Request, person_id: str, caller: Any = needs("identity.read")) -> Response:
    """Show an account."""
    await caller.require()
    return answer(await in_thread(parts_of(request).identity.accounts.get_person, person_id))


@router.patch("/people/{person_id}", responses=gives(Person), openapi_extra=takes(Renaming))
async def rename_person(
    request: Request, person_id: str, caller: Any = needs("identity.write"), given: Any = body(Renaming)
) -> Response:
    """Change what a person is called."""
    await caller.require()
    service = parts_of(request).identity.accounts
    return answer(
        await in_thread(service.rename, person_id, caller.actor, name=given.name, display_name=given.display_name)
    )


@router.get("/people/{person_id}/grants", responses=gives(list[Grant]))
async def list_grants(request: Request, person_id: str, caller: Any = needs("identity.read")) -> Response:
    """Say what a person may do, and where."""
    await caller.require()
    access = parts_of(request).access
    return answer(await in_thread(access.list_what_can, await in_thread(access.get_principal, person_id)))


@router.post(
    "/people/{person_id}/password", status_code=204, responses=gives(None, 204), openapi_extra=takes(GivenPassword)
)
async def set_password(
    request: Request, person_id: str, caller: Any = needs("identity.write"), given: Any = body(GivenPassword)
) -> Response:
    """Give a person a new password, and end the person's sessions."""
    await require_no_less(request, caller, person_id)
    await in_thread(parts_of(request).identity.accounts.set_password, person_id, given.password, caller.actor)
    return Response(status_code=204)


@router.post("/people/{person_id}/disable", responses=gives(Person))
async def disable_person(request: Request, person_id: str, caller: Any = needs("identity.write")) -> Response:
    """Let nothing be done with an account any more."""
    await require_no_less(request, caller, person_id)
    return answer(await in_thread(parts_of(request).identity.accounts.disable, person_id, caller.actor))


@router.post("/people/{person_id}/enable", responses=gives(Person))
async def enable_person(request: Request, person_id: str, caller: Any = needs("identity.write")) -> Response:
    """Let an account be used again."""
    await require_no_less(request, caller, person_id)
    return answer(await in_thread(parts_of(request).identity.accounts.enable, person_id, caller.actor))


# -- groups ------------------------------------------------------------------------------------------------------------


@router.get("/groups", responses=gives(Page[Group]))
async def list_groups(
    request: Request, caller: Any = needs("identity.read"), limit: Limit = 100, cursor: Cursor = None
) -> Response:
    """List groups by name."""
    await caller.require()
    found = await in_thread(parts_of(request).identity.groups.list_groups, limit=limit + 1, after=cursor or "")
    return answer(cut_page(found, limit, lambda each: each.name))


@router.post("/groups", status_code=201, responses=gives(Group, 201), openapi_extra=takes(NewGroup))
async def create_group(
    request: Request, caller: Any = needs("identity.write"), given: Any = body(NewGroup)
) -> Response:
    """Make an empty group."""
    await caller.require()
    service = parts_of(request).identity.groups
    return answer(await in_thread(service.create, given.name, given.description, caller.actor), 201)


@router.delete("/groups/{name}", status_code=204, responses=gives(None, 204))
async def delete_group(request: Request, name: str, caller: Any = needs("identity.write")) -> Response:
    """Delete a group that no binding names."""
    await caller.require()
    await in_thread(parts_of(request).identity.groups.delete, name, caller.actor)
    return Response(status_code=204)


@router.get("/groups/{name}/members", responses=gives(Page[Person]))
async def list_members(
    request: Request, name: str, caller: Any = needs("identity.read"), limit: Limit = 100, cursor: Cursor = None
) -> Response:
    """List who is in a group."""
    await caller.require()
    service = parts_of(request).identity.groups
    found = await in_thread(service.list_members, name, limit=limit + 1, after=cursor or "")
    return answer(cut_page(found, limit, lambda each: each.name))


@router.put("/groups/{name}/members/{person_id}", status_code=204, responses=gives(None, 204))
async def add_member(request: Request, name: str, person_id: str, caller: Any = needs("identity.write")) -> Response:
    """Put a person into a group: the person gets what the group has."""
    parts = parts_of(request)
    await _require_grantable(request, caller, await in_thread(_list_permissions_of_group, parts, name), None)
    await in_thread(parts.identity.groups.add, name, person_id, caller.actor)
    return Response(status_code=204)


@router.delete("/groups/{name}/members/{person_id}", status_code=204, responses=gives(None, 204))
async def remove_member(request: Request, name: str, person_id: str, caller: Any = needs("identity.write")) -> Response:
    """Take a person out of a group."""
    await caller.require()
    await in_thread(parts_of(request).identity.groups.remove, name, person_id, caller.actor)
    return Response(status_code=204)


# -- roles and bindings ------------------------------------------------------------------------------------------------


@router.get("/permissions", responses=gives(list[PermissionText]))
async def list_permissions(caller: Any = needs_sign_in()) -> Response:
    """List all permissions with what each allows, in the order in which people think of them."""
    del caller  # it is enough to be signed in: the documentation tells the same
    return answer([PermissionText(name, text) for name, text in PERMISSIONS.items()])


@router.get("/roles", responses=gives(list[Role]))
async def list_roles(request: Request, caller: Any = needs("identity.read")) -> Response:
    """List all roles, the built-in ones first."""
    await caller.require()
    return answer(await in_thread(parts_of(request).identity.roles.list_roles))


@router.put("/roles/{name}", responses=gives(Role), openapi_extra=takes(RoleDefinition))
async def define_role(
    request: Request, name: str, caller: Any = needs("identity.write"), given: Any = body(RoleDefinition)
) -> Response:
    """Make an own role, or replace it; whoever has it has the new permissions at once."""
    await _require_grantable(request, caller, check_permissions(given.permissions), None)
    service = parts_of(request).identity.roles
    return answer(await in_thread(service.define, name, given.description, given.permissions, caller.actor))


@router.delete("/roles/{name}", status_code=204, responses=gives(None, 204))
async def delete_role(request: Request, name: str, caller: Any = needs("identity.write")) -> Response:
    """Delete an own role that no binding gives."""
    await caller.require()
    await in_thread(parts_of(request).identity.roles.delete, name, caller.actor)
    return Response(status_code=204)


@router.get("/bindings", responses=gives(Page[Binding]))
async def list_bindings(
    request: Request, caller: Any = needs("identity.read"), limit: Limit = 100, cursor: Cursor = None
) -> Response:
    """List who was given which role, expired ones too."""
    service = parts_of(request).identity.roles
    found = await in_thread(service.list_bindings, namespaces=caller.namespaces, limit=limit + 1, after=cursor or "")
    return answer(cut_page(found, limit, lambda each: each.binding_id))


@router.post("/bindings", status_code=201, responses=gives(Binding, 201), openapi_extra=takes(NewBinding))
async def grant_role(
    request: Request, caller: Any = needs("identity.write"), given: Any = body(NewBinding)
) -> Response:
    """Give a role to a person or a group, in a namespace or everywhere."""
    roles = parts_of(request).identity.roles
    role = await in_thread(roles.get_role, given.role)
    await _require_grantable(request, caller, role.permissions, given.namespace)
    return answer(
        await in_thread(
            roles.grant, given.role, given.subject, given.namespace, caller.actor, expires_at=given.expires_at
        ),
        201,
    )


@router.delete("/bindings/{binding_id}", status_code=204, responses=gives(None, 204))
async def revoke_binding(request: Request, binding_id: str, caller: Any = needs("identity.write")) -> Response:
    """Take a binding away."""
    roles = parts_of(request).identity.roles
    binding = await in_thread(roles.get_binding, binding_id)
    await caller.require(binding.namespace)
    await in_thread(roles.revoke, binding_id, caller.actor)
    return Response(status_code=204)


@router.get("/access/who-can", responses=gives(list[Holder]))
async def list_who_can(
    request: Request,
    permission: Annotated[str, Query(description="Such as `run.start`.")],
    caller: Any = needs("identity.read"),
    namespace: Annotated[str | None, Query(description="Where; left out, everywhere.")] = None,
) -> Response:
    """Say who may do something in a namespace, or everywhere, and by which bindings."""
    await caller.require(namespace)
    check_permissions([permission])
    return answer(await in_thread(parts_of(request).access.list_who_can, permission, namespace))


# -- API tokens --------------------------------------------------------------------------------------------------------


@router.get("/tokens", responses=gives(Page[ApiToken]))
async def list_tokens(
    request: Request,
    caller: Any = needs_sign_in(),
    everybody: Annotated[bool, Query(description="Those of all people; for administrators.")] = False,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """List one's own API tokens, or everybody's; never their text."""
    if everybody:
        await caller.require(None, "identity.read")
    owner = None if everybody else caller.principal.person_id
    service = parts_of(request).identity.tokens
    found = await in_thread(service.list_tokens, owner, limit=limit + 1, after=cursor or "")
    return answer(cut_page(found, limit, lambda each: each.token_id))


@router.post("/tokens", status_code=201, responses=gives(MadeToken, 201), openapi_extra=takes(NewApiToken))
async def create_token(request: Request, caller: Any = needs_sign_in(), given: Any = body(NewApiToken)) -> Response:
    """Make an API token that acts for the caller within a scope."""
    service = parts_of(request).identity.tokens
    made = await in_thread(service.create, caller.principal, given.name, given.scope, given.expires_at, caller.actor)
    return answer(MadeToken(made.text, made.token), 201)


@router.delete("/tokens/{token_id}", status_code=204, responses=gives(None, 204))
async def revoke_token(request: Request, token_id: str, caller: Any = needs_sign_in()) -> Response:
    """Revoke one of one's own API tokens; administrators may revoke any."""
    owner = None if caller.may("identity.write") else caller.principal.person_id
    await in_thread(parts_of(request).identity.tokens.revoke, token_id, caller.actor, owner_id=owner)
    return Response(status_code=204)


# -- nobody gives what they do not have --------------------------------------------------------------------------------


async def _require_grantable(request: Request, caller: Caller, permissions: Any, namespace: str | None) -> None:
    access = parts_of(request).access
    await in_thread(
        access.require_grantable,
        caller.principal,
        permissions,
        namespace,
        origin=caller.actor.origin,
        target=f"route{request.url.path}",
    )


async def require_no_less(request: Request, caller: Caller, person_id: str) -> None:
    """Refuse whoever would get at the account of somebody who may do more."""
    access = parts_of(request).access
    person = await in_thread(access.get_principal, person_id)
    for grant in await in_thread(access.list_what_can, person):
        for namespace in (None,) if grant.namespaces is None else sorted(grant.namespaces):
            await caller.require(namespace, grant.permission)
    await caller.require()


def _list_permissions_of_group(parts: Parts, name: str) -> set[str]:
    roles = {role.name: role for role in parts.identity.roles.list_roles()}
    bindings = parts.identity.roles.list_bindings(subject=Subject("group", name), limit=1000)
    return {permission for binding in bindings for permission in roles[binding.role].permissions}
