"""A PostgreSQL database: whether it can be reached, keeps what it says, and has room."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kapell.doctor.model import NotExaminedError, fine, refuse, warn
from kapell.doctor.rows import SERVER
from kapell.doctor.sqlite_checks import judge_revision
from kapell.engine.maintenance.lease import LEASE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kapell.doctor.model import Verdict
    from kapell.doctor.patient import Patient

_OLDEST = 14_00_00
_NEEDED_CONNECTIONS = 20
_DIFFERENT_SECONDS = 1.0
_DURABLE = {
    "fsync": "A crash of the machine may destroy the database",
    "full_page_writes": "A crash of the machine may destroy the database",
    "synchronous_commit": "Commits of other programs may be lost; Kapell asks for its own to be kept",
}


def check_server(patient: Patient) -> Iterator[Verdict]:
    """Find a server that cannot be reached, is too old, cannot be written to, or is not encrypted on its way."""
    _need_postgres(patient)
    try:
        ((number, version, standby, encoding),) = patient.rows.ask(
            SERVER,
            "SELECT current_setting('server_version_num')::int, current_setting('server_version'), "
            "pg_is_in_recovery(), current_setting('server_encoding')",
        )
    except NotExaminedError as error:
        yield refuse(f"The database cannot be used: {error}", "Check its URL, and that its server runs.")
        return
    if number < _OLDEST:
        yield refuse(f"The server is PostgreSQL {version}.", "Use PostgreSQL 14 or newer.")
    elif standby:
        yield refuse("The server is a standby: nothing can be written to it.", "Name the primary server.")
    elif encoding != "UTF8":
        yield refuse(f"The database has the encoding {encoding}.", "Make one with `CREATE DATABASE ... ENCODING UTF8`.")
    else:
        yield fine(f"PostgreSQL {version} answers.")
    yield from _check_encryption(patient)


def check_durability(patient: Patient) -> Iterator[Verdict]:
    """Find a server that loses what it said it kept."""
    _need_postgres(patient)
    is_durable = True
    for name, means in _DURABLE.items():
        ((value,),) = patient.rows.ask(SERVER, f"SELECT current_setting('{name}')")
        if value in {"off", "local"}:
            is_durable = False
            verdict = warn if name == "synchronous_commit" else refuse
            yield verdict(f"{name} is {value} on the database's server. {means}.", f"Set {name} = on there.")
    if is_durable:
        yield fine("The database's server keeps what it has committed.")


def check_connections(patient: Patient) -> Iterator[Verdict]:
    """Find a server that will run out of connections."""
    _need_postgres(patient)
    ((most, reserved, used),) = patient.rows.ask(
        SERVER,
        "SELECT current_setting('max_connections')::int, current_setting('superuser_reserved_connections')::int, "
        "(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')",
    )
    left = most - reserved - used
    text = f"The database's server has {left} of {most} connections left."
    # A running server has its connections already.
    if left < (1 if patient.is_owned else _NEEDED_CONNECTIONS):
        yield warn(text, f"Kapell takes up to {_NEEDED_CONNECTIONS}: raise max_connections, or end other programs.")
    else:
        yield fine(text)


def check_clocks(patient: Patient) -> Iterator[Verdict]:
    """Find clocks that differ: who owns the runs, and since when, is written by this machine's."""
    _need_postgres(patient)
    before = patient.clock.now()
    ((theirs,),) = patient.rows.ask(SERVER, "SELECT extract(epoch FROM clock_timestamp())::float8")
    ours = before + (patient.clock.now() - before) / 2
    seconds = abs((datetime.fromtimestamp(theirs, UTC) - ours).total_seconds())
    text = f"This machine's clock and the database's differ by {seconds:,.1f} s."
    if seconds > LEASE_SECONDS:
        yield refuse(text, "Let both machines take the time from the same servers (NTP).")
    elif seconds > _DIFFERENT_SECONDS:
        yield warn(text, "Let both machines take the time from the same servers (NTP).")
    else:
        yield fine(text)


def check_tables(patient: Patient) -> Iterator[Verdict]:
    """Find tables of another Kapell."""
    _need_postgres(patient)
    if patient.rows.ask(SERVER, "SELECT 1 WHERE to_regclass('alembic_version') IS NULL"):
        yield fine("The database is empty; the first `kapell up` makes its tables.")
        return
    found = patient.rows.ask(SERVER, "SELECT version_num FROM alembic_version")
    yield judge_revision([(str(text),) for (text,) in found], "the database")


def _check_encryption(patient: Patient) -> Iterator[Verdict]:
    ((is_encrypted, is_remote),) = patient.rows.ask(
        SERVER,
        "SELECT coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false), "
        "coalesce(host(inet_client_addr()) NOT LIKE '127.%' AND host(inet_client_addr()) <> '::1', false)",
    )
    if is_remote and not is_encrypted:
        yield warn(
            "What goes between here and the database's server can be read on its way.",
            "Add `?sslmode=verify-full` to its URL, and let the server speak TLS.",
        )


def _need_postgres(patient: Patient) -> None:
    if not patient.settings.database:
        raise NotExaminedError("the data is in SQLite")
