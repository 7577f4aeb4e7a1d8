"""What a sealed store adds to the contract: what lies in the database, and what becomes of it when it is changed."""

import hashlib
import sqlite3

import pytest

from kapell.engine.rows import checksum_history, checksum_snapshot
from kapell.engine.seal_marks import is_sealed
from kapell.engine.store import InboxAnswer, RunFilter
from kapell.errors import DamagedHistoryError, NotFoundError, StorageError
from kapell.vault.master_keys import MasterKeyError, open_master_keys
from kapell.vault.sealing import read_key_id

CANARY = "canary-in-a-coal-mine"


@pytest.fixture(params=["sealed_sqlite", "sealed_postgres"])
def any_medium(request):
    return request.getfixturevalue(f"{request.param}_medium")


@pytest.fixture
def medium(sealed_sqlite_medium):
    return sealed_sqlite_medium


@pytest.fixture
def change(medium):
    """Change the database behind the store's back."""

    def execute(statement, values=()):
        connection = sqlite3.connect(medium.bare.path)
        connection.execute("PRAGMA foreign_keys = OFF")
        with connection:
            found = connection.execute(statement, values).fetchall()
        connection.close()
        return found

    return execute


def forge_history(change, run_id, first_seq, body):
    """Give a row of a history another body, and the checksum that fits it."""
    ((key, count, at),) = change(
        "SELECT run_key, count, at FROM history JOIN runs USING (run_key) WHERE run_id = ? AND first_seq = ?",
        (run_id, first_seq),
    )
    crc32 = checksum_history(key, first_seq, count, at, body)
    change("UPDATE history SET body = ?, crc32 = ? WHERE run_key = ? AND first_seq = ?", (body, crc32, key, first_seq))


def read_body(change, run_id, first_seq):
    query = "SELECT body FROM history JOIN runs USING (run_key) WHERE run_id = ? AND first_seq = ?"
    return change(query, (run_id, first_seq))[0][0]


def bodies(store, run_id):
    return [row.body for row in store.iter_history(run_id)]


def fill(store, epoch, make_batch, make_record, make_payload, make_line, now):
    data = CANARY.encode()
    failed = make_record("a", "faulted", error=CANARY)
    store.append(epoch, [make_batch("a", body=data, snapshot=data, payloads=(make_payload(data * 9),), record=failed)])
    store.append_log("a", [make_line(CANARY)])
    store.put_command("a", data, now)
    command_id = store.put_command("a", b"other", now)
    store.answer_command(epoch, InboxAnswer(command_id=command_id, error=CANARY))
    return command_id


def test_all_data_is_given_back_and_none_of_it_can_be_seen_in_the_store_below(
    any_medium, make_batch, make_record, make_payload, make_line, now
):
    store = any_medium.open()
    store.put_definition("definition-1", b"document: {}")
    epoch = store.acquire("test", now, 10.0)
    command_id = fill(store, epoch, make_batch, make_record, make_payload, make_line, now)
    digest = make_payload(CANARY.encode() * 9)[0]

    def look(reader):
        run, rows = reader.load_run("a"), list(reader.iter_history("a"))
        others = [reader.find_answer(command_id), reader.read_log("a"), reader.list_commands()]
        return repr([run, rows, *others, reader.get_record("a"), reader.list_runs(RunFilter(), limit=5)])

    assert look(store) == look(any_medium.open(seals=False))
    assert look(store).count(CANARY) == 8
    assert store.get_payload(digest).decode() == CANARY * 9
    assert CANARY not in look(any_medium.bare.open())
    with pytest.raises(NotFoundError):
        any_medium.bare.open().get_payload(digest)


def test_a_call_made_again_after_an_error_is_the_same_to_the_last_byte(medium, store, epoch, make_batch):
    bare, calls = store._store, []

    class Breaking:
        commits_inline = False

        def append(self, epoch, batches):
            calls.append(batches)
            if len(calls) == 1:
                raise StorageError("The connection broke.")
            bare.append(epoch, batches)

    store._store = Breaking()
    batches = [make_batch("a"), make_batch("b")]
    with pytest.raises(StorageError):
        store.append(epoch, batches)
    store.append(epoch, batches)
    store._store = bare
    assert calls[0] == calls[1]
    assert bodies(medium.open(), "a") == [b"events"]


def test_rows_from_before_it_was_switched_on_and_after_it_was_switched_off(medium, store, epoch, make_batch, make_line):
    plain = medium.open(seals=False)
    plain.append(epoch, [make_batch("a", body=b"[1]", payloads=(payload(b"1"),))])
    plain.append_log("a", [make_line("one")])
    store.append(epoch, [make_batch("a", 2, body=b"[2]", payloads=(payload(b"2"),), snapshot=b"{}")])
    store.append_log("a", [make_line("two")])
    later = medium.open(seals=False)
    later.append(epoch, [make_batch("a", 3, body=b"[3]")])
    for reader in (later, medium.open()):
        assert bodies(reader, "a") == [b"[1]", b"[2]", b"[3]"]
        assert [line.text for line in reader.read_log("a")] == ["one", "two"]
        assert reader.load_run("a").snapshot == b"{}"
        assert [reader.get_payload(payload(value)[0]) for value in (b"1", b"2")] == [b"1", b"2"]
    assert [is_sealed(body) for body in bodies(medium.bare.open(), "a")] == [False, True, False]


