"""Stored workflows on both databases, with an audit log and a clock that goes on by a second whenever it is asked."""

from datetime import UTC, datetime, timedelta

import pytest

from kapell.audit import Actor, AuditLog
from kapell.audit.keys import Signer
from kapell.audit.model import RecordFilter
from kapell.storage.server_database import ServerDatabase
from kapell.workflows import PublishedWorkflows, Workflows

ANN = Actor("u-1", "Ann", "192.0.2.1")
BEN = Actor("u-2", "Ben", "192.0.2.2")


class HandClock:
    def __init__(self):
        self.moment = datetime(2026, 1, 31, 12, tzinfo=UTC)

    def now(self):
        self.moment += timedelta(seconds=1)
        return self.moment


class Desk:
    """The service and what it stands on, for tests."""

    def __init__(self, database):
        self.database = database
        self.clock = HandClock()
        self.audit = AuditLog(database, Signer.generate(), self.clock)
        self.published = PublishedWorkflows(database)
        self.service = Workflows(database, self.clock, self.audit, self.published)

    @property
    def records(self):
        """The audit log, the oldest record first."""
        return self.audit.list_records(RecordFilter(), limit=1000)[::-1]

    @staticmethod
    def write(version="1.0.0", name="order", namespace="shop", **more):
        """Return the text of a workflow; `value` is what it sets, the others are fields of the document."""
        value = more.pop("value", 1)
        fields = {"dsl": "'1.0.3'", "namespace": namespace, "name": name, "version": f"'{version}'", **more}
        lines = "".join(f"  {key}: {text}\n" for key, text in fields.items())
        return f"document:\n{lines}do:\n- begin:\n    set:\n      value: {value}\n"

    def publish(self, version="1.0.0", *, allow_lower=False, actor=ANN, note="", **more):
        source = self.write(version, **more)
        names = (more.get("namespace", "shop"), more.get("name", "order"))
        return self.service.publish(*names, source, actor=actor, note=note, allow_lower=allow_lower)

    def save(self, source, revision=None, actor=ANN, base_version=None):
        return self.service.save_draft(
            "shop", "order", source, actor=actor, revision=revision, base_version=base_version
        )


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request):
    kind = {"sqlite": "sqlite", "postgresql": "postgres"}[request.param]
    database = ServerDatabase(request.getfixturevalue(f"migrated_{kind}_url"))
    yield database
    database.close()


@pytest.fixture
def desk(database):
    return Desk(database)


@pytest.fixture
def ann():
    return ANN


@pytest.fixture
def ben():
    return BEN
