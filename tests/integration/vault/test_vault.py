"""Secrets go in, come out for runs alone, and stand nowhere in the open."""

import threading

import msgspec
import pytest
import sqlalchemy as sa

from kapell.errors import ConflictError, NotFoundError, StorageError, UsageError
from kapell.storage.tables import metadata
from kapell.storage.tables.vault import secrets
from kapell.vault import store
from kapell.vault.master_keys import MasterKeyError
from kapell.vault.sealing import DamagedSealError

CANARY = "canary-9f8e7d6c5b4a"


def dump(database):
    """Return everything that the database holds, as bytes."""
    with database.read() as connection:
        tables = [table for table in metadata.sorted_tables if "only" not in table.info or not database.is_sqlite]
        rows = [row for table in tables for row in connection.execute(sa.select(table))]
    return b"\n".join(
        value if isinstance(value, bytes) else str(value).encode() for row in rows for value in row if value is not None
    )


@pytest.mark.parametrize(
    "value", ["", "text", "\u20ac\0\U0001f511", {"user": "a", "port": 5432, "nested": {"list": [1, None, "x"]}}, {}]
)
def test_a_run_reads_what_was_put(safe, value):
    safe.put("one", value)
    assert safe.vault.read_for_run("shop", "one") == value
    assert safe.open().read_for_run("shop", "one") == value


@pytest.mark.parametrize("value", [None, 1, True, 1.5, ["a"], b"bytes", "\ud800", {"a": object()}, {"a": "x" * 65536}])
def test_what_cannot_be_a_secret_is_refused_and_not_shown(safe, value):
    with pytest.raises(UsageError) as caught:
        safe.put("one", value)
    assert repr(value) not in str(caught.value)
    assert safe.records == []


@pytest.mark.parametrize(
    ("namespace", "name"),
    [("shop", ""), ("shop", "a b"), ("shop", "a/b"), ("shop", "a\n"), ("shop", "x" * 129), ("", "a"), ("a/b", "a")],
)
def test_odd_names_are_refused(safe, namespace, name):
    with pytest.raises(UsageError):
        safe.put(name, "value", namespace)


def test_the_database_shows_no_value(safe):
    safe.put("plain", CANARY)
    safe.put("deep", {"inner": {CANARY: CANARY}})
    safe.vault.read_for_run("shop", "plain")
    safe.vault.record_uses()
    assert b"plain" in dump(safe.database)
    assert CANARY.encode() not in dump(safe.database)
    assert safe.vault.keys.current.secret not in dump(safe.database)


def test_a_list_shows_names_and_no_values(safe):
    safe.put("one", CANARY)
    safe.put("two", CANARY)
    safe.put("one", CANARY, "Office")
    page = safe.vault.list_secrets()
    assert [(info.namespace, info.name) for info in page.items] == [("Office", "one"), ("shop", "one"), ("shop", "two")]
    assert CANARY not in msgspec.json.encode(page).decode()
    assert [info.updated_by_name for info in page.items] == ["Ann"] * 3
    first = safe.vault.list_secrets(limit=2)
    assert first.after == ("shop", "one")
    assert [info.name for info in safe.vault.list_secrets(limit=2, after=first.after).items] == ["two"]
    assert [info.name for info in safe.vault.list_secrets(namespaces={"Office"}).items] == ["one"]
    assert safe.vault.list_secrets(namespaces=()).items == ()


def test_a_new_value_counts_at_once(safe):
    first = safe.put("one", "old value")
    assert safe.vault.read_for_run("shop", "one") == "old value"
    second = safe.put("one", "new value")
    assert safe.vault.read_for_run("shop", "one") == "new value"
    assert (first.version, second.version) == (1, 2)
    assert second.created_at == first.created_at < second.updated_at


def test_a_deleted_secret_is_gone_at_once(safe, ann):
    safe.put("one")
    safe.vault.read_for_run("shop", "one")
    safe.vault.delete("shop", "one", actor=ann)
    with pytest.raises(NotFoundError, match="no secret `one` in the namespace shop"):
        safe.vault.read_for_run("shop", "one")
    with pytest.raises(NotFoundError):
        safe.vault.delete("shop", "one", actor=ann)
    safe.put("one", "again")
    assert safe.vault.read_for_run("shop", "one") == "again"


def test_another_namespace_reads_nothing(safe):
    safe.put("one")
    for namespace in ("Shop", "shop2", "", "sho"):
        with pytest.raises(NotFoundError):
            safe.vault.read_for_run(namespace, "one")


