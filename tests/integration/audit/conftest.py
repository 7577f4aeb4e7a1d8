"""A log with several keys, heads and a redaction, as a database that tests copy and change."""

import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from kapell.audit import Actor, AuditEntry
from kapell.audit.evidence import make_evidence_url, open_evidence, read_log
from kapell.audit.service import open_audit_log
from kapell.audit.verifier import verify_log
from kapell.storage.server_database import ServerDatabase, make_sqlite_url

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


def fill(database, key_path):
    """Write some 200 records under seven heads and two keys, two of them redacted; return the log."""
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
    return log


def verify_sqlite(path, heads=()):
    with open_evidence(make_evidence_url(path)) as connection:
        return verify_log(read_log(connection), (lambda: iter(heads)) if heads else None)


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A log in one SQLite file (`path`), its heads, oldest first, and the file of its key."""
    folder = tmp_path_factory.mktemp("original")
    database = ServerDatabase(make_sqlite_url(folder / "server.db"))
    log = fill(database, folder / "audit.key")
    heads = log.list_heads(limit=100)[::-1]
    database.close()
    with closing(sqlite3.connect(folder / "server.db")) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    return SimpleNamespace(path=folder / "server.db", heads=heads, key_path=folder / "audit.key", verify=verify_sqlite)


@pytest.fixture
def copy(original, tmp_path):
    """A copy of the original's database."""
    return shutil.copy(original.path, tmp_path / "copy.db")
