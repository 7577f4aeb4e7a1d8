"""Routes of secrets: they are put, listed and deleted, and never given out."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request, Response

from kapell.api.callers import needs
from kapell.api.paging import Cursor, Limit, read_place, write_place
from kapell.api.parts import in_thread, parts_of
from kapell.api.wire import Page, answer, body, gives, takes
from kapell.vault.model import SecretInfo

router = APIRouter(tags=["secrets"])


class SecretValue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be kept.

    Attributes:
        value: A string, or an object of JSON values.
    """

    value: Any


@router.get("/secrets", responses=gives(Page[SecretInfo]))
async def list_secrets(
    request: Request,
    caller: Any = needs("secret.read"),
    namespace: Annotated[str | None, Query(description="Only this namespace.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """List secrets by namespace and name, without their values."""
    if namespace is not None:
        await caller.require(namespace)
    namespaces = caller.namespaces if namespace is None else frozenset({namespace})
    after = read_place(cursor)
    page = await in_thread(parts_of(request).vault.list_secrets, namespaces=namespaces, limit=limit, after=after)
    return answer(Page(list(page.items), write_place(page.after)))


@router.put("/secrets/{namespace}/{name}", responses=gives(SecretInfo), openapi_extra=takes(SecretValue))
async def put_secret(
    request: Request,
    namespace: str,
    name: str,
    caller: Any = needs("secret.write"),
    given: Any = body(SecretValue),
) -> Response:
    """Keep a secret for the runs of a namespace, in the place of the one before if there is one."""
    await caller.require(namespace)
    return answer(await in_thread(parts_of(request).vault.put, namespace, name, given.value, actor=caller.actor))


@router.delete("/secrets/{namespace}/{name}", status_code=204, responses=gives(None, 204))
async def delete_secret(request: Request, namespace: str, name: str, caller: Any = needs("secret.write")) -> Response:
    """Drop a secret; runs that read it later fail."""
    await caller.require(namespace)
    await in_thread(parts_of(request).vault.delete, namespace, name, actor=caller.actor)
    return Response(status_code=204)
