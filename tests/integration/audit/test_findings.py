"""Each kind of change, told exactly: what, and where."""

import sqlite3
from contextlib import closing

import pytest
import sqlalchemy as sa
from audit_forging import Forger

CHANGES = [
    ("UPDATE audit_records SET target = 'x' WHERE number = 50", [("edited", "record 50")]),
    ("UPDATE audit_records SET previous = hash WHERE number = 50", [("edited", "record 50")]),
    (
        "UPDATE audit_records SET hash = previous WHERE number = 50",
        [("edited", "record 50"), ("not_witnessed", "records 1-200")],
    ),
    ("UPDATE audit_records SET at = 'abc' WHERE number = 50", [("edited", "record 50")]),
    ("UPDATE audit_records SET actor_id = CAST(x'ff' AS TEXT) WHERE number = 50", [("edited", "record 50")]),
    ("UPDATE audit_private SET body = '{}' WHERE number = 50", [("edited", "record 50")]),
    ("UPDATE audit_private SET salt = zeroblob(32) WHERE number = 50", [("edited", "record 50")]),
    ("UPDATE audit_private SET body = x'ff' WHERE number = 50", [("edited", "record 50")]),
    ("DELETE FROM audit_private WHERE number = 50", [("deleted", "record 50")]),
    (
        "INSERT INTO audit_private VALUES (17, zeroblob(32), x'7b7d')",
        [("edited", "record 17"), ("inserted", "record 17")],
    ),
    (
        "DELETE FROM audit_records WHERE number IN (50, 51); DELETE FROM audit_private WHERE number IN (50, 51)",
        [("deleted", "records 50-51"), ("not_witnessed", "records 1-200")],
    ),
    ("DELETE FROM audit_heads WHERE number = 3", [("deleted", "head 4")]),
    ("DELETE FROM audit_heads WHERE number = 7", [("deleted", "head 7")]),
    ("UPDATE audit_heads SET at = at + 1 WHERE number = 7", [("bad_signature", "head 7"), ("deleted", "head 7")]),
    ("UPDATE audit_heads SET peaks = x'00' WHERE number = 3", [("edited", "head 3")]),
    ("DELETE FROM audit_tail", [("deleted", "last record")]),
    ("UPDATE audit_tail SET number = 199", [("bad_signature", "last record")]),
    ("UPDATE audit_keys SET endorsement = x''", [("edited", "key 2")]),
    ("UPDATE audit_keys SET is_endorsed = 7 WHERE number = 1", [("edited", "key 1"), ("deleted", "key 2")]),
    (
        """DELETE FROM audit_private WHERE number > 190; DELETE FROM audit_records WHERE number > 190;
        DELETE FROM audit_heads WHERE size > 190""",
        [("truncated", "records 191-200"), ("truncated", "records 191-200")],
    ),
]


@pytest.mark.parametrize(("change", "expected"), CHANGES, ids=[change[:70] for change, _ in CHANGES])
def test_what_was_done_is_told(original, copy, change, expected):
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.executescript(change)
    found = original.verify(copy, original.heads[-1:]).findings
    assert [(finding.kind, finding.place) for finding in found][: len(expected)] == expected
    if expected[0][1] != "key 1":  # without the first key nothing that it signed holds
        assert len(found) == len(expected), found


def test_records_that_moved_are_told_by_where_they_were_written(original, copy):
    statements = """DELETE FROM {0} WHERE number = 60; UPDATE {0} SET number = 1 - number WHERE number > 60;
        UPDATE {0} SET number = -number WHERE number < 0"""
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        for table in ("audit_records", "audit_private"):
            connection.executescript(statements.format(table))
    found = original.verify(copy, original.heads[-1:]).findings
    assert (found[0].kind, found[0].place, found[0].text) == (
        "reordered",
        "record 60",
        "It was written as record 61.",
    )


def test_only_the_first_hundred_findings_are_kept(original, copy):
    with closing(sqlite3.connect(copy)) as connection:
        connection.executescript("UPDATE audit_records SET target = 'x'")
    report = original.verify(copy)
    assert (report.finding_count, len(report.findings)) == (200, 100)


def test_a_witness_that_saw_two_logs_tells(original):
    heads = original.heads
    report = original.verify(original.path, [*heads[:4], heads[2], *heads[4:]])
    assert [(finding.kind, finding.place) for finding in report.findings] == [("forked", "witnessed head 3")]


def test_all_heads_of_a_witness_are_compared(original):
    report = original.verify(original.path, original.heads)
    assert (report.is_verified, report.witnessed) == (True, 200)


def test_a_record_that_was_made_whole_again_is_told_by_the_one_after_it(original, copy):
    engine = sa.create_engine(f"sqlite:///{copy}", poolclass=sa.NullPool)
    with engine.begin() as connection:
        forger = Forger(connection, None)
        row = forger.records[49]
        row["actor_id"] = "u-9"
        forger.rehash(row, row["previous"])
        forger.write(connection)
    found = original.verify(copy, original.heads[-1:]).findings
    assert [(finding.kind, finding.place) for finding in found] == [
        ("reordered", "record 51"),
        ("not_witnessed", "records 1-200"),
    ]
