"""What is looked at in restored installations."""

import sqlite3
from contextlib import closing

import msgspec

from kapell.audit.evidence import make_evidence_url, open_evidence, read_log
from kapell.audit.verifier import verify_log


def verify(settings):
    """Return what is wrong with the audit log."""
    url = settings.database or make_evidence_url(settings.data / "server.db")
    with open_evidence(url) as connection:
        return verify_log(read_log(connection), None).findings


def read_tables(folder, records=10):
    """Return the rows of all tables of a data folder, but for who owns the runs and the newest audit records."""
    found = {}
    for path in sorted(folder.glob("*.db")):
        with closing(sqlite3.connect(path)) as connection:
            names = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
            for name in names:
                where = f"WHERE number <= {records}" if name in {"audit_records", "audit_private"} else ""
                rows = connection.execute(f'SELECT * FROM "{name}" {where}').fetchall()  # noqa: S608 -- names of tables
                found[path.name, name] = sorted(map(msgspec.json.encode, rows))
    for left_out in (("runs.db", "owner"), ("server.db", "audit_tail")):
        found.pop(left_out)
    return {key: rows for key, rows in found.items() if key[0] != "search.db"}
