"""SQLite files with Kapell's tables, copied for each test: to migrate one takes longer than most tests do."""

import shutil

import pytest

from kapell.storage.server_database import ServerDatabase, make_sqlite_url


@pytest.fixture(scope="session")
def migrated_sqlite_file(tmp_path_factory):
    """A file with the server's tables, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "server.db"
    ServerDatabase(make_sqlite_url(path)).close()
    return path


@pytest.fixture
def migrated_sqlite_url(migrated_sqlite_file, tmp_path):
    """The URL of a file as the migrations make it, for one test."""
    return make_sqlite_url(shutil.copy(migrated_sqlite_file, tmp_path / "server.db"))