def test_sealed_rows_cannot_be_swapped(safe, ann):
    safe.put("mine", "value of mine")
    safe.put("theirs", "value of theirs")
    with safe.database.write() as connection:
        found = connection.execute(sa.select(secrets).where(secrets.c.name == "theirs")).one()
        moved = {"wrapped_key": found.wrapped_key, "sealed": found.sealed}
        connection.execute(sa.update(secrets).where(secrets.c.name == "mine").values(moved))
    with pytest.raises(DamagedSealError):
        safe.open().read_for_run("shop", "mine")
    assert safe.open().read_for_run("shop", "theirs") == "value of theirs"


@pytest.mark.parametrize("column", ["namespace", "name", "version", "sealed", "wrapped_key"])
def test_a_changed_row_does_not_open(safe, column):
    safe.put("one")
    with safe.database.write() as connection:
        row = connection.execute(sa.select(secrets)).one()._asdict()
        changed = {
            "namespace": "other",
            "name": "other",
            "version": 7,
            "sealed": row["sealed"][:20],
            "wrapped_key": row["wrapped_key"][:-1] + bytes([row["wrapped_key"][-1] ^ 1]),
        }
        connection.execute(sa.update(secrets).values({column: changed[column]}))
        row |= {column: changed[column]}
    with pytest.raises(DamagedSealError):
        safe.open().read_for_run(row["namespace"], row["name"])


def test_values_under_another_key_each_time(safe):
    rows = []
    for _ in range(3):
        safe.put("one", "same value")
        with safe.database.read() as connection:
            rows.append(connection.execute(sa.select(secrets.c.sealed, secrets.c.wrapped_key)).one())
    assert len({row.sealed for row in rows}) == len({row.wrapped_key for row in rows}) == 3


# -- use and audit -----------------------------------------------------------------------------------------------------


def test_uses_are_written_down_together(safe):
    safe.put("one")
    safe.put("two")
    for _ in range(3):
        safe.vault.read_for_run("shop", "one")
    safe.vault.read_for_run("shop", "two", is_use=False)
    last = safe.clock.moment
    assert [info.last_used_at for info in safe.vault.list_secrets().items] == [None, None]
    assert safe.vault.record_uses() == 1
    assert safe.vault.record_uses() == 0
    assert [info.last_used_at for info in safe.vault.list_secrets().items] == [last, None]
    (use,) = [record for record in safe.records if record.action == "secret.use"]
    assert (use.actor_id, use.target, use.private.details["count"]) == ("kapell", "secret/shop/one", 3)


