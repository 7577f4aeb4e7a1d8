"""Routes of signing in by a provider of OpenID Connect: what there is, the way there, and the way back.

A browser that comes back has a short-lived cookie, by which the server finds what it kept: state, nonce and PKCE's
verifier. What it brings back without that, or for the second time, is refused.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request, Response

from kapell.api.callers import SESSION_COOKIE, origin_of
from kapell.api.parts import in_thread, parts_of
from kapell.api.session_routes import is_secure, set_session
from kapell.api.wire import answer, gives
from kapell.errors import UnauthenticatedError, UsageError

if TYPE_CHECKING:
    from kapell.api.parts import Parts

router = APIRouter(tags=["sign-in"])

_PATH = "/api/v1/sign-in/oidc"
_COOKIE = "kapell_sign_in"
_COOKIE_SECONDS = 600
_LONGEST_TARGET = 2000
_TARGET = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")
"""A path on this server: browsers read `//` and a backslash as the beginning of a host."""
_UNREACHABLE: dict[int | str, dict[str, Any]] = {502: {"description": "The provider cannot be asked."}}
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Signed in</title>
<meta http-equiv="refresh" content="0;url={target}"></head><body><a href="{target}">Go on</a></body></html>
"""


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


@router.get("/sign-in/providers", responses=gives(list[Provider]))
async def list_providers(request: Request) -> Response:
    """List the providers that people may sign in by."""
    found = parts_of(request).oidc.list_providers()
    return answer([Provider(each.key, each.title, f"{_PATH}/{each.key}") for each in found])


@router.get(
    "/sign-in/oidc/{provider}",
    status_code=303,
    responses={303: {"description": "To the provider's own sign-in page."}, **_UNREACHABLE},
)
async def begin_sign_in(
    request: Request,
    provider: str,
    target: Annotated[
        str,
        Query(alias="next", max_length=_LONGEST_TARGET, description="Where to go afterwards: a path of this server."),
    ] = "/",
) -> Response:
    """Send a browser to a provider, which sends it back to `.../callback`."""
    if not _TARGET.fullmatch(target):
        raise UsageError("`next` must be a path of this server.", hint="For example /api/v1/me.")
    parts = parts_of(request)
    url, pending = await parts.oidc.begin(provider, f"{_find_public_url(request, parts)}{_PATH}/{provider}/callback")
    key = parts.pending_sign_ins.keep(pending, target, origin_of(request))
    response = Response(status_code=303, headers={"Location": url, "Cache-Control": "no-store"})
    # `lax`, as it is a page of the provider's that leads back here; no script of any page can read it.
    response.set_cookie(
        _COOKIE,
        key,
        max_age=_COOKIE_SECONDS,
        httponly=True,
        samesite="lax",
        secure=is_secure(request, parts),
        path=_PATH,
    )
    return response


@router.get(
    "/sign-in/oidc/{provider}/callback",
    responses={
        200: {"description": "Signed in; the page goes on by itself.", "content": {"text/html": {}}},
        **_UNREACHABLE,
    },
)
async def finish_sign_in(request: Request, provider: str) -> Response:
    """Open a session for the person whom a provider vouches for; browsers come here from the provider."""
    parts = parts_of(request)
    kept = parts.pending_sign_ins.take(request.cookies.get(_COOKIE, ""))
    if kept is None or kept[0].provider != provider:
        raise UnauthenticatedError("This sign-in was not begun here, or was finished already.", hint="Begin again.")
    pending, target = kept
    address = origin_of(request)
    principal = await parts.oidc.finish(dict(request.query_params), pending, address=address)
    opened = await in_thread(
        parts.identity.sessions.open,
        principal.person_id,
        method=f"oidc:{provider}",
        address=address,
        user_agent=request.headers.get("user-agent", ""),
        replaces=request.cookies.get(SESSION_COOKIE, ""),
    )
    # A page and no redirect: browsers send a strict cookie only where they come from a page of this server.
    page = _PAGE.format(target=html.escape(target))
    response = Response(page, 200, {"Cache-Control": "no-store"}, "text/html")
    set_session(response, opened, secure=is_secure(request, parts))
    response.delete_cookie(_COOKIE, path=_PATH, httponly=True, samesite="lax", secure=is_secure(request, parts))
    return response


def _find_public_url(request: Request, parts: Parts) -> str:
    given = parts.settings.public_url.rstrip("/")
    return given or f"{request.url.scheme}://{request.headers.get('host', '')}"
