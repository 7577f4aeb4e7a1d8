"""Routes of the search index: how it stands, and how it is made anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from fastapi import APIRouter, Request, Response

from kapell.api.callers import needs
from kapell.api.parts import in_thread, parts_of
from kapell.api.run_filters import WHY_NOT_SEARCHED
from kapell.api.wire import answer, gives
from kapell.audit import AuditEntry
from kapell.errors import UsageError

if TYPE_CHECKING:
    from kapell.api.parts import Parts

router = APIRouter(tags=["runs"])

_MOST_COUNTED = 1000


class SearchIndex(msgspec.Struct, frozen=True):
    """How the index stands that a search by text reads.

    Attributes:
        is_on: Whether runs can be searched by text.
        why_off: Why not, where they cannot.
        behind: How many runs it has yet to be told of, counted up to a thousand; usually none.
    """

    is_on: bool
    why_off: str | None
    behind: int


@router.get("/search-index", responses=gives(SearchIndex))
async def get_search_index(request: Request, caller: Any = needs("run.read")) -> Response:
    """Show how the search index stands."""
    del caller
    return await _show(parts_of(request))


@router.post("/search-index/rebuild", responses=gives(SearchIndex))
async def rebuild_search_index(request: Request, caller: Any = needs("run.repair")) -> Response:
    """Forget the search index and make it anew in the background; for who may repair runs everywhere.

    Until it is done, a search finds only what has been indexed again, the oldest runs first.
    """
    parts = parts_of(request)
    await caller.require()
    if parts.settings.encrypt_at_rest:
        raise UsageError(WHY_NOT_SEARCHED)
    await parts.record(AuditEntry.by(caller.actor, "search.rebuild", "search-index"))
    await in_thread(parts.engine.store.clear_index)
    return await _show(parts)


async def _show(parts: Parts) -> Response:
    if parts.settings.encrypt_at_rest:
        return answer(SearchIndex(is_on=False, why_off=WHY_NOT_SEARCHED, behind=0))
    behind = await in_thread(parts.engine.store.list_unindexed, _MOST_COUNTED)
    return answer(SearchIndex(is_on=True, why_off=None, behind=len(behind)))
