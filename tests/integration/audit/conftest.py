"""A log with several keys, heads and a redaction, as a database that tests copy and change."""

import shutil
import sqlite3
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from kapell.audit import Actor, AuditEntry
from kapell.audit.evidence import make_evidence_url, open_evidence, read_log
from kapell.audit.service import open_audit_log
from kapell.audit.verifier import verify_log
from kapell.storage.server_database import ServerDatabase, make_sqlite_url

sys.path.insert(0, str(Path(__file__).parent))  # where `audit_forging` is

ANN = Actor("u-1", "Ann Example", "192.0.2.1")
BOB = Actor("u-2", "Bob", "198.51.100.7")


class HandClock:
    def __init__(self):
        self.moment = datetime(2026, 1, 31, 12, tzinfo=UTC)

    def now(self):
        self.moment += timedelta(seconds=1)
        return self.moment


def make_entries(first, count):
    for number in range(first, first + count):
        actor = (ANN, BOB)[number % 3 == 0]
        kind = ("workflow.publish", "run.start", "secret.write", "run.cancel")[number % 4]
        yield AuditEntry.by(
            actor,
            kind,
            f"thing/{number % 7}",
            namespace=(None, "shop", "billing")[number % 3],
            decision=("allowed", "denied")[number % 11 == 0],
            before_digest=None if number % 2 else f"{number:064x}",
            after_digest=None if number % 5 else f"{number * 3:064x}",
            reason=f"because {number}",
            details={"number": number},
        )


def fill(database, key_path, after_head=lambda: None):
    """Write 200 records under seven heads and two keys, two of them redacted; return the log."""
    log = open_audit_log(database, key_path, HandClock())
    first = 1
    for part, count in enumerate((20, 35, 1, 44, 30, 40, 27)):
        for entry in make_entries(first, count):
            log.record([entry])
        first += count
        if part == 2:
            log.redact(17, ANN, "asked for")
        if part == 3:
            log.rotate_key(ANN)
        if part == 5:
            log.redact(120, BOB, "asked for")
        log.make_head()
        after_head()
    return log


def verify_sqlite(path, heads=()):
    with open_evidence(make_evidence_url(path)) as connection:
        return verify_log(read_log(connection), (lambda: iter(heads)) if heads else None)


def save_state(database_path, path):
    """Back a database up as SQLite does, while it is in use, and return where to."""
    with closing(sqlite3.connect(database_path)) as source, closing(sqlite3.connect(path)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode = DELETE")
    return path


@pytest.fixture(scope="session")
def original(tmp_path_factory):
    """A log in a SQLite file: `path`, `key_path`, its `heads`, oldest first, and its `states` when each was made."""
    folder = tmp_path_factory.mktemp("original")
    path, states = folder / "server.db", []
    database = ServerDatabase(make_sqlite_url(path))
    log = fill(
        database,
        folder / "audit.key",
        lambda: states.append(save_state(path, folder / f"state-{len(states)}.db")),
    )
    heads = log.list_heads(limit=100)[::-1]
    database.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    return SimpleNamespace(path=path, heads=heads, states=states, key_path=folder / "audit.key", verify=verify_sqlite)


@pytest.fixture
def copy(original, tmp_path):
    """A copy of the original's database."""
    return Path(shutil.copy(original.path, tmp_path / "copy.db"))


@pytest.fixture(scope="session")
def fill_log():
    """Writes a log like the original into a database."""
    return fill


@pytest.fixture(name="make_entries")
def offer_entries():
    """Makes entries of many kinds."""
    return make_entries
