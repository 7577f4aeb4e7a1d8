"""Who is calling, and whether they may: every route names the permission that it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import Depends, Request

from kapell.api.parts import in_thread
from kapell.errors import ForbiddenError, UnauthenticatedError

if TYPE_CHECKING:
    from kapell.api.parts import Parts
    from kapell.identity.access import Access
    from kapell.identity.model import Principal

SESSION_COOKIE = "kapell_session"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Caller:
    """Who makes a request, and what the route needs of them.

    Attributes:
        principal: The person or token.
        actor: The same, as the audit log names it.
        permission: What the route needs.
    """

    __slots__ = ("_access", "_target", "actor", "permission", "principal")

    def __init__(self, principal: Principal, permission: str, access: Access, request: Request) -> None:
        """Answer for a principal."""
        self.principal = principal
        self.actor = principal.act_from(origin_of(request))
        self.permission = permission
        self._access = access
        self._target = f"route{request.scope['path']}"

    async def require(self, namespace: str | None = None, permission: str = "") -> None:
        """Refuse with `ForbiddenError` who may not do this in a namespace (`None`: everywhere), and record it."""
        wanted = permission or self.permission
        if not self._access.can(self.principal, wanted, namespace):
            await in_thread(
                self._access.require,
                self.principal,
                wanted,
                namespace,
                origin=self.actor.origin,
                target=self._target,
            )

    async def require_anywhere(self) -> None:
        """Refuse with `ForbiddenError` who may do this in no namespace at all, and record it."""
        if self.permission and self.namespaces is not None and not self.namespaces:
            await self.require()

    def may(self, permission: str, namespace: str | None = None) -> bool:
        """Tell whether the caller may do something else as well."""
        return self._access.can(self.principal, permission, namespace)

    @property
    def namespaces(self) -> frozenset[str] | None:
        """Where the caller may do this; `None` for everywhere."""
        return self._access.list_namespaces(self.principal, self.permission)


class Needs:
    """The dependency of a route: gives the `Caller`, who holds the permission in some namespace at least.

    Attributes:
        permission: The permission; empty where it is enough to be signed in.
    """

    def __init__(self, permission: str) -> None:
        """Need a permission."""
        self.permission = permission

    async def __call__(self, request: Request) -> Caller:
        """Find out who is calling.

        Raises:
            UnauthenticatedError: Nobody knows.
            ForbiddenError: They hold the permission nowhere.
            RateLimitedError: They ask too often.
        """
        parts: Parts = request.app.state.parts
        caller = Caller(await find_principal(request, parts), self.permission, parts.access, request)
        await caller.require_anywhere()
        return caller


def needs(permission: str) -> Any:
    """Return the dependency that gives the `Caller`, who holds the permission in some namespace at least."""
    return Depends(Needs(permission))


def needs_sign_in() -> Any:
    """Return the dependency that gives the `Caller`, whoever it is: for what concerns the caller alone."""
    return Depends(Needs(""))


async def find_principal(request: Request, parts: Parts) -> Principal:
    """Return who sends a request: by API token, or by session.

    Raises:
        UnauthenticatedError: Nobody knows.
        ForbiddenError: Another site has made a browser send it.
        RateLimitedError: They ask too often.
    """
    try:
        principal = await _find_principal(request, parts)
    except UnauthenticatedError:
        if "authorization" in request.headers or "cookie" in request.headers:  # others have been counted before
            parts.rate_limits.take_for_stranger(origin_of(request))
        raise
    parts.rate_limits.take_for_principal(principal.principal_id)
    await parts.learn_grants(principal)
    request.scope["state"]["principal_id"] = principal.principal_id  # for the log
    return principal


async def _find_principal(request: Request, parts: Parts) -> Principal:
    scheme, _, credential = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and credential:
        return await parts.find_token_holder(credential.strip(), origin_of(request))
    cookie = request.cookies.get(SESSION_COOKIE)
    if cookie is None:
        raise UnauthenticatedError("Nobody is signed in.", hint="Sign in, or send an API token as a bearer token.")
    if request.method not in _SAFE_METHODS:
        check_origin(request, parts.settings.public_url)
    return await parts.find_session_holder(cookie, origin_of(request))


def check_origin(request: Request, public_url: str) -> None:
    """Refuse a request that another site made a browser send. Raises `ForbiddenError`.

    Where a proxy changes the address, `public_url` is the one that browsers know.
    """
    origin = request.headers.get("origin")
    expected = {f"{request.url.scheme}://{request.headers.get('host', '')}", public_url.rstrip("/") or None}
    site = request.headers.get("sec-fetch-site", "same-origin")
    if (origin is not None and origin not in expected) or site not in {"same-origin", "none"}:
        raise ForbiddenError("The request comes from another site.", hint="Use the console, or an API token.")


def origin_of(request: Request) -> str:
    """Return the address that a request comes from."""
    return request.client.host if request.client else ""
