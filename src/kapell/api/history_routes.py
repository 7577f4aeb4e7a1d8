"""The route of a run's history: what happened, in sentences, all of it or what a filter lets through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Query, Request, Response

from kapell.api.callers import needs
from kapell.api.paging import MOST, Limit, cut_page
from kapell.api.parts import in_thread, parts_of
from kapell.api.run_routes import get_visible, note_read
from kapell.api.run_views import NumberedEvent, view_event
from kapell.api.wire import Page, answer, gives
from kapell.errors import UsageError
from kapell.kernel.codec import decode_events
from kapell.kernel.events import AnyEvent
from kapell.kernel.references import is_within

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kapell.api.parts import Parts
    from kapell.engine.store import RunRecord
    from kapell.kernel.events import Event
    from kapell.kernel.narration import Sentence

router = APIRouter(tags=["runs"])

EVENT_TYPES: Final = frozenset(str(kind.__struct_config__.tag) for kind in AnyEvent.__args__)


class HistoryFilter(msgspec.Struct, frozen=True):
    """Which events of a history are meant; an empty filter means all.

    Attributes:
        types: Events of any of these types.
        task: The reference of a task: only events of it and of those within it.
        text: Only events whose sentence, or whose task's name, has this text, in whatever case.
        only_bad: Only events that tell of an error that was not caught there.
    """

    types: frozenset[str] = frozenset()
    task: str | None = None
    text: str = ""
    only_bad: bool = False

    def lets_through(self, told: Sentence) -> bool:
        """Tell whether an event is meant."""
        if (self.types and told.event not in self.types) or (self.only_bad and not told.is_bad):
            return False
        if self.task is not None and not is_within(told.reference, self.task):
            return False
        wanted = self.text.lower()
        return not wanted or wanted in told.text.lower() or wanted in told.name.lower()


_ALL = HistoryFilter()


@router.get("/runs/{run_id}/history", responses=gives(Page[NumberedEvent]))
async def list_history(
    request: Request,
    run_id: str,
    caller: Any = needs("run.read"),
    after: Annotated[int, Query(ge=0, le=MOST, description="Only events after this number.")] = 0,
    limit: Limit = 200,
    type: Annotated[  # noqa: A002 -- what it is called in events, too
        list[str], Query(description="Only events of this type, such as `task_faulted`, or of any of these.")
    ] = [],  # noqa: B006 -- never changed
    task: Annotated[str | None, Query(description="Only events of the task of this reference, and within it.")] = None,
    text: Annotated[
        str, Query(max_length=500, description="Only events with this in their sentence or task's name, in any case.")
    ] = "",
    only_bad: Annotated[
        bool, Query(description="Only events that tell of an error that was not caught there.")
    ] = False,
) -> Response:
    """List what happened to a run, in order."""
    parts = parts_of(request)
    record = await get_visible(parts, run_id, caller)
    with_data = caller.may("run.data", record.namespace)
    if unknown := sorted(set(type) - EVENT_TYPES):
        raise UsageError(
            f"There is no type of events `{unknown[0]}`.", hint=f"There are: {', '.join(sorted(EVENT_TYPES))}."
        )
    where = HistoryFilter(types=frozenset(type), task=task or None, text=text, only_bad=only_bad)
    if with_data:
        await note_read(parts, caller, record)
    events = await in_thread(read_history, parts, record, after, limit + 1, with_data, where)
    return answer(cut_page(events, limit, lambda event: event.seq))


def read_history(
    parts: Parts, record: RunRecord, after: int, limit: int, with_data: bool, where: HistoryFilter = _ALL
) -> list[NumberedEvent]:
    """Return events of a run's history that follow one, as many as asked for.

    Raises:
        DamagedHistoryError: There may be more, but the history cannot be read any further.
    """
    told: list[Sentence] = []
    with parts.narrated_runs.narrate(record) as run:
        for sentence in run.iter_sentences(after, with_data=with_data):
            if where.lets_through(sentence):
                told.append(sentence)
                if len(told) == limit:
                    break
        if run.damage is not None and len(told) < limit:
            raise run.damage
    events = _read_events(parts, record.run_id, [sentence.seq for sentence in told]) if with_data else {}
    return [view_event(sentence, events.get(sentence.seq)) for sentence in told]


def _read_events(parts: Parts, run_id: str, numbers: Sequence[int]) -> dict[int, Event]:
    """Return the events of these numbers, which are in order; rows that hold none of them are not decoded."""
    found: dict[int, Event] = {}
    if not numbers:
        return found
    store, wanted = parts.engine.store, set(numbers)
    for row in store.iter_history(run_id, numbers[0] - 1):
        span = range(row.first_seq, row.first_seq + row.count)
        if not wanted.isdisjoint(span):
            events = zip(span, decode_events(row.body, store.get_payload), strict=True)
            found.update((seq, event) for seq, event in events if seq in wanted)
        if span.stop > numbers[-1]:
            break
    return found
