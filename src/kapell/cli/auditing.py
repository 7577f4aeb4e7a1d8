"""`kapell audit`: the log, read where it lies. Nothing but `rotate-key` changes anything."""

from __future__ import annotations

import sys
from collections import deque
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from kapell.audit import store
from kapell.audit.evidence import count_records, make_evidence_url, open_evidence, read_log, read_selection
from kapell.audit.findings import Finding
from kapell.audit.lines import StartLine, UnreadableLine, encode_line, read_export
from kapell.audit.model import DECISIONS, RecordFilter
from kapell.audit.operators import find_operator
from kapell.audit.proofs import Proof, check_proof, make_proof
from kapell.audit.verifier import verify_log
from kapell.audit.witnessed import read_heads
from kapell.cli import exits
from kapell.cli.output import colour, draw_table, is_terminal, print_json, print_lines, say, say_time
from kapell.clock import SystemClock
from kapell.errors import StorageError, UsageError
from kapell.settings import read_settings
from kapell.storage.data_folder import AUDIT_KEY, SERVER_DATABASE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import sqlalchemy as sa

    from kapell.audit.findings import Report
    from kapell.audit.model import AuditRecord, Head

_REDRAW_SECONDS = 0.1
_FOREVER = RecordFilter()


def verify_whole_log(
    data: Path | None,
    database: str | None,
    export: Path | None,
    head: Path | None,
    *,
    as_json: bool,
    quiet: bool,
) -> int:
    """Check the log of a folder, a database or an export, and say what is wrong.

    Raises:
        UsageError: More than one of them is named, or a file cannot be used.
        NotFoundError: There is no log.
        StorageError: The database cannot be read.
    """
    witnessed: Callable[[], Iterator[Head]] | None = None if head is None else lambda: read_heads(head)
    if export is not None:
        if data is not None or database is not None:
            raise UsageError("Name one log only: --data, --database or --export.")
        with _tell_progress(None, quiet=quiet) as tell:
            report = verify_log(read_export(export), witnessed, tell)
    else:
        with (
            _open_log(data, database) as connection,
            _tell_progress(count_records(connection), quiet=quiet) as tell,
        ):
            report = verify_log(read_log(connection), witnessed, tell)
    if as_json:
        print_json(report)
    else:
        _print_report(report, is_witnessed=head is not None)
    return exits.COMPLETED if report.is_verified else exits.FAULTED


def print_proof(data: Path | None, database: str | None, number: int, since: Path | None, *, reveals: bool) -> int:
    """Print the proof that the newest head covers a record.

    Raises:
        NotFoundError: There is no log, or no such record.
        ConflictError: No head covers it yet, or the log is older than the head in `since`.
    """
    newest = deque([] if since is None else read_heads(since), maxlen=1)
    older = newest[0] if newest else None
    with _open_log(data, database) as connection:
        print_json(make_proof(connection, number, since=older, reveals=reveals))
    return exits.COMPLETED


def check_proof_file(file: Path, head: Path | None, *, as_json: bool) -> int:
    """Check a proof, with the heads of a witness if there are any. Raises `UsageError` for what is no proof."""
    try:
        proof = msgspec.json.decode(file.read_bytes(), type=Proof)
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} is no proof: {error}.", hint="Make one with `kapell audit prove`.") from error
    faults = check_proof(proof, None if head is None else read_heads(head))
    public, said = proof.record.public, proof.head.statement
    if as_json:
        print_json({"holds": not faults, "faults": faults, "record": public, "head": said})
    else:
        print_lines(
            f"record {public.number}, {public.at}:",
            f"  {public.actor_id} {public.action} {public.target}, {public.decision}",
            f"head {said.number}, {said.at}:",
            f"  {said.size} records, signed by {said.key_id}",
            *(colour(fault, "red", sys.stdout) for fault in faults),
        )
        if not faults:
            print_lines(colour("The proof holds.", "green", sys.stdout))
        if head is None:
            say("No witnessed head was given: this shows what the key's owner signed. Name one with --head.", "dim")
    return exits.FAULTED if faults else exits.COMPLETED


def export_log(data: Path | None, database: str | None, where: RecordFilter) -> int:
    """Print the log, or what fits of it, as JSON lines. Raises `StorageError` for a row that is none of a log."""
    is_whole = where == _FOREVER
    with _open_log(data, database) as connection:
        sys.stdout.buffer.write(encode_line(StartLine(is_whole=is_whole)))
        for line in read_log(connection) if is_whole else read_selection(connection, where):
            if isinstance(line, Finding | UnreadableLine):
                found = line if isinstance(line, Finding) else line.finding
                raise StorageError(f"{found.place}: {found.text}", hint="See `kapell audit verify`.")
            sys.stdout.buffer.write(encode_line(line))
        sys.stdout.buffer.flush()
    return exits.COMPLETED


