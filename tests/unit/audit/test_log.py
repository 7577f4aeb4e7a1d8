"""Adding to the log, signing it, erasing from it, reading it."""

from contextlib import suppress

import pytest
import sqlalchemy as sa

from kapell.audit import Actor, AuditLog, store
from kapell.audit.encoding import encode_statement
from kapell.audit.errors import AuditDamagedError
from kapell.audit.keys import Signer, is_signed
from kapell.audit.merkle import compute_root
from kapell.audit.model import RecordFilter
from kapell.errors import ConflictError, NotFoundError


def test_records_are_numbered_without_a_gap_and_follow_one_another(log, database, make):
    assert log.record([make.entry(1), make.entry(2)]) == [1, 2]
    assert log.record([make.entry(3)]) == [3]
    with database.read() as connection:
        rows = connection.execute(sa.text("SELECT number, previous, hash FROM audit_records ORDER BY number")).all()
    assert [row.number for row in rows] == [1, 2, 3]
    assert rows[0].previous == bytes(32)
    assert [row.previous for row in rows[1:]] == [row.hash for row in rows[:-1]]


def test_a_record_says_all_that_was_handed_in(log, make):
    details = {"β": [1, 2.5, None, {"x": True}]}
    entry = make.entry(1, decision="denied", reason="No leave.", before_digest="aa", after_digest="bb", details=details)
    log.record([entry])
    record = log.get_record(1)
    assert (record.actor_id, record.action, record.target) == ("u-1", "workflow.publish", "workflow/shop/order@1.0.1")
    assert (record.namespace, record.decision, record.before_digest, record.after_digest) == (
        "shop",
        "denied",
        "aa",
        "bb",
    )
    assert (record.private.actor_name, record.private.origin, record.private.reason) == (
        "Ann Example",
        "192.0.2.1",
        "No leave.",
    )
    assert record.private.details == details
    assert f"{record.at:%H:%M:%S}" == "12:00:02"


def test_a_record_is_undone_with_the_transaction_that_it_tells_of(log, database, clock, make):
    log.record([make.entry(1)])
    with suppress(RuntimeError), database.write() as connection:
        assert log.append(connection, make.entry(2), clock.now()) == 2
        raise RuntimeError
    with database.write() as connection:
        assert log.append(connection, make.entry(3), clock.now()) == 2
    assert log.get_record(2).target.endswith(".3")


@pytest.mark.parametrize("text", ["a\0b", "half \ud83d of a pair", "x" * 5000, "😀"])
def test_texts_that_a_database_would_refuse_are_mended(log, make, text):
    actor = Actor(text, text, text)
    log.record([type(make.entry()).by(actor, text, text, namespace=text, reason=text, details={text: [text]})])
    record = log.get_record(1)
    assert len(record.target) <= 1000
    assert ("😀" in record.target) == ("😀" in text)
    assert record.target.isprintable()
    assert record.private is not None


def test_what_json_has_no_form_for_is_written_as_text(log, make):
    log.record([make.entry(1, details={"what": object, "many": {1, 2}})])
    assert log.get_record(1).private.details == {"what": "<class 'object'>", "many": [1, 2]}


def test_a_head_covers_all_records_and_is_signed(log, make):
    assert log.make_head() is None
    log.record([make.entry(number) for number in range(5)])
    first = log.make_head()
    assert log.make_head() is None
    log.record([make.entry(6)])
    second = log.make_head()
    assert [(head.statement.number, head.statement.size) for head in (first, second)] == [(1, 5), (2, 6)]
    for head in (first, second):
        assert is_signed(log.public_key, encode_statement(head.statement), bytes.fromhex(head.signature))
    assert log.list_heads(limit=1) == [second]
    assert log.list_heads(limit=5, before=2) == [first]


def test_the_root_does_not_depend_on_when_heads_were_made(log, database, make):
    for size in (3, 1, 9, 8):
        log.record([make.entry(number) for number in range(size)])
        at_last = log.make_head()
    with database.write() as connection:
        connection.execute(sa.text("DELETE FROM audit_heads"))
    assert log.make_head().statement.root == at_last.statement.root


