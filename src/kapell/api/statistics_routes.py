"""Statistics: how many runs started and ended how, how long they took, and whether that was so before."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime

from kapell.api.callers import needs
from kapell.api.parts import in_thread, parts_of
from kapell.api.run_filters import check_texts
from kapell.api.wire import answer, gives
from kapell.engine.counting import DAY, ENDS, HOUR, STARTED, read_duration
from kapell.engine.rows import EPOCH
from kapell.engine.store import CountFilter
from kapell.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kapell.engine.store import RunStore

router = APIRouter(tags=["runs"])

Level = Literal["namespace", "workflow", "version"]

_SPANS = {"hour": HOUR, "day": DAY}
_DEFAULT_BUCKETS = {"hour": 24, "day": 30}
_MOST_BUCKETS = 750


class Figures(msgspec.Struct, frozen=True):
    """What happened to runs in some time.

    A run that faulted, was repaired and completed has ended twice, and counts as both.

    Attributes:
        started: How many were started.
        completed: How many completed.
        faulted: How many faulted.
        cancelled: How many were cancelled.
        damaged: How many were closed since their history cannot be read.
        success_rate: Which share of those that completed or faulted completed, 0 to 1; null where there are none.
        p50_seconds: How long completed runs took from start to end, waits included: the median, within 10 %; null where
            there are none.
        p95_seconds: The same of the slowest twentieth.
    """

    started: int
    completed: int
    faulted: int
    cancelled: int
    damaged: int
    success_rate: float | None
    p50_seconds: float | None
    p95_seconds: float | None


class Bucket(msgspec.Struct, frozen=True):
    """An hour or a day."""

    begins_at: datetime
    figures: Figures


class SubjectFigures(msgspec.Struct, frozen=True):
    """What happened in the period to the runs of one namespace, workflow or version.

    Attributes:
        namespace: The namespace.
        name: The workflow; null where namespaces are told apart only.
        version: Its version; null where workflows are told apart only.
        figures: What happened.
    """

    namespace: str
    name: str | None
    version: str | None
    figures: Figures


class Statistics(msgspec.Struct, frozen=True):
    """What happened in a period of whole hours or days (of UTC).

    Attributes:
        since: The period's beginning.
        until: Its end.
        bucket_seconds: How long each bucket is.
        total: What happened in it.
        before: What happened in the period of the same length before.
        buckets: What happened in each hour or day, the oldest first, also where nothing did.
        subjects: What happened to whom, if `by` asks for it; most starts first.
    """

    since: datetime
    until: datetime
    bucket_seconds: int
    total: Figures
    before: Figures
    buckets: list[Bucket]
    subjects: list[SubjectFigures]


@router.get("/statistics", responses=gives(Statistics))
async def get_statistics(
    request: Request,
    caller: Any = needs("run.read"),
    bucket: Annotated[Literal["hour", "day"], Query(description="How long each count is.")] = "hour",
    since: Annotated[AwareDatetime | None, Query(description="Left out: 24 hours, or 30 days, before `until`.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Left out: now.")] = None,
    namespace: Annotated[str | None, Query(description="Only runs of workflows of this namespace.")] = None,
    name: Annotated[str | None, Query(description="Only workflows of this name.")] = None,
    version: Annotated[str | None, Query(description="Only this version.")] = None,
    by: Annotated[Level | None, Query(description="Also tell these apart.")] = None,
) -> Response:
    """Count the runs that the caller may see. The period is widened to whole hours or days."""
    parts = parts_of(request)
    check_texts(namespace, name, version)
    if namespace is not None:
        await caller.require(namespace)
    span = timedelta(seconds=_SPANS[bucket])
    begin, end = _choose_period(since, until, parts.clock.now(), span, _DEFAULT_BUCKETS[bucket])
    where = CountFilter(
        span_seconds=_SPANS[bucket],
        since=begin,
        until=end,
        namespace=namespace,
        namespaces=caller.namespaces,
        name=name,
        version=version,
    )
    return answer(await in_thread(make_statistics, parts.engine.store, where, by))


def _choose_period(
    since: datetime | None, until: datetime | None, now: datetime, span: timedelta, default: int
) -> tuple[datetime, datetime]:
    try:
        end = _round_up(until or now, span)
        begin = end - default * span if since is None else _round_up(since, span, is_down=True)
        _ = begin - (end - begin)  # the period before must exist, too
    except OverflowError as error:
        raise UsageError("The period reaches beyond what a calendar holds.") from error
    count = (end - begin) // span
    if not 1 <= count <= _MOST_BUCKETS:
        raise UsageError(
            f"The period has {count} buckets; 1 to {_MOST_BUCKETS} can be shown.",
            hint="`since` must lie before `until`; for long periods ask for `bucket=day`.",
        )
    return begin, end


def _round_up(at: datetime, span: timedelta, *, is_down: bool = False) -> datetime:
    rest = (at - EPOCH) % span
    return EPOCH + ((at - EPOCH) - rest + (timedelta() if is_down or not rest else span))


def make_statistics(store: RunStore, where: CountFilter, by: Level | None) -> Statistics:
    """Return the statistics of a period. Raises `StorageError`."""
    length, span = where.until - where.since, timedelta(seconds=where.span_seconds)
    buckets: dict[datetime, Counter[int]] = {}
    total: Counter[int] = Counter()
    before: Counter[int] = Counter()
    for each in store.count_runs(where):
        buckets.setdefault(each.begins_at, Counter())[each.what] = each.count
        total[each.what] += each.count
    for sums in store.count_by_subject(msgspec.structs.replace(where, since=where.since - length, until=where.since)):
        before[sums.what] += sums.count
    starts = [where.since + number * span for number in range(length // span)]
    return Statistics(
        since=where.since,
        until=where.until,
        bucket_seconds=where.span_seconds,
        total=_make_figures(total),
        before=_make_figures(before),
        buckets=[Bucket(at, _make_figures(buckets.get(at, {}))) for at in starts],
        subjects=[] if by is None else _list_subjects(store, where, by),
    )


def _list_subjects(store: RunStore, where: CountFilter, by: Level) -> list[SubjectFigures]:
    parts = {"namespace": 1, "workflow": 2, "version": 3}[by]
    found: dict[tuple[str, ...], Counter[int]] = {}
    for each in store.count_by_subject(msgspec.structs.replace(where, level=by)):
        subject = (each.namespace, each.name, each.version)[:parts]
        found.setdefault(subject, Counter())[each.what] += each.count
    rows = sorted(found.items(), key=lambda row: (-row[1][STARTED], row[0]))
    return [
        SubjectFigures(
            namespace=subject[0],
            name=subject[1] if parts > 1 else None,
            version=subject[2] if parts > 2 else None,  # noqa: PLR2004 -- the third part
            figures=_make_figures(counts),
        )
        for subject, counts in rows
    ]


def _make_figures(counts: Mapping[int, int]) -> Figures:
    ended = {status: counts.get(what, 0) for status, what in ENDS.items()}
    judged = ended["completed"] + ended["faulted"]
    durations = list_durations(counts)
    return Figures(
        started=counts.get(STARTED, 0),
        **ended,
        success_rate=ended["completed"] / judged if judged else None,
        p50_seconds=find_percentile(durations, 0.5),
        p95_seconds=find_percentile(durations, 0.95),
    )


def list_durations(counts: Mapping[int, int]) -> list[tuple[float, int]]:
    """Return how often runs took how many seconds, the shortest first."""
    return sorted((seconds, count) for what, count in counts.items() if (seconds := read_duration(what)) is not None)


def find_percentile(durations: list[tuple[float, int]], share: float) -> float | None:
    """Return the duration that `share` of all do not exceed."""
    left = share * sum(count for _, count in durations)
    for seconds, count in durations:
        left -= count
        if left <= 0:
            return float(f"{seconds:.3g}")  # more digits would promise what classes do not hold
    return None
