"""The signing key: its file, its rotation, and what happens when it is not there."""

import stat

import pytest

from kapell.audit.encoding import encode_statement
from kapell.audit.errors import AuditKeyError
from kapell.audit.keys import Signer, is_signed, load_signer
from kapell.audit.service import open_audit_log
from kapell.errors import StorageError, UsageError


@pytest.fixture
def path(tmp_path):
    return tmp_path / "audit.key"


def test_the_first_start_makes_a_key_that_only_its_owner_can_read(database, clock, path):
    log = open_audit_log(database, path, clock)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert open_audit_log(database, path, clock).key_id == log.key_id
    (key,) = log.list_keys()
    statement = encode_statement(key.introduction)
    assert (key.introduction.number, key.introduction.predecessor, key.endorsement) == (1, "", "")
    assert is_signed(log.public_key, statement, bytes.fromhex(key.signature))


def test_a_key_that_others_can_read_is_refused(database, clock, path):
    open_audit_log(database, path, clock)
    path.chmod(0o640)
    with pytest.raises(UsageError, match="read by others"):
        open_audit_log(database, path, clock)


def test_a_key_follows_the_one_before(database, clock, path, make):
    log = open_audit_log(database, path, clock)
    old = log.public_key
    log.record([make.entry(1)])
    key = log.rotate_key(make.ann)
    assert key.introduction.predecessor == log.list_keys()[0].introduction.key_id
    assert is_signed(old, encode_statement(key.introduction), bytes.fromhex(key.endorsement))
    assert log.get_record(2).action == "audit.rotate_key"
    assert log.make_head().statement.key_id == key.introduction.key_id == log.key_id
    again = open_audit_log(database, path, clock)
    assert again.key_id == log.key_id
    assert again.record([make.entry(2)]) == [3]


def test_a_rotation_that_was_broken_off_is_finished_or_forgotten(database, clock, path, make, monkeypatch):
    log = open_audit_log(database, path, clock)
    before = path.read_bytes()
    log.rotate_key(make.ann)
    path.rename(path.with_name("audit.key.next"))
    path.write_bytes(before)
    path.chmod(0o600)
    assert open_audit_log(database, path, clock).key_id == log.key_id
    assert not path.with_name("audit.key.next").exists()
    Signer.generate().save(path.with_name("audit.key.next"))
    again = open_audit_log(database, path, clock)
    assert again.key_id == log.key_id
    again.rotate_key(make.ann)
    assert [key.introduction.number for key in again.list_keys()] == [1, 2, 3]


def test_a_lost_key_is_said_to_be_so_and_can_be_replaced(database, clock, path, make):
    log = open_audit_log(database, path, clock)
    log.record([make.entry(1)])
    path.unlink()
    with pytest.raises(AuditKeyError, match="is missing"):
        open_audit_log(database, path, clock)
    Signer.generate().save(path)
    with pytest.raises(AuditKeyError, match="another key"):
        open_audit_log(database, path, clock)
    other = open_audit_log(database, path, clock, replaces_lost_key=True)
    assert other.record([make.entry(2)]) == [2]
    assert [(key.introduction.number, key.endorsement) for key in other.list_keys()] == [(1, ""), (2, "")]


def test_files_that_hold_no_key_are_refused(path, tmp_path):
    with pytest.raises(StorageError, match="cannot be read"):
        load_signer(path)
    path.write_text("nonsense")
    path.chmod(0o600)
    with pytest.raises(UsageError, match="holds no Ed25519 key"):
        load_signer(path)
    with pytest.raises(StorageError, match="cannot be written"):
        Signer.generate().save(path)


def test_a_log_in_memory_of_tests_has_no_key_to_rotate(log, make):
    with pytest.raises(UsageError, match="does not know"):
        log.rotate_key(make.ann)
