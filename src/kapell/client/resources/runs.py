"""Runs: start, list, look at, wait for, follow, command."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from kapell.client.calls import Call, Page
from kapell.client.errors import WaitTimeoutError
from kapell.client.following import Stream, make_reader
from kapell.client.operations import Resource, S, listing, operation, procedure, streaming
from kapell.client.steps import NOW, Pause
from kapell.client.wire import runs as wire
from kapell.client.wire.runs import (
    Explanation,
    Forked,
    LogLine,
    Missed,
    OverdueRuns,
    RepeatedEffect,
    Run,
    RunChange,
    RunDefinition,
    RunDetail,
    RunEvent,
)
from kapell.client.wire.tasks import RunTasks

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from datetime import datetime

    from kapell.client.sse import ServerSentEvent
    from kapell.client.steps import Step

T = TypeVar("T")

_KEY_BYTES = 16
_HELD_SECONDS = 30.0
"""How long one call waits for a run's end."""

_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 1.0

RepeatedEffects = list[RepeatedEffect]
"""Within the class, `list` is the method."""


class Runs(Resource[S]):
    """Runs of published workflows."""

    @operation
    def start(
        self,
        namespace: str,
        name: str,
        *,
        version: str | None = None,
        input: Any = None,  # noqa: A002 -- what it is called everywhere
        idempotency_key: str | None = None,
        wait_seconds: float = 0.0,
    ) -> Call[Run]:
        """Start a run of a published workflow, and return it when it is on disk.

        Args:
            namespace: The workflow's namespace.
            name: The workflow's name.
            version: Its version; the newest one that is not deprecated if it is left out.
            input: The raw input, a JSON value; an empty object if it is left out.
            idempotency_key: The same key starts one run only, for seven days. One is made for this call where none is
                given, so that the call can be repeated after a broken connection.
            wait_seconds: How long to wait for the run's end, up to 60.

        Raises:
            NotFoundError: There is no such workflow.
            ConflictError: It is deprecated, or the key was used for something else.
            UsageError: The input is too large, or the workflow cannot run yet.
        """
        return Call(
            method="POST",
            path="/runs",
            gives=Run,
            query={"wait": wait_seconds or None},
            body=wire.RunStart(namespace, name, version, {} if input is None else input),
            key=idempotency_key or secrets.token_hex(_KEY_BYTES),
            holds_seconds=wait_seconds,
        )

    @listing
    def list(  # noqa: PLR0913 -- as many as there are filters
        self,
        *,
        status: str | Sequence[str] | None = None,
        namespace: str | None = None,
        name: str | None = None,
        version: str | None = None,
        parent: str | None = None,
        top: bool = False,
        started_after: datetime | None = None,
        started_before: datetime | None = None,
        ended_after: datetime | None = None,
        ended_before: datetime | None = None,
        updated_after: datetime | None = None,
        updated_before: datetime | None = None,
        text: str | None = None,
        page_size: int = 100,
        cursor: str | None = None,
    ) -> Call[Page[Run]]:
        """Go through runs, the newest first; filters that are left out do not restrict.

        Args:
            status: Only runs of this status, or of any of these.
            namespace: Only runs of workflows of this namespace.
            name: Only runs of workflows of this name.
            version: Only runs of this version.
            parent: Only runs that this run started.
            top: Only runs that no other run started.
            started_after: Only runs that were started then or later; like the others, aware.
            started_before: Only runs that were started before.
            ended_after: Only runs that ended then or later.
            ended_before: Only runs that ended before.
            updated_after: Only runs that last changed their status then or later.
            updated_before: Only runs that last changed their status before.
            text: Only runs with these words, and "phrases" in quotes, in their input, name or error.
            page_size: How many are fetched at once.
            cursor: Where to begin: `next` of a page.
        """
        query = {
            "status": status,
            "namespace": namespace,
            "name": name,
            "version": version,
            "parent": parent,
            "top": top or None,
            "started_after": started_after,
            "started_before": started_before,
            "ended_after": ended_after,
            "ended_before": ended_before,
            "updated_after": updated_after,
            "updated_before": updated_before,
            "text": text,
            "limit": page_size,
            "cursor": cursor,
        }
        return Call(method="GET", path="/runs", gives=Page[Run], query=query)

    @operation
    def overdue(self, *, namespace: str | None = None, name: str | None = None, limit: int = 50) -> Call[OverdueRuns]:
        """Return unfinished runs that take more than twice as long as runs of their workflow usually do."""
        query = {"namespace": namespace, "name": name, "limit": limit}
        return Call(method="GET", path="/runs/overdue", gives=OverdueRuns, query=query)

    @operation
    def get(self, run_id: str, *, data: bool = True, wait_seconds: float = 0.0) -> Call[RunDetail]:
        """Return a run; with `wait_seconds` (up to 60) when it has ended, without `data` only where it stands."""
        return Call(
            method="GET",
            path="/runs/{run_id}",
            gives=RunDetail,
            at={"run_id": run_id},
            query={"data": None if data else False, "wait": wait_seconds or None},
            holds_seconds=wait_seconds,
        )

    @procedure
    def wait(self, run_id: str, *, timeout_seconds: float | None = None) -> Generator[Step, Any, RunDetail]:
        """Wait until a run has ended, and return it with its data; one that has faulted has ended, too.

        Args:
            run_id: The run.
            timeout_seconds: How long to wait at most, or `None` for as long as it takes.

        Raises:
            WaitTimeoutError: The run has not ended by then; it goes on.
        """
        began: float = yield NOW
        pause = _FIRST_PAUSE
        while True:
            now: float = yield NOW
            left = _HELD_SECONDS if timeout_seconds is None else began + timeout_seconds - now
            held = max(min(_HELD_SECONDS, left), 0.0)
            seen: RunDetail = yield Runs.get.describe(self, run_id, data=False, wait_seconds=held)
            if seen.run.has_ended:
                found: RunDetail = yield Runs.get.describe(self, run_id)
                return found
            if left <= 0:
                raise WaitTimeoutError(
                    f"Run {run_id} has not ended within {timeout_seconds:g} s: it is {seen.run.status}."
                )
            # A run that nothing moves, such as a suspended one, is answered at once.
            yield Pause(min(pause, left))
            pause = min(2 * pause, _LONGEST_PAUSE)

    @streaming
    def events(self, run_id: str, *, after: int = 0) -> Stream[RunEvent]:
        """Follow a run's history from its beginning, or from after an event, until the run has ended.

        A connection that breaks is made again, and goes on after the last event that came.
        """

        def ask(last: RunEvent) -> Call[Page[Any]] | None:
            # The server keeps the stream of a faulted run open: it may be repaired.
            if last.type != "run_faulted":
                return None
            return Runs.history.describe(self, run_id, after=last.seq, page_size=1)

        call = _follow_run("/runs/{run_id}/events", run_id, after, RunEvent)
        return Stream(call=call, read=make_reader("event", RunEvent), ask=ask)

    @streaming
    def watch(self, *, after: int | None = None) -> Stream[RunChange | Missed]:
        """Follow what happens to all runs that the caller may see, from now on, or from after a change.

        A connection that breaks is made again. Where the server cannot tell any more what was missed meanwhile, the
        iterator gives a `Missed`.
        """
        read_change = make_reader("run", RunChange)

        def read(event: ServerSentEvent) -> RunChange | Missed | None:
            return Missed() if event.kind == "reset" else read_change(event)

        return Stream(call=Call(method="GET", path="/events", gives=RunChange, query={"after": after}), read=read)

    @listing
    def history(
        self,
        run_id: str,
        *,
        after: int = 0,
        type: str | Sequence[str] | None = None,  # noqa: A002 -- what it is called everywhere
        task: str | None = None,
        text: str | None = None,
        only_bad: bool = False,
        page_size: int = 200,
    ) -> Call[Page[RunEvent]]:
        """Go through what has happened to a run so far, in order; filters that are left out do not restrict.

        Args:
            run_id: The run.
            after: Only events after this number.
            type: Only events of this type, such as `task_faulted`, or of any of these.
            task: Only events of the task of this reference, and of those within it.
            text: Only events with this in their sentence or in their task's name, in any case.
            only_bad: Only events that tell of an error that was not caught there.
            page_size: How many are fetched at once.
        """
        query = {
            "after": after or None,
            "type": type,
            "task": task,
            "text": text,
            "only_bad": only_bad or None,
            "limit": page_size,
        }
        return Call(
            method="GET",
            path="/runs/{run_id}/history",
            gives=Page[RunEvent],
            at={"run_id": run_id},
            query=query,
            cursor="after",
        )

    @listing
    def log(  # noqa: PLR0913 -- as many as there are filters
        self,
        run_id: str,
        *,
        after: int = 0,
        before: int | None = None,
        text: str | None = None,
        stream: str | None = None,
        task: str | None = None,
        until: datetime | None = None,
        page_size: int = 500,
    ) -> Call[Page[LogLine]]:
        """Go through the lines that a run's processes have written so far; filters that are left out do not restrict.

        Args:
            run_id: The run.
            after: Only lines after this number.
            before: In place of `after`: go back from before this number, page by page; the lines of a page are in
                order.
            text: Only lines with this text, in any case.
            stream: Only lines of `stdout`, `stderr` or `info`.
            task: Only lines of the task of this reference, and of those within it.
            until: Only lines that had been written by then; aware.
            page_size: How many are fetched at once.
        """
        query = {
            "after": after or None,
            "before": before,
            "text": text,
            "stream": stream,
            "task": task,
            "until": until,
            "limit": page_size,
        }
        return Call(
            method="GET",
            path="/runs/{run_id}/log",
            gives=Page[LogLine],
            at={"run_id": run_id},
            query=query,
            cursor="after" if before is None else "before",
        )

    @streaming
    def follow_log(
        self,
        run_id: str,
        *,
        after: int = 0,
        text: str | None = None,
        stream: str | None = None,
        task: str | None = None,
    ) -> Stream[LogLine]:
        """Follow the lines that a run's processes write, from the first or from after one, until the run has ended.

        A connection that breaks is made again, and goes on after the last line that came. The filters are those of
        `log`.
        """
        call = Call(
            method="GET",
            path="/runs/{run_id}/log/events",
            gives=LogLine,
            at={"run_id": run_id},
            query={"after": after or None, "text": text, "stream": stream, "task": task},
        )
        return Stream(call=call, read=make_reader("line", LogLine))

    @operation
    def state(self, run_id: str, *, at: int | None = None) -> Call[dict[str, Any]]:
        """Return the state that a run had after an event of its history, or has now."""
        return Call(
            method="GET",
            path="/runs/{run_id}/state",
            gives=dict[str, Any],
            at={"run_id": run_id},
            query={"at": at},
        )

    @operation
    def definition(self, run_id: str) -> Call[RunDefinition]:
        """Return the workflow that a run is made of."""
        return Call(method="GET", path="/runs/{run_id}/definition", gives=RunDefinition, at={"run_id": run_id})

    @operation
    def tasks(self, run_id: str, *, after: int = 0, page_size: int = 10_000) -> Call[RunTasks]:
        """Say what became of each task of a run, or of those that have changed since an event.

        Args:
            run_id: The run.
            after: `seq` of the answer before; 0 for all tasks.
            page_size: About how many at most; what is left out comes next, with `after` as the answer's `seq` says.
        """
        return Call(
            method="GET",
            path="/runs/{run_id}/tasks",
            gives=RunTasks,
            at={"run_id": run_id},
            query={"after": after or None, "limit": page_size},
        )

    @operation
    def why(self, run_id: str, *, task: str | None = None) -> Call[Explanation]:
        """Say why a run stands where it stands, or what became of a task."""
        return Call(
            method="GET", path="/runs/{run_id}/why", gives=Explanation, at={"run_id": run_id}, query={"task": task}
        )

    @operation
    def cancel(self, run_id: str, *, reason: str = "") -> Call[Run]:
        """End a run and everything that it has under way. Raises `ConflictError` if it has ended."""
        return _command(run_id, "cancel", wire.Asked(reason))

    @operation
    def suspend(self, run_id: str, *, reason: str = "") -> Call[Run]:
        """Start nothing more of a run; what is under way runs to its end."""
        return _command(run_id, "suspend", wire.Asked(reason))

    @operation
    def resume(self, run_id: str, *, reason: str = "") -> Call[Run]:
        """Let a suspended run go on."""
        return _command(run_id, "resume", wire.Asked(reason))

    @operation
    def retry(
        self,
        run_id: str,
        *,
        reference: str | None = None,
        input: Any = msgspec.UNSET,  # noqa: A002 -- what it is called everywhere
        reason: str = "",
    ) -> Call[Run]:
        """Try the failed task of a run again, or one around it, with another input if one is given."""
        return _command(run_id, "retry", wire.Retry(reference, input, reason))

    @operation
    def skip(self, run_id: str, *, output: Any = msgspec.UNSET, reason: str = "") -> Call[Run]:
        """Let the failed task of a run count as done, with this output if one is given."""
        return _command(run_id, "skip", wire.Skip(output, reason))

    @operation
    def preview_fork(self, run_id: str, reference: str) -> Call[RepeatedEffects]:
        """Say what a fork that begins at a task may do once more; nothing is begun."""
        return Call(
            method="GET",
            path="/runs/{run_id}/fork",
            gives=RepeatedEffects,
            at={"run_id": run_id},
            query={"reference": reference},
        )

    @operation
    def fork(self, run_id: str, reference: str) -> Call[Forked]:
        """Begin a new run that keeps the results which a run had before a task."""
        return Call(
            method="POST",
            path="/runs/{run_id}/fork",
            gives=Forked,
            at={"run_id": run_id},
            body=wire.Fork(reference),
        )


def _command(run_id: str, verb: str, body: msgspec.Struct) -> Call[Run]:
    return Call(method="POST", path=f"/runs/{{run_id}}/{verb}", gives=Run, at={"run_id": run_id}, body=body)


def _follow_run(path: str, run_id: str, after: int, gives: type[T]) -> Call[T]:
    return Call(method="GET", path=path, gives=gives, at={"run_id": run_id}, query={"after": after or None})
