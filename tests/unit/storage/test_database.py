"""How a database file is opened, and what its transactions keep."""

import sqlite3
import stat

import pytest

from kapell.errors import StorageError
from kapell.storage.database import APPLICATION_ID, Database
from kapell.storage.errors import DatabaseUnusableError, translate_error
from kapell.storage.migrations import Migration

TABLES = [Migration(1, ("CREATE TABLE t (x INTEGER NOT NULL) STRICT",))]


@pytest.fixture
def database(tmp_path):
    database = Database(tmp_path / "x.db", TABLES)
    yield database
    database.close()


def read_all(database):
    with database.read() as connection:
        return [x for (x,) in connection.execute("SELECT x FROM t ORDER BY x")]


def add(connection, x):
    connection.execute("INSERT INTO t VALUES (?)", (x,))


@pytest.mark.parametrize(("durability", "synchronous"), [("full", 2), ("process", 1)])
def test_a_commit_is_synced_as_promised(tmp_path, durability, synchronous):
    database = Database(tmp_path / "x.db", TABLES, durability=durability)
    with database.write() as connection:
        asked = {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "journal_mode")}
        assert asked == {"synchronous": synchronous, "journal_mode": "wal"}
        assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)
        assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
    database.close()


def test_a_write_is_kept_when_its_block_ends(database):
    with database.write() as connection:
        add(connection, 1)
    assert read_all(database) == [1]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, GeneratorExit])
def test_whatever_is_raised_in_a_write_undoes_it(database, error):
    def write():
        with database.write() as connection:
            add(connection, 1)
            raise error

    with pytest.raises(error):
        write()
    assert read_all(database) == []
    with database.write() as connection:
        add(connection, 2)
    assert read_all(database) == [2]


def test_sqlites_own_errors_become_ours_and_undo_the_write(database):
    def write():
        with database.write() as connection:
            add(connection, 1)
            connection.execute("INSERT INTO nowhere VALUES (1)")

    with pytest.raises(StorageError, match="no such table"):
        write()
    assert read_all(database) == []


def test_a_read_sees_one_state_and_cannot_write(database):
    with database.read() as reader:
        assert reader.execute("SELECT count(*) FROM t").fetchone() == (0,)
        with database.write() as connection:
            add(connection, 1)
        assert reader.execute("SELECT count(*) FROM t").fetchone() == (0,)
    assert read_all(database) == [1]
    with pytest.raises(StorageError), database.read() as reader:
        add(reader, 2)


def test_closing_removes_sqlites_log(tmp_path, database):
    with database.write() as connection:
        add(connection, 1)
    read_all(database)
    database.close()
    database.close()
    assert [path.name for path in tmp_path.iterdir()] == ["x.db"]


def test_a_read_under_way_ends_by_itself_after_closing(database):
    with database.read() as reader:
        database.close()
        assert reader.execute("SELECT count(*) FROM t").fetchone() == (0,)
    with pytest.raises(StorageError, match="closed"):
        read_all(database)


def test_the_database_of_another_program_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "x.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(DatabaseUnusableError, match="another program"):
        Database(path, TABLES)
    assert path.read_bytes() == before


def test_a_folder_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(StorageError, match="cannot be opened") as refusal:
        Database(tmp_path / "missing" / "x.db", TABLES)
    assert str(tmp_path / "missing") in refusal.value.message


def test_an_old_sqlite_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 36, 0))
    with pytest.raises(DatabaseUnusableError, match="too old"):
        Database(tmp_path / "x.db", TABLES)


def make_error(code, name):
    error = sqlite3.OperationalError("what SQLite says")
    error.sqlite_errorcode = code
    error.sqlite_errorname = name
    return error


@pytest.mark.parametrize(
    ("code", "name", "text", "retryable"),
    [
        (sqlite3.SQLITE_BUSY, "SQLITE_BUSY", "locked by another process", True),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, "SQLITE_BUSY_SNAPSHOT", "locked by another process", True),
        (sqlite3.SQLITE_LOCKED, "SQLITE_LOCKED", "in use by another connection", True),
        (sqlite3.SQLITE_FULL, "SQLITE_FULL", "disk is full", True),
        (sqlite3.SQLITE_IOERR_FSYNC, "SQLITE_IOERR_FSYNC", r"disk failed .*SQLITE_IOERR_FSYNC", True),
        (sqlite3.SQLITE_READONLY_DIRECTORY, "SQLITE_READONLY_DIRECTORY", "cannot be written", True),
        (sqlite3.SQLITE_PERM, "SQLITE_PERM", "may not be accessed", True),
        (sqlite3.SQLITE_CORRUPT_INDEX, "SQLITE_CORRUPT_INDEX", r"damaged \(SQLITE_CORRUPT_INDEX\)", False),
        (sqlite3.SQLITE_NOTADB, "SQLITE_NOTADB", "not a database", False),
        (sqlite3.SQLITE_MISUSE, "SQLITE_MISUSE", "what SQLite says", True),
    ],
)
def test_each_refusal_of_sqlite_says_what_to_do(tmp_path, code, name, text, retryable):
    error = translate_error(make_error(code, name), tmp_path / "x.db")
    with pytest.raises(StorageError, match=text):
        raise error
    assert error.retryable is retryable
    assert error.hint or code == sqlite3.SQLITE_MISUSE
    assert str(tmp_path) in str(error)


def test_the_file_is_as_private_as_its_folder(tmp_path, database):
    assert stat.S_ISREG((tmp_path / "x.db").stat().st_mode)
    assert database.path == tmp_path / "x.db"