def list_page(
    data: Path | None, database: str | None, where: RecordFilter, limit: int, before: int | None, *, as_json: bool
) -> int:
    """Print a page of records, the newest first."""
    with _open_log(data, database) as connection:
        records = store.list_records(connection, where, limit=limit, before=before)
    if as_json:
        print_json(records)
        return exits.COMPLETED
    if not records:
        say("There are no such records.")
        return exits.COMPLETED
    rows = [_make_cells(record) for record in records]
    print_lines(*draw_table(("number", "at", "actor", "action", "decision", "from", "target"), rows, sys.stdout))
    if len(records) == limit and is_terminal(sys.stdout):
        say(f"More: --before {records[-1].number}", "dim")
    return exits.COMPLETED


def rotate_audit_key(data: Path | None, database: str | None, *, is_lost: bool) -> int:
    """Let a new key sign from now on.

    Raises:
        ConflictError: The server is running.
        AuditKeyError: The old key is not there, and it was not said to be lost.
    """
    from kapell.app import make_lock
    from kapell.audit.service import open_audit_log
    from kapell.storage.server_database import ServerDatabase, make_sqlite_url

    settings = read_settings(data=data, database=database)
    with _open_log(data, database):
        pass  # there is a log
    lock = make_lock(settings)
    lock.lock()
    try:
        server = ServerDatabase(settings.database or make_sqlite_url(settings.data / SERVER_DATABASE))
        log = open_audit_log(server, settings.data / AUDIT_KEY, SystemClock(), replaces_lost_key=is_lost)
        if not is_lost:
            log.rotate_key(find_operator())
        server.close()
    finally:
        lock.unlock()
    say(f"The key {log.key_id} signs from now on. Its public half:")
    print_lines(log.public_key.hex())
    return exits.COMPLETED


def make_filter(
    since: str | None,
    until: str | None,
    actor: str | None,
    action: str | None,
    target: str | None,
    namespace: str | None,
    decision: str | None,
) -> RecordFilter:
    """Return what options say of the records that are wanted. Raises `UsageError`."""
    chosen = next((known for known in DECISIONS if known == decision), None)
    if decision is not None and chosen is None:
        raise UsageError(f"There is no decision {decision}; there are {' and '.join(DECISIONS)}.")
    return RecordFilter(
        since=_read_time(since),
        until=_read_time(until),
        actor=actor,
        action=action,
        target=target,
        namespace=namespace,
        decision=chosen,
    )


def _read_time(text: str | None) -> datetime | None:
    try:
        return None if text is None else datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"{text!r} is no time.", hint="Write 2026-01-31, 2026-01-31T12:00, or 2026-01-31T12:00:00Z."
        ) from error


@contextmanager
def _open_log(data: Path | None, database: str | None) -> Iterator[sa.Connection]:
    if data is not None and database is not None:
        raise UsageError("Name one log only: --data or --database.")
    settings = read_settings(data=data, database=database)
    is_folder = data is not None or not settings.database
    url = make_evidence_url(settings.data / SERVER_DATABASE) if is_folder else settings.database
    with open_evidence(url) as connection:
        yield connection


@contextmanager
def _tell_progress(total: int | None, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """Give what shows a person, on a terminal, how many records have been checked."""
    if quiet or not is_terminal(sys.stderr):
        yield lambda _: None
        return
    clock, drawn = SystemClock(), [0.0]
    whole = "" if total is None else f" of {total:,}"

    def tell(count: int) -> None:
        if clock.monotonic() - drawn[0] >= _REDRAW_SECONDS:
            drawn[0] = clock.monotonic()
            sys.stderr.write(f"\r\x1b[2K{count:,}{whole} records checked")
            sys.stderr.flush()

    try:
        yield tell
    finally:
        sys.stderr.write("\r\x1b[2K")
        sys.stderr.flush()


def _print_report(report: Report, *, is_witnessed: bool) -> None:
    lines = [
        f"records: {report.records:,}, of which {report.redacted:,} redacted",
        f"heads:   {report.heads:,}; records up to {report.covered:,} are signed for",
        f"keys:    {', '.join(report.keys) or '-'}",
    ]
    if is_witnessed:
        lines.append(f"witness: records up to {report.witnessed:,} are what it saw")
    print_lines(*lines)
    for finding in report.findings:
        print_lines(f"{colour(finding.kind, 'red', sys.stdout)}: {finding.place}: {finding.text}")
    if report.finding_count > len(report.findings):
        print_lines(f"... and {report.finding_count - len(report.findings):,} more.")
    if report.is_verified:
        print_lines(colour("The log is as it was written.", "green", sys.stdout))
    if not is_witnessed:
        say("No witnessed head was given, so whoever has database and key could have rewritten it all.", "dim")
        say("Give one with --head.", "dim")


def _make_cells(record: AuditRecord) -> tuple[str, ...]:
    private = record.private
    name = f" ({private.actor_name})" if private is not None else " (redacted)"
    return (
        str(record.number),
        say_time(record.at),
        f"{record.actor_id}{name}",
        record.action,
        record.decision,
        "-" if private is None else private.origin,
        record.target,
    )
