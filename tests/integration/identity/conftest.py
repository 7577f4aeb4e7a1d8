"""Identity on both databases, on a clock that stands still, with checks of passwords that cost next to nothing."""

import contextlib
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from kapell.audit import AuditLog
from kapell.audit.keys import Signer
from kapell.audit.model import RecordFilter
from kapell.identity.model import SYSTEM
from kapell.identity.passwords import PasswordRules
from kapell.identity.service import Identity, IdentityRules
from kapell.storage.server_database import ServerDatabase
from kapell.testing.virtual_clock import VirtualClock

CHEAP = PasswordRules(memory_kib=8, passes=1)
PHRASE = "correct horse battery"


class Installation:
    """One server's identity, with the database and the clock behind it."""

    def __init__(self, url, signer, clock):
        self.url = url
        self.signer = signer
        self.clock = clock
        self.database = ServerDatabase(url)
        self.audit_log = AuditLog(self.database, signer, clock)
        self.identity = Identity(self.database, self.audit_log, clock, IdentityRules(passwords=CHEAP))
        self.actor = SYSTEM.act_from("test")

    def close(self):
        self.database.close()

    def open_another(self):
        """Return another server on the same database."""
        return Installation(self.url, self.signer, self.clock)

    def make_person(self, name, password=PHRASE):
        return self.identity.accounts.create(name, "", password, self.actor)

    def list_records(self, **where):
        return self.audit_log.list_records(RecordFilter(**where), limit=1000)

    def read_everything(self):
        """Return all that the database holds, as one text."""
        with self.database.read() as connection:
            names = sa.inspect(connection).get_table_names()
            rows = [repr(row) for name in names for row in connection.execute(sa.text(f'SELECT * FROM "{name}"'))]  # noqa: S608 -- the names are the database's own
        return "\n".join(rows)


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request):
    return request.getfixturevalue(f"migrated_{request.param}_url")


@pytest.fixture
def start():
    """The moment at which the clock stands."""
    return datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def installation(database_url, start):
    with contextlib.closing(Installation(database_url, Signer.generate(), VirtualClock(start))) as opened:
        yield opened


@pytest.fixture
def another(installation):
    """A second server on the same database."""
    with contextlib.closing(installation.open_another()) as opened:
        yield opened


@pytest.fixture
def identity(installation):
    return installation.identity


@pytest.fixture
def actor(installation):
    return installation.actor


@pytest.fixture
def clock(installation):
    return installation.clock


@pytest.fixture
def alice(installation):
    return installation.make_person("alice")


@pytest.fixture
def bob(installation):
    return installation.make_person("bob")


@pytest.fixture
def administrator(identity, clock):
    """The person that the first start makes."""
    identity.accounts.ensure_administrator(clock.now())
    return identity.accounts.get_person_by_name("admin")