def test_records_and_heads_are_added_while_a_head_reads_its_thousands(log, make, monkeypatch):
    log.record([make.entry(number) for number in range(5)])
    others = [lambda: log.record([make.entry(6)]), log.make_head, lambda: log.record([make.entry(7)])]

    def iter_slowly(*where, iter_hashes=store.iter_hashes):
        meanwhile = others[:]
        others.clear()
        for do in meanwhile:
            do()  # would wait for the lock until it fails, if the head held it
        yield from iter_hashes(*where)

    monkeypatch.setattr(store, "iter_hashes", iter_slowly)
    head = log.make_head()
    assert (head.statement.number, head.statement.size) == (2, 7)
    monkeypatch.undo()
    with log._database.read() as connection:
        leaves = list(store.iter_leaves(connection, 0, 7))
    assert head.statement.root == compute_root(leaves).hex()


def test_redaction_erases_and_is_recorded(log, database, make):
    log.record([make.entry(1), make.entry(2, details={"mail": "ann@example.com"})])
    before = log.get_record(2)
    assert log.redact(2, make.ann, "She asked for it.") == 3
    after = log.get_record(2)
    assert after.private is None
    assert after.hash == before.hash
    record = log.get_record(3)
    assert (record.action, record.target, record.redacts) == ("audit.redact", "audit/2", 2)
    assert record.private.reason == "She asked for it."
    with pytest.raises(ConflictError, match="before"):
        log.redact(2, make.ann, "")
    for number in (0, 4, 99):
        with pytest.raises(NotFoundError):
            log.redact(number, make.ann, "")
    with database.read() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM audit_records")).scalar() == 3


def test_pages_are_newest_first_and_filters_restrict(log, make):
    log.record([make.entry(number) for number in range(1, 11)])
    bob = Actor("u-2", "Bob", "cli")
    log.record([type(make.entry()).by(bob, "run.start", "run/100%", decision="denied")])
    first = log.list_records(RecordFilter(), limit=4)
    assert [record.number for record in first] == [11, 10, 9, 8]
    assert [record.number for record in log.list_records(RecordFilter(), limit=4, before=8)] == [7, 6, 5, 4]
    for where, numbers in (
        (RecordFilter(actor="u-2"), [11]),
        (RecordFilter(action="workflow.*", target="workflow/shop/order@1.0.1*"), [10, 1]),
        (RecordFilter(target="run/100%*"), [11]),
        (RecordFilter(target="run/1%"), []),
        (RecordFilter(namespace="shop", decision="denied"), []),
        (RecordFilter(decision="denied"), [11]),
        (RecordFilter(since=first[0].at), [11]),
        (RecordFilter(until=first[0].at, action="run.start"), []),
    ):
        assert [record.number for record in log.list_records(where, limit=50)] == numbers, where


def test_two_processes_with_the_same_key_write_in_turn(database, clock, make):
    signer = Signer.generate()
    one, other = AuditLog(database, signer, clock), AuditLog(database, signer, clock)
    assert [log.record([make.entry(1)])[0] for log in (one, other, one, one, other)] == [1, 2, 3, 4, 5]
    assert one.make_head().statement.size == 5
    assert len(one.list_keys()) == 1


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_tail SET number = 1, hash = (SELECT hash FROM audit_records WHERE number = 1)",
        "UPDATE audit_tail SET signature = x'00'",
        "UPDATE audit_tail SET key_id = 'other'",
        "DELETE FROM audit_tail",
    ],
)
def test_nothing_is_added_after_a_last_record_that_is_not_signed(log, database, make, change):
    log.record([make.entry(1), make.entry(2)])
    with database.write() as connection:
        connection.execute(sa.text(change))
    log._seen = b""
    with pytest.raises(AuditDamagedError, match="changed from outside"):
        log.record([make.entry(3)])


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_records SET hash = previous WHERE number = 6",
        "DELETE FROM audit_private; UPDATE audit_records SET number = number + 10 WHERE number = 7",
        "UPDATE audit_records SET previous = hash WHERE number = 6",
        "DELETE FROM audit_private; DELETE FROM audit_records WHERE number = 7",
        "UPDATE audit_heads SET peaks = x'00'",
        "UPDATE audit_heads SET root = (SELECT hash FROM audit_records WHERE number = 1)",
        "UPDATE audit_heads SET at = at + 1",
    ],
)
def test_no_head_is_signed_over_what_does_not_hang_together(log, database, make, change):
    log.record([make.entry(number) for number in range(5)])
    log.make_head()
    log.record([make.entry(number) for number in range(3)])
    with database.write() as connection:
        for statement in change.split("; "):
            connection.execute(sa.text(statement))
    with pytest.raises(AuditDamagedError, match="changed from outside"):
        log.make_head()
