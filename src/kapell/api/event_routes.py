"""Live events as server-sent events (WHATWG HTML, 9.2): of one run or its log, or of all that the caller may see.

A stream resumes with `Last-Event-ID`. A run's ids are the numbers of its history, so nothing is ever missed; the stream
of all runs says `reset` when it cannot tell what was missed, and the watcher reads its lists anew.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from fastapi import APIRouter, Header, Query, Request, Response
from starlette.responses import StreamingResponse

from kapell.api.callers import needs
from kapell.api.history_routes import read_history
from kapell.api.live import Watcher
from kapell.api.log_routes import Stream, Task, Text
from kapell.api.parts import in_thread, parts_of
from kapell.api.run_routes import get_visible, note_read
from kapell.api.run_views import NumberedEvent
from kapell.engine.log_search import LogFilter
from kapell.engine.store import ENDED

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from kapell.api.parts import Parts
    from kapell.engine.store import LogLine, RunRecord

router = APIRouter(tags=["events"])

_HEARTBEAT_SECONDS = 15.0
_HEARTBEAT = b": still here\n\n"
_PAGE = 500
_MOST_DIGITS = 19
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {"description": "A stream of events.", "content": {"text/event-stream": {}}}
}

LastEventId = Annotated[
    str | None, Header(alias="Last-Event-ID", description="The id of the last event that was seen.")
]

After = Annotated[int | None, Query(ge=0, description="As `Last-Event-ID`, where headers cannot be set.")]


@router.get("/events", responses=_STREAM)
async def stream_events(
    request: Request, caller: Any = needs("run.read"), last_event_id: LastEventId = None, after: After = None
) -> Response:
    """Stream what happens to all runs that the caller may see, without their data."""
    parts = parts_of(request)
    return _stream(_watch_all(parts, Watcher(namespaces=caller.namespaces), _find_begin(last_event_id, after)))


@router.get("/runs/{run_id}/events", responses=_STREAM)
async def stream_run_events(
    request: Request,
    run_id: str,
    caller: Any = needs("run.read"),
    last_event_id: LastEventId = None,
    after: After = None,
) -> Response:
    """Stream a run's history from its beginning, or from where the watcher left off, until the run has ended."""
    parts = parts_of(request)
    record = await get_visible(parts, run_id, caller)
    begin = _find_begin(last_event_id, after) or 0
    with_data = caller.may("run.data", record.namespace)
    if with_data:
        await note_read(parts, caller, record)
    return _stream(_watch_run(parts, record, begin, with_data=with_data))


@router.get("/runs/{run_id}/log/events", responses=_STREAM)
async def stream_log(
    request: Request,
    run_id: str,
    caller: Any = needs("run.data"),
    last_event_id: LastEventId = None,
    after: After = None,
    text: Text = "",
    stream: Stream = None,
    task: Task = None,
) -> Response:
    """Stream the lines that a run's processes write, from the first or from where the watcher left off, to its end."""
    parts = parts_of(request)
    record = await get_visible(parts, run_id, caller)
    await note_read(parts, caller, record)
    where = LogFilter(text=text, stream=stream, task=task or None)
    return _stream(_follow_log(parts, run_id, where, _find_begin(last_event_id, after) or 0))


async def _watch_all(parts: Parts, watcher: Watcher, since: int | None) -> AsyncIterator[bytes]:
    with parts.live.watch(watcher):
        begin = parts.live.position
        missed = [] if since is None else parts.live.list_since(since, watcher)
        if missed is None:
            yield _encode(begin, "reset", {})
        for number, change in missed or ():
            yield _encode(number, "run", change)
        yield b"id: %d\n: welcome\n\n" % begin  # whoever is cut off before the first change resumes from here
        async for item in _follow(watcher):
            if item is None:
                yield _HEARTBEAT
            elif item[0] > begin:
                yield _encode(item[0], "run", item[1])


async def _watch_run(parts: Parts, record: RunRecord, after: int, *, with_data: bool) -> AsyncIterator[bytes]:
    watcher = Watcher(record.run_id)
    with parts.live.watch(watcher):
        while True:
            found: list[NumberedEvent] = await in_thread(read_history, parts, record, after, _PAGE, with_data)
            for event in found:
                yield _encode(event.seq, "event", event)
                after = event.seq
            if len(found) == _PAGE:
                continue
            if (await in_thread(parts.engine.store.get_record, record.run_id)).status in ENDED - {"faulted"}:
                yield _encode(after, "end", {})
                return
            async for item in _follow(watcher):
                if item is None:
                    yield _HEARTBEAT
                elif item[0] > after:
                    break  # there is something new: the history tells it as a sentence
            else:
                return


async def _follow_log(parts: Parts, run_id: str, where: LogFilter, after: int) -> AsyncIterator[bytes]:
    store = parts.engine.store
    with parts.live.watch_log(run_id) as news:
        while not parts.live.is_closed:
            news.clear()
            has_ended = (await in_thread(store.get_record, run_id)).status in ENDED
            await parts.engine.logbook.settle()
            lines: list[LogLine] = await in_thread(store.read_log, run_id, after_seq=after, limit=_PAGE)
            for line in where.choose(lines):
                yield _encode(line.seq, "line", line)
            if lines:
                after = lines[-1].seq
                yield b"id: %d\n: looked so far\n\n" % after  # whoever is cut off resumes from here
            if len(lines) == _PAGE:
                continue
            if has_ended:
                yield _encode(after, "end", {})
                return
            try:
                async with asyncio.timeout(_HEARTBEAT_SECONDS):
                    await news.wait()
            except TimeoutError:
                yield _HEARTBEAT


async def _follow(watcher: Watcher) -> AsyncIterator[tuple[int, Any] | None]:
    """Give what a watcher is told, and `None` now and then, so that a connection that is dead is noticed."""
    while True:
        try:
            item = await watcher.next(_HEARTBEAT_SECONDS)
        except TimeoutError:
            yield None
            continue
        if item is None:
            return
        yield item


def _encode(number: int, kind: str, data: Any) -> bytes:
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (number, kind.encode(), msgspec.json.encode(data))


def _find_begin(last_event_id: str | None, after: int | None) -> int | None:
    """Return what a stream is to go on after: a browser that reconnects sends both, and the header is newer."""
    text = last_event_id or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS else after


def _stream(source: AsyncIterator[bytes]) -> Response:
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(source, media_type="text/event-stream", headers=headers)
