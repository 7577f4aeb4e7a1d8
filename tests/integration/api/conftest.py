"""A server at work in this process, and clients of it."""

from __future__ import annotations

import pytest
from tests.api_server import running

from kapell.settings import Settings


@pytest.fixture
def settings(tmp_path, request):
    """On SQLite; in the modules that are marked `on_both_databases`, on PostgreSQL, too."""
    is_postgres = getattr(request, "param", "sqlite") == "postgres"
    database = request.getfixturevalue("migrated_postgres_url") if is_postgres else ""
    return Settings(data=tmp_path / "data", port=0, database=database)


@pytest.fixture
async def server(settings):
    async with running(settings) as server:
        yield server


@pytest.fixture
async def admin(server):
    """A client of the administrator."""
    return await server.sign_in()
