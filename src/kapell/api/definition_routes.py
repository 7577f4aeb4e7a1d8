"""The route of a run's workflow: what it is made of, so that it can be drawn and read beside the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from fastapi import APIRouter, Request, Response

from kapell.api.callers import needs
from kapell.api.parts import in_thread, parts_of
from kapell.api.run_routes import get_visible
from kapell.api.wire import answer, gives
from kapell.errors import NotFoundError

if TYPE_CHECKING:
    from kapell.api.parts import Parts
    from kapell.engine.store import RunRecord

router = APIRouter(tags=["runs"])


class RunDefinition(msgspec.Struct, frozen=True):
    """The workflow that a run is made of; it never changes.

    Attributes:
        digest: What the definition hashes to, as published versions have it, too.
        document: The definition.
        source: The text that was published as this version; null where this very definition was not published, or the
            caller may not see workflows there.
    """

    digest: str
    document: dict[str, Any]
    source: str | None


@router.get("/runs/{run_id}/definition", responses=gives(RunDefinition))
async def get_definition(request: Request, run_id: str, caller: Any = needs("run.read")) -> Response:
    """Show the workflow that a run is made of."""
    parts = parts_of(request)
    record = await get_visible(parts, run_id, caller)
    with_source = caller.may("workflow.read", record.namespace)
    return answer(await in_thread(_read_definition, parts, record, with_source=with_source))


def _read_definition(parts: Parts, record: RunRecord, *, with_source: bool) -> RunDefinition:
    document = msgspec.json.decode(parts.engine.store.get_definition(record.definition))
    return RunDefinition(record.definition, document, _find_source(parts, record) if with_source else None)


def _find_source(parts: Parts, record: RunRecord) -> str | None:
    try:
        found = parts.workflows.get_version(record.namespace, record.name, record.version)
    except NotFoundError:
        return None
    return found.source if found.about.digest == record.definition else None
