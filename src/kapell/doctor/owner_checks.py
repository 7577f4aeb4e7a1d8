"""Who owns the runs, and whether they move."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kapell.doctor.model import NotExaminedError, fine, refuse, skip, warn
from kapell.doctor.rows import RUNS, SERVER
from kapell.engine.rows import from_microseconds, to_microseconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kapell.doctor.model import Verdict
    from kapell.doctor.patient import Patient
    from kapell.doctor.rows import Rows
    from kapell.settings import Settings

_LATE_MICROSECONDS = 5 * 60 * 1_000_000
_MOST_NAMED = 5


def find_owned(settings: Settings, rows: Rows) -> bool:
    """Tell whether somebody owns the runs now."""
    if not settings.database:
        return _is_locked(settings)
    with suppress(NotExaminedError):
        return bool(_find_lease(rows)) and _has_writer(rows)
    return False


def check_owner(patient: Patient) -> Iterator[Verdict]:
    """Say who owns the runs, and find a lock that nobody gave back."""
    if not patient.settings.database:
        pid, since = _read_lock(patient.settings)
        if patient.is_owned:
            yield fine(f"Process {pid or '?'} owns the runs, since {since or '?'}.")
        elif pid:
            yield fine(f"Nobody owns the runs; process {pid} has ended without giving them back, which does no harm.")
        else:
            yield fine("Nobody owns the runs: no server is running.")
        return
    lease = _find_lease(patient.rows)
    if not lease:
        yield fine("Nobody has owned the runs yet.")
        return
    name, until = lease
    is_running_out = until > to_microseconds(patient.clock.now())
    if patient.is_owned and is_running_out:
        yield fine(f"{name} owns the runs.")
    elif is_running_out:
        yield warn(
            f"{name} owned the runs and was lost; its lease ends at {from_microseconds(until):%H:%M:%S} UTC.",
            "The next `kapell up` waits for that, half a minute at most.",
        )
    elif patient.is_owned:
        yield refuse(
            f"{name} is connected and does not prolong its lease, which ended at {from_microseconds(until)}.",
            "Look into its log; if it hangs, end it and start it again.",
        )
    else:
        yield fine(f"Nobody owns the runs: no server is running ({name} was the last).")


def check_runs(patient: Patient) -> Iterator[Verdict]:
    """Find runs that are damaged, or that should have gone on."""
    damaged = patient.rows.ask(RUNS, "SELECT run_id FROM runs WHERE status = 'damaged' ORDER BY run_key")
    if damaged:
        named = ", ".join(run_id for (run_id,) in damaged[:_MOST_NAMED])
        yield refuse(
            f"{len(damaged)} runs are damaged: {named}{', ...' if len(damaged) > _MOST_NAMED else ''}.",
            "See `kapell why RUN`; restore a backup, or start them again.",
        )
    now = to_microseconds(patient.clock.now())
    ((unfinished,),) = patient.rows.ask(RUNS, "SELECT count(*) FROM runs WHERE ended_at IS NULL")
    late_since = now - _LATE_MICROSECONDS
    ((late,),) = patient.rows.ask(
        RUNS,
        f"SELECT count(*) FROM runs WHERE ended_at IS NULL AND parked_until < {late_since}",  # noqa: S608 -- a number
    )
    if late and patient.is_owned:
        yield warn(f"{late} runs should have gone on by now.", "Look into the server's log and at its load.")
    elif unfinished and not patient.is_owned:
        yield fine(f"{unfinished} runs wait for the next `kapell up`.")
    elif not damaged:
        yield fine(f"{unfinished} runs are under way, and none is stuck.")


def check_inbox(patient: Patient) -> Iterator[Verdict]:
    """Find commands that nobody obeys."""
    ((count, oldest),) = patient.rows.ask(RUNS, "SELECT count(*), min(created_at) FROM inbox")
    if not count:
        yield fine("No command waits.")
    elif not patient.is_owned:
        yield fine(f"{count} commands wait for the next `kapell up`.")
    elif oldest < to_microseconds(patient.clock.now()) - 60_000_000:
        yield warn(
            f"{count} commands wait, the oldest since {from_microseconds(oldest):%Y-%m-%d %H:%M:%S} UTC.",
            "The owner of the runs does not obey: look into its log.",
        )
    else:
        yield fine(f"{count} commands are about to be obeyed.")


def check_backups(patient: Patient) -> Iterator[Verdict]:
    """Find an installation that nobody backs up."""
    rows = patient.rows.ask(
        SERVER, "SELECT min(at), max(CASE WHEN action = 'backup.make' THEN at END) FROM audit_records"
    )
    first, last = rows[0]
    if first is None:
        yield skip("nothing has happened yet")
        return
    age = patient.clock.now() - from_microseconds(last or first)
    text = "No backup was made yet." if last is None else f"The last backup was made {age.days} days ago."
    if age.days > 7:  # noqa: PLR2004 -- a week
        yield warn(text, "See `kapell backup`; docs/how-to/backup.md shows how to make one each night.")
    else:
        yield fine(text)


def _is_locked(settings: Settings) -> bool:
    """Tell whether another process holds the folder's lock, without taking it."""
    try:
        descriptor = os.open(settings.data / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)


def _read_lock(settings: Settings) -> tuple[str, str]:
    path = settings.data / "lock"
    try:
        since = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        return path.read_text(encoding="ascii", errors="replace").strip(), f"{since:%Y-%m-%d %H:%M:%S} UTC"
    except OSError:
        return "", ""


def _find_lease(rows: Rows) -> tuple[str, int] | None:
    if rows.ask(RUNS, "SELECT 1 WHERE to_regclass('owner') IS NULL"):
        return None
    found = rows.ask(RUNS, "SELECT name, lease_until FROM owner")
    return (str(found[0][0]), int(found[0][1])) if found else None


def _has_writer(rows: Rows) -> bool:
    """Tell whether a server is connected that writes runs."""
    query = (
        "SELECT 1 FROM pg_stat_activity WHERE application_name LIKE 'kapell-writer-%' AND datname = current_database()"
    )
    return bool(rows.ask(RUNS, query))
