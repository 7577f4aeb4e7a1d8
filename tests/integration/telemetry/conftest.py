"""A server at work in this process, for a whole module."""

import pytest
from tests.api_server import running

from kapell.settings import Settings


@pytest.fixture
def settings(tmp_path):
    return Settings(
        data=tmp_path / "data",
        port=0,
        audit_witnesses=f"file:{tmp_path / 'heads'}",
        audit_head_seconds=0.2,
        log_requests=True,
    )


@pytest.fixture
async def server(settings):
    async with running(settings) as server:
        yield server
