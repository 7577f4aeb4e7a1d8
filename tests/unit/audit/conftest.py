"""A log in a database of its own, on a clock that goes on by a second whenever it is asked."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from kapell.audit import Actor, AuditEntry, AuditLog
from kapell.audit.keys import Signer
from kapell.storage.server_database import ServerDatabase, make_sqlite_url


class HandClock:
    def __init__(self):
        self.moment = datetime(2026, 1, 31, 12, tzinfo=UTC)

    def now(self):
        self.moment += timedelta(seconds=1)
        return self.moment


ANN = Actor("u-1", "Ann Example", "192.0.2.1")


def make_entry(number=1, **rest):
    given = {"namespace": "shop", "details": {"number": number}} | rest
    return AuditEntry.by(ANN, "workflow.publish", f"workflow/shop/order@1.0.{number}", **given)


@pytest.fixture
def make():
    """What tests make entries of: `make.ann` acts, `make.entry(number, ...)` is an entry of hers."""
    return SimpleNamespace(ann=ANN, entry=make_entry)


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def database(tmp_path):
    database = ServerDatabase(make_sqlite_url(tmp_path / "server.db"))
    yield database
    database.close()


@pytest.fixture
def log(database, clock):
    return AuditLog(database, Signer.generate(), clock)