@pytest.mark.parametrize("seals", [True, False])
@pytest.mark.parametrize("text", ["\x01", "\x01AQAA", "\x02", "\x02\x01", ""])
def test_data_that_looks_as_if_it_were_sealed_is_given_back_as_it_was(
    medium, epoch, make_batch, make_record, make_line, seals, text
):
    store, data = medium.open(seals=seals), text.encode()
    record = make_record("a", "faulted", error=text)
    store.append(epoch, [make_batch("a", body=data, snapshot=data, record=record)])
    store.append_log("a", [make_line(text)])
    store.put_command("a", data, record.created_at)
    for reader in (medium.open(), medium.open(seals=False)):
        assert (bodies(reader, "a"), reader.load_run("a").snapshot) == ([data], data)
        assert (reader.get_record("a").error, reader.read_log("a")[0].text) == (text, text)
        assert reader.list_commands()[0].body == data


def test_a_row_in_the_place_of_another_does_not_open(medium, store, epoch, make_batch, change):
    store.append(epoch, [make_batch("a", body=b"[1]"), make_batch("b", body=b"[1]")])
    store.append(epoch, [make_batch("a", 2, body=b"[2]")])
    first = read_body(change, "a", 1)
    for run_id, first_seq in (("a", 2), ("b", 1)):
        before = read_body(change, run_id, first_seq)
        forge_history(change, run_id, first_seq, first)
        with pytest.raises(DamagedHistoryError, match=f"run {run_id} is damaged: the row of event {first_seq}"):
            medium.open().load_run(run_id)
        forge_history(change, run_id, first_seq, before)
    assert bodies(medium.open(), "a") == [b"[1]", b"[2]"]


def test_a_snapshot_that_does_not_open_costs_only_time(medium, store, epoch, make_batch, change):
    store.append(epoch, [make_batch("a", snapshot=b"{}"), make_batch("b", snapshot=b"{}")])
    keys = dict(change("SELECT run_id, run_key FROM runs"))
    other = change("SELECT body FROM snapshots WHERE run_key = ?", (keys["b"],))[0][0]
    change(
        "UPDATE snapshots SET body = ?, crc32 = ? WHERE run_key = ?",
        (other, checksum_snapshot(keys["a"], 1, other), keys["a"]),
    )
    stored = medium.open().load_run("a")
    assert (stored.snapshot, stored.snapshot_seq, [row.body for row in stored.rows]) == (None, 0, [b"events"])


def test_a_line_or_an_error_that_does_not_open_says_so_and_no_list_fails(
    medium, store, epoch, make_batch, make_record, make_line, change
):
    failed = {name: make_record(name, "faulted", error=name * 3) for name in "ab"}
    store.append(epoch, [make_batch(name, record=failed[name]) for name in "ab"])
    store.append_log("a", [make_line("one"), make_line("two")])
    change("UPDATE runs SET error = (SELECT error FROM runs WHERE run_id = 'a') WHERE run_id = 'b'")
    errors = {record.run_id: record.error for record in medium.open().list_runs(RunFilter(), limit=2)}
    assert errors["a"] == "aaa"
    assert "cannot be shown" in errors["b"]
    with sqlite3.connect(medium.bare.log_path) as connection:
        connection.execute("UPDATE lines SET text = (SELECT text FROM lines WHERE seq = 1) WHERE seq = 2")
    connection.close()
    one, two = medium.open().read_log("a")
    assert one.text == "one"
    assert "cannot be shown" in two.text


def test_a_key_that_is_missing_is_named_and_damages_nothing(medium, store, epoch, make_batch, make_record):
    store.append(epoch, [make_batch("a", record=make_record("a", "faulted", error="secret"))])
    key = medium.key_path.read_bytes()
    name = open_master_keys(medium.key_path, may_create=False).current.name
    medium.key_path.unlink()
    stranger = medium.open()  # makes a key of its own
    for ask in (stranger.load_run, lambda run_id: bodies(stranger, run_id)):
        with pytest.raises(MasterKeyError, match=name) as refusal:
            ask("a")
        assert "Put back the file" in refusal.value.hint
    assert name in stranger.get_record("a").error
    medium.key_path.write_bytes(key)
    assert bodies(medium.open(), "a") == [b"events"]


def test_rows_open_under_the_key_that_sealed_them_after_it_was_rotated(medium, store, epoch, make_batch):
    store.append(epoch, [make_batch("a", payloads=(payload(b"old"),))])
    old = open_master_keys(medium.key_path, may_create=False)
    made = old.rotate()
    later = medium.open()
    later.append(epoch, [make_batch("a", 2, payloads=(payload(b"new"),))])
    assert bodies(medium.open(), "a") == [b"events", b"events"]
    reader = medium.open()
    assert bodies(reader, "a")
    assert [reader.get_payload(payload(value)[0]) for value in (b"old", b"new")] == [b"old", b"new"]
    sealed_with = [read_key_id(body) for body in bodies(medium.bare.open(), "a")]
    assert sealed_with == [old.names[1], made.name]


def payload(body):
    return hashlib.sha256(body).hexdigest(), body
