"""Copies that are as good as the original: vacuumed, backed up, dumped and restored."""

import sqlite3
from contextlib import closing
from pathlib import Path

from kapell.audit.service import open_audit_log
from kapell.clock import SystemClock
from kapell.storage.server_database import ServerDatabase, make_sqlite_url


def test_a_vacuumed_copy_verifies(original, copy):
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("PRAGMA page_size = 8192")
        connection.execute("VACUUM")
    assert original.verify(copy, original.heads).is_verified


def test_a_backup_verifies(original, tmp_path):
    with closing(sqlite3.connect(original.path)) as source, closing(sqlite3.connect(tmp_path / "b.db")) as target:
        source.backup(target)
    assert original.verify(tmp_path / "b.db", original.heads).is_verified


def test_a_dump_that_was_restored_verifies(original, tmp_path):
    with closing(sqlite3.connect(original.path)) as source, closing(sqlite3.connect(tmp_path / "d.db")) as target:
        target.executescript("\n".join(source.iterdump()))
    assert original.verify(tmp_path / "d.db", original.heads).is_verified


def test_a_restored_log_goes_on_and_the_witness_sees_what_was_lost(original, make_entries, tmp_path):
    path = tmp_path / "restored.db"
    path.write_bytes(Path(original.states[4]).read_bytes())
    key_path = tmp_path / "audit.key"
    key_path.write_bytes(original.key_path.read_bytes())
    key_path.chmod(0o600)
    database = ServerDatabase(make_sqlite_url(path))
    log = open_audit_log(database, key_path, SystemClock())
    log.record(list(make_entries(1000, 100)))
    log.make_head()
    database.close()
    assert original.verify(path, original.heads[:5]).is_verified
    report = original.verify(path, original.heads)
    assert ("not_witnessed", "records 133-173") in [(finding.kind, finding.place) for finding in report.findings]
