"""A server at work in this process, and clients of it."""

from __future__ import annotations

import pytest
from tests.api_server import running

from kapell.settings import Settings


@pytest.fixture
def settings(tmp_path):
    return Settings(data=tmp_path / "data", port=0)


@pytest.fixture
async def server(settings):
    async with running(settings) as server:
        yield server


@pytest.fixture
async def admin(server):
    """A client of the administrator."""
    return await server.sign_in()
