"""A vault on both databases, with an audit log and a clock that goes on by a second whenever it is asked."""

from datetime import UTC, datetime, timedelta

import pytest

from kapell.audit import Actor, AuditLog
from kapell.audit.keys import Signer
from kapell.audit.model import RecordFilter
from kapell.storage.server_database import ServerDatabase
from kapell.vault.service import open_vault

ANN = Actor("u-1", "Ann", "192.0.2.1")


class HandClock:
    def __init__(self):
        self.moment = datetime(2026, 1, 31, 12, tzinfo=UTC)

    def now(self):
        self.moment += timedelta(seconds=1)
        return self.moment


class Safe:
    """The vault and what it stands on, for tests."""

    def __init__(self, database, key_path):
        self.database = database
        self.key_path = key_path
        self.clock = HandClock()
        self.audit = AuditLog(database, Signer.generate(), self.clock)
        self.vault = self.open()

    def open(self):
        """Return the vault as the next start sees it."""
        return open_vault(self.database, self.key_path, self.clock, self.audit)

    def put(self, name="password", value="hunter2hunter2", namespace="shop"):
        return self.vault.put(namespace, name, value, actor=ANN)

    @property
    def records(self):
        """The audit log, the oldest record first."""
        return self.audit.list_records(RecordFilter(), limit=1000)[::-1]


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request):
    kind = {"sqlite": "sqlite", "postgresql": "postgres"}[request.param]
    database = ServerDatabase(request.getfixturevalue(f"migrated_{kind}_url"))
    yield database
    database.close()


@pytest.fixture
def safe(database, tmp_path):
    return Safe(database, tmp_path / "master.key")


@pytest.fixture
def ann():
    return ANN
