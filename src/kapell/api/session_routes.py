"""Routes of signing in and out, and of what concerns the caller alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from fastapi import APIRouter, Request, Response

from kapell.api.callers import SESSION_COOKIE, check_origin, find_principal, needs_sign_in, origin_of
from kapell.api.parts import in_thread, parts_of
from kapell.api.preference_store import Preferences
from kapell.api.wire import answer, body, gives, takes
from kapell.errors import ForbiddenError, UnauthenticatedError
from kapell.identity.model import Grant, Session

if TYPE_CHECKING:
    from kapell.api.parts import Parts
    from kapell.identity.sessions import NewSession

router = APIRouter(tags=["sign-in"])


class Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A name and a password, as typed."""

    name: str
    password: str


class NewPassword(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A change of one's own password."""

    current: str
    new: str


class SavedPreferences(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Preferences that are to be saved; as JSON they may have 65,536 bytes.

    Attributes:
        revision: The revision that they were made from; 0 where there were none.
        value: All of the choices.
    """

    revision: Annotated[int, msgspec.Meta(ge=0, lt=2**31 - 1)]
    value: dict[str, Any]


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
        grants: Each permission, and where it is held; null for everywhere.
    """

    principal_id: str
    kind: str
    name: str
    display_name: str
    groups: tuple[str, ...]
    grants: tuple[Grant, ...]


@router.get("/sign-in", responses=gives(SignInState))
async def get_sign_in_state(request: Request) -> Response:
    """Say whether one is signed in, also to who is not: what a page asks before anything else."""
    try:
        await find_principal(request, parts_of(request))
    except UnauthenticatedError:
        return answer(SignInState(is_signed_in=False))
    return answer(SignInState(is_signed_in=True))


@router.post("/sign-in", responses=gives(Session), openapi_extra=takes(Credentials))
async def sign_in(request: Request, given: Any = body(Credentials)) -> Response:
    """Open a session, whose token is a cookie that scripts cannot read."""
    parts = parts_of(request)
    check_origin(request, parts.settings.public_url)
    opened = await in_thread(
        parts.identity.sign_in.sign_in,
        given.name,
        given.password,
        address=origin_of(request),
        user_agent=request.headers.get("user-agent", ""),
        replaces=request.cookies.get(SESSION_COOKIE, ""),
    )
    response = answer(opened.session)
    set_session(response, opened, secure=is_secure(request, parts))
    return response


def is_secure(request: Request, parts: Parts) -> bool:
    """Tell whether the browser speaks HTTPS, to the server or to a proxy before it."""
    return request.url.scheme == "https" or parts.settings.public_url.startswith("https://")


def set_session(response: Response, opened: NewSession, *, secure: bool) -> None:
    """Give a browser the token of a session, as a cookie that no script can read and no other site can send."""
    response.set_cookie(
        SESSION_COOKIE,
        opened.token,
        expires=opened.session.expires_at,
        httponly=True,
        samesite="strict",
        secure=secure,
        path="/",
    )


@router.post("/sign-out", status_code=204, responses=gives(None, 204))
async def sign_out(request: Request, caller: Any = needs_sign_in()) -> Response:
    """End the session of this browser."""
    cookie = request.cookies.get(SESSION_COOKIE, "")
    sessions = parts_of(request).identity.sessions
    if caller.principal.kind == "person" and cookie:
        found = await in_thread(sessions.verify, cookie)
        await in_thread(sessions.end, found.session.session_id, caller.actor, person_id=caller.principal.person_id)
    response = Response(status_code=204)
    response.delete_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="strict")
    return response


@router.get("/me", responses=gives(Me))
async def get_me(request: Request, caller: Any = needs_sign_in()) -> Response:
    """Say who is calling, and what they may do."""
    principal = caller.principal
    grants = await in_thread(parts_of(request).access.list_what_can, principal)
    return answer(
        Me(
            principal.principal_id,
            principal.kind,
            principal.name,
            principal.display_name,
            principal.groups,
            grants,
        )
    )


@router.post("/me/password", status_code=204, responses=gives(None, 204), openapi_extra=takes(NewPassword))
async def change_password(request: Request, caller: Any = needs_sign_in(), given: Any = body(NewPassword)) -> Response:
    """Change one's own password; all of one's sessions end."""
    _require_person(caller)
    await in_thread(
        parts_of(request).identity.sign_in.change_password,
        caller.principal.person_id,
        given.current,
        given.new,
        caller.actor,
    )
    return Response(status_code=204)


@router.get("/me/sessions", responses=gives(list[Session]))
async def list_sessions(request: Request, caller: Any = needs_sign_in()) -> Response:
    """List one's own sessions."""
    _require_person(caller)
    return answer(await in_thread(parts_of(request).identity.sessions.list_sessions, caller.principal.person_id))


@router.delete("/me/sessions/{session_id}", status_code=204, responses=gives(None, 204))
async def end_session(request: Request, session_id: str, caller: Any = needs_sign_in()) -> Response:
    """End one of one's own sessions."""
    _require_person(caller)
    await in_thread(
        parts_of(request).identity.sessions.end, session_id, caller.actor, person_id=caller.principal.person_id
    )
    return Response(status_code=204)


@router.get("/me/preferences", responses=gives(Preferences))
async def get_preferences(request: Request, caller: Any = needs_sign_in()) -> Response:
    """Show what one has chosen in the console: views, theme."""
    _require_person(caller)
    return answer(await in_thread(parts_of(request).preferences.get, caller.principal.person_id))


@router.put("/me/preferences", responses=gives(Preferences), openapi_extra=takes(SavedPreferences))
async def save_preferences(
    request: Request, caller: Any = needs_sign_in(), given: Any = body(SavedPreferences)
) -> Response:
    """Save what one has chosen in the console, unless it was saved elsewhere meanwhile."""
    _require_person(caller)
    save = parts_of(request).preferences.save
    return answer(await in_thread(save, caller.principal.person_id, given.value, revision=given.revision))


def _require_person(caller: Any) -> None:
    if caller.principal.kind != "person":
        raise ForbiddenError("An API token has neither password nor sessions nor preferences.", hint="Sign in.")
