"""`kapell runs list` and `kapell runs prune`."""

from __future__ import annotations

import re
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any, get_args

import msgspec

from kapell.app import own_store
from kapell.cli import exits
from kapell.cli.folder import read_store
from kapell.cli.output import draw_table, is_terminal, print_json, print_lines, say, say_time
from kapell.clock import SystemClock
from kapell.engine.store import RunStatus
from kapell.errors import UsageError
from kapell.kernel.events import to_micros
from kapell.language.duration import parse_duration
from kapell.language.problems import suggest
from kapell.language.spans import say_length

if TYPE_CHECKING:
    from datetime import datetime

    from kapell.cli.target import Target, WantedRuns
    from kapell.engine.store import RunRecord
    from kapell.settings import Settings

_LEASE_SECONDS = 30.0
_PRUNED_AT_ONCE = 200
_SHORT_LENGTH = re.compile(r"(\d+(?:\.\d+)?)(s|m|h|d|w)")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


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


def prune_runs(settings: Settings, older_than: str, *, as_json: bool) -> int:
    """Delete runs that ended so long ago, and say how many.

    Raises:
        UsageError: The length cannot be read.
        ConflictError: Another process owns the folder; it prunes by itself where `retention_days` is set.
    """
    clock = SystemClock()
    before = clock.now() - read_length(older_than)
    with read_store(settings):
        pass
    count = 0
    with own_store(settings) as store:
        epoch = store.acquire("kapell runs prune", clock.now(), _LEASE_SECONDS)
        while pruned := store.prune(epoch, before, limit=_PRUNED_AT_ONCE):
            count += pruned
            store.renew(epoch, clock.now(), _LEASE_SECONDS)
    if as_json:
        print_json({"pruned": count})
    else:
        say(f"{count} {'run was' if count == 1 else 'runs were'} deleted.")
    return exits.COMPLETED


def read_length(text: str) -> timedelta:
    """Return a length of time such as `30d`, `12h` or `P1W`. Raises `UsageError`."""
    match = _SHORT_LENGTH.fullmatch(text.strip().lower())
    try:
        if match is not None:
            return timedelta(**{_UNITS[match[2]]: float(match[1])})
        return parse_duration(text)
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"{text!r} is no length of time.", hint="Write 30d, 12h, 10m or ISO 8601 such as P1W."
        ) from error