def test_uses_that_could_not_be_written_are_kept(safe, monkeypatch):
    safe.put("one")
    safe.vault.read_for_run("shop", "one")

    def refuse(*_):
        raise StorageError("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(safe.audit, "append_many", refuse)
        with pytest.raises(StorageError):
            safe.vault.record_uses()
    safe.vault.read_for_run("shop", "one")
    safe.vault.record_uses()
    assert safe.records[-1].private.details["count"] == 2


def test_what_is_known_is_read_without_the_database(safe):
    safe.put("one", "value")
    safe.vault.read_for_run("shop", "one")
    with pytest.raises(NotFoundError):
        safe.vault.read_for_run("shop", "missing")
    safe.database.close()
    assert safe.vault.read_for_run("shop", "one") == "value"
    with pytest.raises(NotFoundError):
        safe.vault.read_for_run("shop", "missing")


def test_who_reads_while_a_value_is_put_keeps_nothing_old(safe, monkeypatch):
    safe.put("one", "old value")
    read, go_on = threading.Event(), threading.Event()
    real = store.find_sealed

    def read_slowly(*arguments):
        found = real(*arguments)
        read.set()
        go_on.wait(10)
        return found

    monkeypatch.setattr(store, "find_sealed", read_slowly)
    thread = threading.Thread(target=safe.vault.read_for_run, args=("shop", "one"))
    thread.start()
    assert read.wait(10)
    monkeypatch.setattr(store, "find_sealed", real)
    safe.put("one", "new value")
    go_on.set()
    thread.join()
    assert safe.vault.read_for_run("shop", "one") == "new value"


def test_what_a_run_gets_is_its_own(safe):
    safe.put("one", {"key": "value"})
    safe.vault.read_for_run("shop", "one").clear()
    assert safe.vault.read_for_run("shop", "one") == {"key": "value"}


def test_each_change_is_in_the_audit_log_without_the_value(safe, ann):
    safe.put("one", CANARY)
    safe.put("one", CANARY + "2")
    safe.vault.delete("shop", "one", actor=ann)
    assert [(record.action, record.actor_id) for record in safe.records] == [
        ("secret.put", "u-1"),
        ("secret.put", "u-1"),
        ("secret.delete", "u-1"),
    ]
    assert {(record.target, record.namespace) for record in safe.records} == {("secret/shop/one", "shop")}
    assert [record.private.details.get("version") for record in safe.records] == [1, 2, None]
    assert CANARY not in msgspec.json.encode(safe.records).decode()
    assert all(record.before_digest is record.after_digest is None for record in safe.records)


def test_many_put_at_once(safe):
    threads = [threading.Thread(target=safe.put, args=("one", f"value {number}")) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (info,) = safe.vault.list_secrets().items
    assert info.version == 8
    assert safe.open().read_for_run("shop", "one") == safe.vault.read_for_run("shop", "one")


# -- master keys -------------------------------------------------------------------------------------------------------


def test_a_lost_master_key_stops_the_start_and_is_not_replaced(safe):
    safe.put("one")
    safe.key_path.unlink()
    with pytest.raises(MasterKeyError, match="There is no master key file") as caught:
        safe.open()
    assert "Put back the file that belongs to this database" in caught.value.hint
    assert not safe.key_path.exists()


def test_a_lost_master_key_is_missed_even_where_no_secret_is(safe):
    safe.key_path.unlink()
    with pytest.raises(MasterKeyError):
        safe.open()


def test_a_wrong_master_key_stops_the_start(safe, tmp_path):
    safe.put("one")
    name = safe.vault.keys.current.name
    safe.key_path.unlink()
    right, safe.key_path = safe.key_path, tmp_path / "other.key"
    safe.key_path.write_text("A" * 43 + "=\n", encoding="utf-8")
    safe.key_path.chmod(0o600)
    with pytest.raises(MasterKeyError, match=f"was sealed with the master key {name}"):
        safe.open()
    assert not right.exists()


def test_rotation_wraps_all_secrets_anew(safe, ann):
    for number in range(5):
        safe.put(f"name-{number}", f"value {number}")
    with safe.database.read() as connection:
        before = connection.execute(sa.select(secrets.c.sealed).order_by(secrets.c.name)).scalars().all()
    old = safe.vault.keys.current.name
    assert safe.vault.rotate_master_key(actor=ann) == 5
    new = safe.vault.keys.current.name
    with safe.database.read() as connection:
        rows = connection.execute(sa.select(secrets).order_by(secrets.c.name)).all()
    assert {row.key_id for row in rows} == {new} != {old}
    assert [row.sealed for row in rows] == before
    assert safe.vault.rewrap_all(actor=ann) == 0
    safe.vault.forget_master_key(old, actor=ann)
    assert safe.open().keys.names == (new,)
    assert [safe.open().read_for_run("shop", f"name-{number}") for number in range(5)] == [
        f"value {number}" for number in range(5)
    ]
    assert [record.action for record in safe.records[5:]] == [
        "master_key.rotate",
        "master_key.rewrap",
        "master_key.forget",
    ]


def test_rewrapping_goes_on_where_it_was_interrupted(safe, ann, monkeypatch):
    monkeypatch.setattr("kapell.vault.service._BATCH", 2)
    for number in range(7):
        safe.put(f"name-{number}")
    real = safe.audit.append
    left = iter(range(3))

    def append(*arguments):
        if next(left, None) is None:
            raise StorageError("The disk is full.")
        return real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(safe.audit, "append", append)
        with pytest.raises(StorageError):
            safe.vault.rotate_master_key(actor=ann)
    vault = safe.open()
    assert vault.rewrap_all(actor=ann) == 3
    assert vault.rewrap_all(actor=ann) == 0
    assert vault.read_for_run("shop", "name-6") == "hunter2hunter2"


def test_a_master_key_that_is_needed_is_not_forgotten(safe, ann):
    safe.put("one")
    old = safe.vault.keys.current.name
    with pytest.raises(MasterKeyError, match="in use"):
        safe.vault.forget_master_key(old, actor=ann)
    safe.vault.keys.rotate()
    with pytest.raises(ConflictError, match="1 secrets hang"):
        safe.vault.forget_master_key(old, actor=ann)
    with pytest.raises(MasterKeyError, match="holds no master key"):
        safe.vault.forget_master_key("0" * 16, actor=ann)
    assert old in safe.open().keys.names


def test_a_key_that_was_rotated_elsewhere_is_known_before_it_seals(safe):
    safe.vault.keys.rotate()
    safe.put("one", "value")
    assert safe.open().read_for_run("shop", "one") == "value"
