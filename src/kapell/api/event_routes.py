"""Live events as server-sent events (WHATWG HTML, 9.2): of one run or its log, or of all that the caller may see.

A stream resumes with `Last-Event-ID`. A run's ids are the numbers of its history, so nothing is ever missed; the stream
of all runs says `reset` when it cannot tell what was missed, and the watcher reads its lists anew.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from kapell.api.callers import needs
from kapell.api.history_routes import read_history
from kapell.api.live import Watcher
from kapell.api.log_routes import Stream, Task, Text
from kapell.api.parts import in_thread, parts_of
from kapell.api.run_routes import get_visible, note_read
from kapell.api.run_views import NumberedEvent
from kapell.api.streams import (
    HEARTBEAT,
    HEARTBEAT_SECONDS,
    STREAM,
    After,
    LastEventId,
    encode_event,
    encode_place,
    find_begin,
    stream_out,
)
from kapell.engine.log_search import LogFilter
from kapell.engine.store import ENDED

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from kapell.api.parts import Parts
    from kapell.engine.store import LogLine, RunRecord

router = APIRouter(tags=["events"])

_PAGE = 500


@router.get("/events", responses=STREAM)
async def stream_events(
    request: Request, caller: Any = needs("run.read"), last_event_id: LastEventId = None, after: After = None
) -> Response:
    """Stream what happens to all runs that the caller may see, without their data."""
    parts = parts_of(request)
    return stream_out(_watch_all(parts, Watcher(namespaces=caller.namespaces), find_begin(last_event_id, after)))


@router.get("/runs/{run_id}/events", responses=STREAM)
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
    begin = find_begin(last_event_id, after) or 0
    with_data = caller.may("run.data", record.namespace)
    if with_data:
        await note_read(parts, caller, record)
    return stream_out(_watch_run(parts, record, begin, with_data=with_data))


@router.get("/runs/{run_id}/log/events", responses=STREAM)
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
    return stream_out(_follow_log(parts, run_id, where, find_begin(last_event_id, after) or 0))


async def _watch_all(parts: Parts, watcher: Watcher, since: int | None) -> AsyncIterator[bytes]:
    with parts.live.watch(watcher):
        begin = parts.live.position
        missed = [] if since is None else parts.live.list_since(since, watcher)
        if missed is None:
            yield encode_event(begin, "reset", {})
        for number, change in missed or ():
            yield encode_event(number, "run", change)
        yield encode_place(begin, "welcome")  # whoever is cut off before the first change resumes from here
        async for item in _follow(watcher):
            if item is None:
                yield HEARTBEAT
            elif item[0] > begin:
                yield encode_event(item[0], "run", item[1])


async def _watch_run(parts: Parts, record: RunRecord, after: int, *, with_data: bool) -> AsyncIterator[bytes]:
    watcher = Watcher(record.run_id)
    with parts.live.watch(watcher):
        while True:
            found: list[NumberedEvent] = await in_thread(read_history, parts, record, after, _PAGE, with_data)
            for event in found:
                yield encode_event(event.seq, "event", event)
                after = event.seq
            if len(found) == _PAGE:
                continue
            if (await in_thread(parts.engine.store.get_record, record.run_id)).status in ENDED - {"faulted"}:
                yield encode_event(after, "end", {})
                return
            async for item in _follow(watcher):
                if item is None:
                    yield HEARTBEAT
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
                yield encode_event(line.seq, "line", line)
            if lines:
                after = lines[-1].seq
                yield encode_place(after, "looked so far")  # whoever is cut off resumes from here
            if len(lines) == _PAGE:
                continue
            if has_ended:
                yield encode_event(after, "end", {})
                return
            try:
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    await news.wait()
            except TimeoutError:
                yield HEARTBEAT


async def _follow(watcher: Watcher) -> AsyncIterator[tuple[int, Any] | None]:
    """Give what a watcher is told, and `None` now and then, so that a connection that is dead is noticed."""
    while True:
        try:
            item = await watcher.next(HEARTBEAT_SECONDS)
        except TimeoutError:
            yield None
            continue
        if item is None:
            return
        yield item
