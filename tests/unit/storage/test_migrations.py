"""Migrations lead to the declared schema, each whole or not at all."""

import sqlite3

import pytest

from kapell.storage.database import Database
from kapell.storage.errors import DatabaseUnusableError
from kapell.storage.migrations import Migration, migrate, read_version
from kapell.storage.migrations.log import LOG_MIGRATIONS
from kapell.storage.migrations.runs import RUNS_MIGRATIONS
from kapell.storage.migrations.search import SEARCH_MIGRATIONS
from kapell.storage.schema import LOG_SCHEMA, RUNS_SCHEMA, SEARCH_SCHEMA


@pytest.fixture
def connection():
    connection = sqlite3.connect(":memory:", isolation_level=None)
    yield connection
    connection.close()


def describe(connection):
    """Everything SQLite knows of a schema, free of how its text was laid out."""
    rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema").fetchall()
    return sorted((kind, name, table, " ".join((sql or "").split())) for kind, name, table, sql in rows)


@pytest.mark.parametrize(
    ("migrations", "schema"),
    [(RUNS_MIGRATIONS, RUNS_SCHEMA), (LOG_MIGRATIONS, LOG_SCHEMA), (SEARCH_MIGRATIONS, SEARCH_SCHEMA)],
    ids=["runs", "log", "search"],
)
def test_the_migrations_give_the_declared_schema(connection, migrations, schema):
    declared = sqlite3.connect(":memory:")
    for statement in schema:
        declared.execute(statement)
    migrate(connection, migrations)
    assert describe(connection) == describe(declared)
    declared.close()


@pytest.mark.parametrize("migrations", [RUNS_MIGRATIONS, LOG_MIGRATIONS, SEARCH_MIGRATIONS])
def test_migrations_are_numbered_without_a_gap(migrations):
    assert [migration.number for migration in migrations] == list(range(1, len(migrations) + 1))


@pytest.mark.parametrize("schema", [RUNS_SCHEMA, LOG_SCHEMA, SEARCH_SCHEMA])
def test_every_table_checks_its_types(schema):
    assert all("STRICT" in statement for statement in schema if "CREATE TABLE" in statement)


FIRST = Migration(1, ("CREATE TABLE a (x)", "INSERT INTO a VALUES (1)"))
SECOND = Migration(2, ("ALTER TABLE a ADD COLUMN y", "UPDATE a SET y = x + 1"))


def test_only_what_is_missing_is_applied(connection):
    migrate(connection, [FIRST])
    migrate(connection, [FIRST, SECOND])
    migrate(connection, [FIRST, SECOND])
    assert connection.execute("SELECT x, y FROM a").fetchall() == [(1, 2)]
    assert read_version(connection) == 2


def test_a_migration_that_fails_leaves_the_schema_before_it(connection):
    broken = Migration(2, ("ALTER TABLE a ADD COLUMN y", "UPDATE no_such_table SET x = 1"))
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, [FIRST, broken])
    assert read_version(connection) == 1
    assert [row[1] for row in connection.execute("PRAGMA table_info(a)")] == ["x"]
    migrate(connection, [FIRST, SECOND])
    assert read_version(connection) == 2


def test_a_newer_database_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "runs.db"
    Database(path, [FIRST, SECOND]).close()
    with pytest.raises(
        DatabaseUnusableError, match=r"newer version of Kapell \(schema 2, this one knows 1\)"
    ) as refusal:
        Database(path, [FIRST])
    assert not refusal.value.retryable
    assert "Use that version" in refusal.value.hint
    Database(path, [FIRST, SECOND]).close()
