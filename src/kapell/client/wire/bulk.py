"""Commands for many runs, and statistics of them, as the API tells of them and takes them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from kapell.client.wire.runs import Run, WantedRuns


class ReasonCount(msgspec.Struct, frozen=True):
    """For how many runs a command was, or would be, refused with one reason."""

    reason: str
    count: int


class BulkPreview(msgspec.Struct, frozen=True):
    """What a bulk operation would do. It is kept for an hour, with the runs that it found.

    Attributes:
        bulk_id: Its id.
        action: The command that each run would be given.
        matched: How many runs match.
        would_refuse: How many of them would refuse, as they stand now.
        refusals: Why they would.
        sample: Some of the runs, the newest.
    """

    bulk_id: str
    action: str
    matched: int
    would_refuse: int
    refusals: list[ReasonCount]
    sample: list[Run]


class BulkOperation(msgspec.Struct, frozen=True):
    """A command for many runs.

    Attributes:
        bulk_id: Its id.
        state: `preview`, `running`, `completed` or `cancelled`.
        action: The command that each run is given.
        runs: Which runs were asked for.
        reason: Why.
        asked_by: Who asked.
        matched: How many runs it is about.
        done: How many have obeyed.
        refused: How many have not.
        left: How many have not been seen to yet.
        refusals: Why runs refused, the most frequent reasons first.
        created_at: When it was previewed.
        started_at: When it was started.
        ended_at: When it was over.
    """

    bulk_id: str
    state: str
    action: str
    runs: WantedRuns
    reason: str
    asked_by: str
    matched: int
    done: int
    refused: int
    left: int
    refusals: list[ReasonCount]
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


class BulkTarget(msgspec.Struct, frozen=True):
    """A run that a bulk operation is about.

    Attributes:
        number: Its number in the operation, from 1.
        run_id: The run.
        outcome: `done` or `refused`; `None` until it was seen to.
        reason: Why it was refused.
    """

    number: int
    run_id: str
    outcome: str | None = None
    reason: str = ""


class Figures(msgspec.Struct, frozen=True):
    """What happened to runs in some time.

    Attributes:
        started: How many were started.
        completed: How many completed.
        faulted: How many faulted.
        cancelled: How many were cancelled.
        damaged: How many were closed since their history cannot be read.
        success_rate: Which share of those that completed or faulted completed, 0 to 1.
        p50_seconds: How long completed runs took from start to end: the median.
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
    """What happened to the runs of one namespace, workflow or version."""

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
        buckets: What happened in each hour or day, the oldest first.
        subjects: What happened to whom, if that was asked for; most starts first.
    """

    since: datetime
    until: datetime
    bucket_seconds: int
    total: Figures
    before: Figures
    buckets: list[Bucket]
    subjects: list[SubjectFigures]


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


# -- bodies ------------------------------------------------------------------------------------------------------------


class BulkAsked(msgspec.Struct, frozen=True):
    """What is to be done to many runs."""

    action: str
    runs: WantedRuns
    reason: str = ""
    output: Any = msgspec.UNSET


class BulkStart(msgspec.Struct, frozen=True):
    """That a preview was read."""

    expected: int
