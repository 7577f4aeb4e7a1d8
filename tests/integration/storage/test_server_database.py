"""The server's database: its transactions, and that its migrations give the declared tables."""

from __future__ import annotations

import importlib
import pkgutil
import threading
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from kapell.errors import StorageError, UsageError
from kapell.storage import tables
from kapell.storage.server_database import ServerDatabase, make_sqlite_url
from kapell.storage.tables import Moment, metadata

NOTE = sa.table("note", sa.column("text", sa.Text))


@pytest.fixture(params=["sqlite", "postgres"])
def url(tmp_path, request):
    return (
        make_sqlite_url(tmp_path / "server.db")
        if request.param == "sqlite"
        else request.getfixturevalue("postgres_url")
    )


@pytest.fixture
def database(url):
    database = ServerDatabase(url)
    yield database
    database.close()


@pytest.fixture
def notes(database):
    with database.write() as connection:
        connection.execute(sa.text("CREATE TABLE note (text TEXT NOT NULL UNIQUE)"))
    return database


def list_notes(database):
    with database.read() as connection:
        return sorted(connection.execute(sa.select(NOTE.c.text)).scalars())


def test_what_was_written_is_read(notes):
    with notes.write() as connection:
        connection.execute(sa.insert(NOTE).values(text="a"))
    assert list_notes(notes) == ["a"]


def test_nothing_is_kept_of_a_transaction_that_raises(notes):
    with pytest.raises(ZeroDivisionError), notes.write() as connection:
        connection.execute(sa.insert(NOTE).values(text=str(1 / 0)))
    with pytest.raises(StorageError, match=r"(?i)unique"), notes.write() as connection:
        connection.execute(sa.insert(NOTE), [{"text": "b"}, {"text": "b"}])
    assert list_notes(notes) == []


def test_a_reader_sees_one_state_while_others_write(notes):
    with notes.read() as reading:
        before = reading.execute(sa.select(NOTE.c.text)).scalars().all()
        with notes.write() as connection:
            connection.execute(sa.insert(NOTE).values(text="a"))
        assert reading.execute(sa.select(NOTE.c.text)).scalars().all() == before == []


def test_many_threads_write(notes):
    def write(number):
        for count in range(20):
            with notes.write() as connection:
                connection.execute(sa.insert(NOTE).values(text=f"{number}-{count}"))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list_notes(notes)) == 200


def test_moments_come_back_whole(database):
    moment = datetime(2026, 2, 28, 23, 59, 59, 999_999, tzinfo=UTC)
    table = sa.Table("moments", sa.MetaData(), sa.Column("at", Moment))
    with database.write() as connection:
        table.create(connection)
        connection.execute(sa.insert(table), [{"at": moment}, {"at": None}])
    with database.read() as connection:
        assert set(connection.execute(sa.select(table.c.at)).scalars()) == {moment, None}


@pytest.mark.parametrize(("url", "word"), [("nonsense", "no database URL"), ("oracle://a/b", "oracle")])
def test_an_unusable_url_is_refused_with_a_sentence(url, word):
    with pytest.raises(UsageError, match=word):
        ServerDatabase(url)


def test_an_unreachable_server_is_a_storage_error():
    with pytest.raises(StorageError):
        ServerDatabase("postgresql://kapell@127.0.0.1:1/kapell?connect_timeout=2")


def test_a_second_opening_changes_nothing(url):
    ServerDatabase(url).close()
    database = ServerDatabase(url)
    with database.read() as connection:
        assert len(connection.execute(sa.text("SELECT * FROM alembic_version")).all()) == 1
    database.close()


def find_differences(database):
    """Return how the migrated database differs from the declared tables, in Alembic's words."""

    def is_ours(item, _name, kind, _reflected, _other):
        table = item if kind == "table" else getattr(item, "table", None)
        return not (database.is_sqlite and table is not None and table.info.get("only") == "postgresql")

    with database.read() as connection:
        options = {"compare_type": True, "compare_server_default": True, "include_object": is_ours}
        return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)


def import_tables():
    """Have every module of tables declare its own."""
    for module in pkgutil.iter_modules(tables.__path__):
        importlib.import_module(f"kapell.storage.tables.{module.name}")


def test_the_migrations_give_the_declared_tables(database):
    import_tables()
    assert find_differences(database) == []
