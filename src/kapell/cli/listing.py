"""`kapell runs list`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, get_args

import msgspec

from kapell.cli import exits
from kapell.cli.output import draw_table, is_terminal, print_json, print_lines, say, say_time
from kapell.clock import SystemClock
from kapell.engine.store import RunStatus
from kapell.errors import UsageError
from kapell.kernel.events import to_micros
from kapell.language.problems import suggest
from kapell.language.spans import say_length

if TYPE_CHECKING:
    from datetime import datetime

    from kapell.cli.target import Target, WantedRuns
    from kapell.engine.store import RunRecord


def list_page(target: Target, wanted: WantedRuns, limit: int, *, as_json: bool) -> int:
    """Print a page of runs, the newest first. Raises `UsageError` for a status that there is not."""
    for status in wanted.statuses:
        _check_status(status)
    page = target.list_runs(wanted, limit)
    records = page.records
    if as_json:
        print_json([describe_record(record) for record in records])
        return exits.COMPLETED
    if not records:
        say("There are no such runs.")
        return exits.COMPLETED
    now = SystemClock().now()
    rows = [
        (
            record.run_id,
            record.status,
            f"{record.namespace}/{record.name}:{record.version}",
            say_time(record.created_at),
            _say_took(record, now),
            record.error or "",
        )
        for record in records
    ]
    print_lines(*draw_table(("run", "status", "workflow", "started", "took", "error"), rows, sys.stdout))
    if page.after is not None and is_terminal(sys.stdout):
        say(f"More: {target.advise('runs', 'list', '--after', page.after)}", "dim")
    return exits.COMPLETED


def describe_record(record: RunRecord) -> dict[str, Any]:
    """Return a run as `--json` prints it; what is not known of it is left out."""
    described: dict[str, Any] = msgspec.to_builtins(record)
    if not record.definition:
        del described["definition"]
    return described


def _check_status(status: str) -> None:
    known = get_args(RunStatus)
    if status not in known:
        likely = suggest(status, known)
        hint = f"Did you mean {likely}?" if likely else ""
        raise UsageError(f"There is no status {status}; there are {', '.join(known)}.", hint=hint)


def _say_took(record: RunRecord, now: datetime) -> str:
    return say_length(to_micros(record.ended_at or now) - to_micros(record.created_at))
