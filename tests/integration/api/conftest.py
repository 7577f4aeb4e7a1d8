"""A server at work in this process, and clients of it."""

from __future__ import annotations

import shutil

import pytest
from tests.api_server import running

from kapell.settings import Settings
from kapell.storage.data_folder import DataFolder


@pytest.fixture
def settings(tmp_path, request):
    """On SQLite; in the modules that are marked `on_both_databases`, on PostgreSQL, too."""
    folder = DataFolder(tmp_path / "data")
    if getattr(request, "param", "sqlite") == "postgres":
        return Settings(data=folder.path, port=0, database=request.getfixturevalue("migrated_postgres_url"))
    shutil.copy(request.getfixturevalue("migrated_sqlite_file"), folder.path / "server.db")
    return Settings(data=folder.path, port=0)


@pytest.fixture
async def server(settings):
    async with running(settings) as server:
        yield server


@pytest.fixture
async def admin(server):
    """A client of the administrator."""
    return await server.sign_in()
