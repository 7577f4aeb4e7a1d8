"""Routes of workflows: check, draft, publish, compare, deprecate."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request, Response

from kapell.api.callers import needs
from kapell.api.paging import Cursor, Limit, read_place, write_place
from kapell.api.parts import in_thread, parts_of
from kapell.api.wire import Page, answer, body, gives, takes
from kapell.errors import UsageError
from kapell.workflows.comparing import Comparison
from kapell.workflows.model import (
    CheckReport,
    Draft,
    Publication,
    StoredVersion,
    WorkflowSummary,
    WorkflowVersion,
)

router = APIRouter(tags=["workflows"])

_PATH = "/workflows/{namespace}/{name}"


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The text of a workflow.

    Attributes:
        source: YAML or JSON.
    """

    source: str


class DraftText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A draft to be saved.

    Attributes:
        source: The text.
        revision: The revision that it was made from; left out for a new draft.
        base_version: The version that a new draft is made from.
    """

    source: str
    revision: int | None = None
    base_version: str | None = None


class Publishing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be published: a text, or the draft at a revision.

    Attributes:
        source: YAML or JSON; left out for the draft.
        revision: The draft's revision that is to be published.
        note: What to say about the version.
        allow_lower: Whether the version may be lower than one that was published.
    """

    source: str | None = None
    revision: int | None = None
    note: str = ""
    allow_lower: bool = False


class Deprecating(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a version is to start no more runs."""

    reason: str


@router.post("/workflows/check", responses=gives(CheckReport), openapi_extra=takes(Source))
async def check_workflow(request: Request, caller: Any = needs("workflow.read"), given: Any = body(Source)) -> Response:
    """Check a text, as `kapell validate` does."""
    del caller
    return answer(await in_thread(parts_of(request).workflows.check, given.source))


@router.get("/workflows", responses=gives(Page[WorkflowSummary]))
async def list_workflows(
    request: Request,
    caller: Any = needs("workflow.read"),
    namespace: Annotated[str | None, Query(description="Only this namespace.")] = None,
    text: Annotated[str, Query(description="Words in the name, title, summary or tags.")] = "",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """List workflows by namespace and name."""
    if namespace is not None:
        await caller.require(namespace)
    namespaces = caller.namespaces if namespace is None else frozenset({namespace})
    after = read_place(cursor)
    page = await in_thread(
        parts_of(request).workflows.list_workflows, namespaces=namespaces, text=text, limit=limit, after=after
    )
    return answer(Page(list(page.items), write_place(page.after)))


@router.get(_PATH + "/versions", responses=gives(Page[WorkflowVersion]))
async def list_versions(
    request: Request,
    namespace: str,
    name: str,
    caller: Any = needs("workflow.read"),
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """List the versions of a workflow, the highest first."""
    await caller.require(namespace)
    page = await in_thread(parts_of(request).workflows.list_versions, namespace, name, limit=limit, after=cursor)
    return answer(Page(list(page.items), page.after))


@router.get(_PATH + "/versions/{version}", responses=gives(StoredVersion))
async def get_version(
    request: Request, namespace: str, name: str, version: str, caller: Any = needs("workflow.read")
) -> Response:
    """Show a version with its text; `latest` is the highest that is not deprecated."""
    await caller.require(namespace)
    return answer(await in_thread(parts_of(request).workflows.get_version, namespace, name, version))


@router.post(_PATH + "/versions", status_code=201, responses=gives(Publication, 201), openapi_extra=takes(Publishing))
async def publish(
    request: Request,
    namespace: str,
    name: str,
    caller: Any = needs("workflow.publish"),
    given: Any = body(Publishing),
) -> Response:
    """Publish a text, or the draft, as the version that its document names."""
    await caller.require(namespace)
    workflows = parts_of(request).workflows
    rest = {"actor": caller.actor, "note": given.note, "allow_lower": given.allow_lower}
    if given.source is not None:
        done = await in_thread(workflows.publish, namespace, name, given.source, **rest)
    elif given.revision is not None:
        done = await in_thread(workflows.publish_draft, namespace, name, revision=given.revision, **rest)
    else:
        raise UsageError("There is nothing to publish.", hint="Send `source`, or the draft's `revision`.")
    return answer(done, 200 if done.was_published else 201)


@router.post(
    _PATH + "/versions/{version}/deprecate", responses=gives(WorkflowVersion), openapi_extra=takes(Deprecating)
)
async def deprecate(
    request: Request,
    namespace: str,
    name: str,
    version: str,
    caller: Any = needs("workflow.publish"),
    given: Any = body(Deprecating),
) -> Response:
    """Let a version start no more runs; runs under way go on."""
    await caller.require(namespace)
    service = parts_of(request).workflows
    return answer(await in_thread(service.deprecate, namespace, name, version, actor=caller.actor, reason=given.reason))


@router.post(_PATH + "/versions/{version}/undeprecate", responses=gives(WorkflowVersion))
async def undeprecate(
    request: Request, namespace: str, name: str, version: str, caller: Any = needs("workflow.publish")
) -> Response:
    """Let a deprecated version start runs again."""
    await caller.require(namespace)
    return answer(
        await in_thread(parts_of(request).workflows.undeprecate, namespace, name, version, actor=caller.actor)
    )


@router.get(_PATH + "/diff", responses=gives(Comparison))
async def compare(
    request: Request,
    namespace: str,
    name: str,
    old: Annotated[str, Query(description="A version, `latest` or `draft`.")],
    new: Annotated[str, Query(description="A version, `latest` or `draft`.")],
    caller: Any = needs("workflow.read"),
) -> Response:
    """Compare two versions: line by line, and task by task."""
    await caller.require(namespace)
    return answer(await in_thread(parts_of(request).workflows.diff, namespace, name, old, new))


@router.get(_PATH + "/draft", responses=gives(Draft))
async def get_draft(request: Request, namespace: str, name: str, caller: Any = needs("workflow.read")) -> Response:
    """Show the draft of a workflow."""
    await caller.require(namespace)
    return answer(await in_thread(parts_of(request).workflows.get_draft, namespace, name))


@router.put(_PATH + "/draft", responses=gives(Draft), openapi_extra=takes(DraftText))
async def save_draft(
    request: Request,
    namespace: str,
    name: str,
    caller: Any = needs("workflow.write"),
    given: Any = body(DraftText),
) -> Response:
    """Save the draft of a workflow, unless somebody else has saved it meanwhile."""
    await caller.require(namespace)
    draft = await in_thread(
        parts_of(request).workflows.save_draft,
        namespace,
        name,
        given.source,
        actor=caller.actor,
        revision=given.revision,
        base_version=given.base_version,
    )
    return answer(draft)


@router.delete(_PATH + "/draft", status_code=204, responses=gives(None, 204))
async def discard_draft(
    request: Request,
    namespace: str,
    name: str,
    revision: Annotated[int, Query(description="The revision that is dropped.")],
    caller: Any = needs("workflow.write"),
) -> Response:
    """Drop the draft of a workflow."""
    await caller.require(namespace)
    service = parts_of(request).workflows
    await in_thread(service.discard_draft, namespace, name, actor=caller.actor, revision=revision)
    return Response(status_code=204)
