"""The route of a run's log: its lines from any place on, forth and back, all of them or what a filter lets through."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime

from kapell.api.callers import needs
from kapell.api.paging import MOST, Limit
from kapell.api.parts import in_thread, parts_of
from kapell.api.run_routes import get_visible, note_read
from kapell.api.wire import Page, answer, gives
from kapell.engine.log_search import FoundLines, LogFilter, find_lines, find_lines_back
from kapell.engine.store import LogLine
from kapell.errors import UsageError

if TYPE_CHECKING:
    from kapell.api.parts import Parts

router = APIRouter(tags=["runs"])

_LONGEST_SECONDS = 0.3
"""How long a request looks through a log; whoever asked goes on where it has stopped."""

Stream = Annotated[Literal["stdout", "stderr", "info"] | None, Query(description="Only lines of this stream.")]
Task = Annotated[str | None, Query(description="Only lines of the task of this reference, and within it.")]
Text = Annotated[str, Query(max_length=500, description="Only lines with this text, in whatever case.")]


@router.get("/runs/{run_id}/log", responses=gives(Page[LogLine]))
async def list_log(
    request: Request,
    run_id: str,
    caller: Any = needs("run.data"),
    after: Annotated[int, Query(ge=0, le=MOST, description="Only lines after this number.")] = 0,
    before: Annotated[
        int | None,
        Query(ge=0, le=MOST, description="In place of `after`: the last lines before this number; `next` says on."),
    ] = None,
    limit: Limit = 500,
    text: Text = "",
    stream: Stream = None,
    task: Task = None,
    until: Annotated[AwareDatetime | None, Query(description="Only lines that had been written by then.")] = None,
) -> Response:
    """List lines that a run's processes wrote, in order: from one on, or with `before` those just before one.

    A filter is looked for line by line, for less than a second. A page may then have fewer lines than asked for, or
    none, and still a `next`: so far it was looked, and the next request goes on there.
    """
    if after and before is not None:
        raise UsageError("`after` and `before` exclude each other.", hint="Leave one of them out.")
    parts = parts_of(request)
    await note_read(parts, caller, await get_visible(parts, run_id, caller))
    await parts.engine.logbook.settle()
    where = LogFilter(text=text, stream=stream, task=task or None, until=until)
    async with nullcontext() if where == LogFilter() else parts.log_searches:
        found: FoundLines = await in_thread(look_through, parts, run_id, where, after, before, limit)
    return answer(Page(found.lines, None if found.next_seq is None else str(found.next_seq)))


def look_through(parts: Parts, run_id: str, where: LogFilter, after: int, before: int | None, limit: int) -> FoundLines:
    """Return lines after a number, or before one, and how far it was looked."""
    give_up_at = parts.clock.monotonic() + _LONGEST_SECONDS

    def is_over() -> bool:
        return parts.clock.monotonic() >= give_up_at

    store = parts.engine.store
    if before is None:
        return find_lines(store, run_id, where, after=after, limit=limit, is_over=is_over)
    return find_lines_back(store, run_id, where, before=before, limit=limit, is_over=is_over)
