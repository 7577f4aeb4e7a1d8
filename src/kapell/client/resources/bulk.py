"""Many runs at once: commands for them, statistics of them, and the index that finds them by their words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from kapell.client.calls import Call, Page
from kapell.client.operations import Resource, S, listing, operation
from kapell.client.wire import bulk as wire
from kapell.client.wire.bulk import BulkOperation, BulkPreview, BulkTarget, SearchIndex, Statistics
from kapell.client.wire.tasks import TaskReport

if TYPE_CHECKING:
    from datetime import datetime

    from kapell.client.wire.runs import WantedRuns


class Bulk(Resource[S]):
    """Commands for many runs: previewed first, then started."""

    @operation
    def preview(
        self, action: str, runs: WantedRuns, *, reason: str = "", output: Any = msgspec.UNSET
    ) -> Call[BulkPreview]:
        """Find the runs that a command is to be given to, and show what it would do; nothing is done to them.

        Args:
            action: `cancel`, `suspend`, `resume`, `retry` or `skip`.
            runs: Which runs; at least one restriction.
            reason: Why; kept in the history and in the audit log.
            output: What counts as the failed task's output, for `skip`.
        """
        body = wire.BulkAsked(action, runs, reason, output)
        return Call(method="POST", path="/runs/bulk", gives=BulkPreview, body=body)

    @operation
    def start(self, bulk_id: str, *, expected: int) -> Call[BulkOperation]:
        """Give the command to the runs that a preview found; `expected` is how many it showed as `matched`."""
        return Call(
            method="POST",
            path="/bulk/{bulk_id}/start",
            gives=BulkOperation,
            at={"bulk_id": bulk_id},
            body=wire.BulkStart(expected),
        )

    @operation
    def get(self, bulk_id: str) -> Call[BulkOperation]:
        """Return an operation: how many runs have obeyed, have refused and are left."""
        return Call(method="GET", path="/bulk/{bulk_id}", gives=BulkOperation, at={"bulk_id": bulk_id})

    @operation
    def cancel(self, bulk_id: str) -> Call[BulkOperation]:
        """Stop an operation: runs that have not been seen to are left alone, what was done stays done."""
        return Call(method="POST", path="/bulk/{bulk_id}/cancel", gives=BulkOperation, at={"bulk_id": bulk_id})

    @listing
    def list(self, *, page_size: int = 100, cursor: str | None = None) -> Call[Page[BulkOperation]]:
        """Go through operations that were started, the newest first."""
        query = {"limit": page_size, "cursor": cursor}
        return Call(method="GET", path="/bulk", gives=Page[BulkOperation], query=query)

    @listing
    def runs(
        self, bulk_id: str, *, outcome: str | None = None, page_size: int = 200, cursor: str | None = None
    ) -> Call[Page[BulkTarget]]:
        """Go through the runs of an operation, and what became of each: `outcome` is `done` or `refused`."""
        return Call(
            method="GET",
            path="/bulk/{bulk_id}/runs",
            gives=Page[BulkTarget],
            at={"bulk_id": bulk_id},
            query={"outcome": outcome, "limit": page_size, "cursor": cursor},
        )


class RunStatistics(Resource[S]):
    """How many runs there were, how they ended, and how long they took."""

    @operation
    def get(
        self,
        *,
        bucket: str = "hour",
        since: datetime | None = None,
        until: datetime | None = None,
        namespace: str | None = None,
        name: str | None = None,
        version: str | None = None,
        by: str | None = None,
    ) -> Call[Statistics]:
        """Count the runs of a period, which is widened to whole hours or days.

        Args:
            bucket: `hour` or `day`.
            since: The period's beginning; 24 hours, or 30 days, before its end if it is left out.
            until: Its end; now if it is left out.
            namespace: Only runs of this namespace.
            name: Only runs of this workflow.
            version: Only runs of this version.
            by: `namespace`, `workflow` or `version`, to tell these apart.
        """
        query = {
            "bucket": bucket,
            "since": since,
            "until": until,
            "namespace": namespace,
            "name": name,
            "version": version,
            "by": by,
        }
        return Call(method="GET", path="/statistics", gives=Statistics, query=query)

    @operation
    def tasks(
        self,
        namespace: str,
        name: str,
        *,
        version: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 200,
    ) -> Call[TaskReport]:
        """Add up what became of the tasks of a workflow in the newest runs that have ended.

        Args:
            namespace: The workflow's namespace.
            name: The workflow's name.
            version: Only runs of this version.
            since: Only runs that were started then or later.
            until: Only runs that were started before.
            limit: How many runs at most, up to 1,000.
        """
        query = {
            "namespace": namespace,
            "name": name,
            "version": version,
            "since": since,
            "until": until,
            "limit": limit,
        }
        return Call(method="GET", path="/reports/tasks", gives=TaskReport, query=query)


class Search(Resource[S]):
    """The index that a search by text reads (`runs.list(text=...)`)."""

    @operation
    def get(self) -> Call[SearchIndex]:
        """Say how the index stands."""
        return Call(method="GET", path="/search-index", gives=SearchIndex)

    @operation
    def rebuild(self) -> Call[SearchIndex]:
        """Forget the index and make it anew in the background, the oldest runs first."""
        return Call(method="POST", path="/search-index/rebuild", gives=SearchIndex)
