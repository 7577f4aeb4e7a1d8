"""The log on PostgreSQL: many writers at once, a smaller campaign, and the verifier on a real server."""

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from audit_forging import TRICKS, Forger

from kapell.audit.evidence import open_evidence, read_log
from kapell.audit.keys import Signer
from kapell.audit.lines import HeadLine, RecordLine
from kapell.audit.service import AuditLog
from kapell.audit.verifier import verify_log
from kapell.clock import SystemClock
from kapell.errors import StorageError
from kapell.storage.server_database import ServerDatabase


@pytest.fixture(scope="module")
def filled(make_postgres_database, fill_log, tmp_path_factory):
    """A log that nobody changes: `url` and `database`, the `log`, and its newest `heads`."""
    url = make_postgres_database()
    database = ServerDatabase(url)
    log = fill_log(database, tmp_path_factory.mktemp("audit") / "audit.key")
    yield SimpleNamespace(url=url, database=database, log=log, heads=log.list_heads(limit=1))
    database.close()


@pytest.fixture
def database(migrated_postgres_url):
    database = ServerDatabase(migrated_postgres_url)
    yield database
    database.close()


def verify(url, heads=()):
    with open_evidence(url) as connection:
        return verify_log(read_log(connection), (lambda: iter(heads)) if heads else None)


def test_a_log_verifies_and_says_the_same_as_on_sqlite(filled):
    log = filled.log
    report = verify(filled.url, filled.heads)
    assert report.findings == []
    assert (report.records, report.redacted, report.heads, report.covered, report.witnessed) == (200, 2, 7, 200, 200)
    with open_evidence(filled.url) as connection:
        lines = list(read_log(connection))
        assert sum(isinstance(line, RecordLine) for line in lines) == 200
        assert sum(isinstance(line, HeadLine) for line in lines) == 7
        with pytest.raises(sa.exc.DBAPIError, match="read-only"):
            connection.execute(sa.text("DELETE FROM audit_heads"))
    proof = log.prove(42, since=log.list_heads(limit=1, before=3)[0])
    assert proof.head.statement.size == 200


def test_many_writers_at_once_make_one_chain(database, migrated_postgres_url, make_entries):
    signer, clock = Signer.generate(), SystemClock()
    logs = [AuditLog(database, signer, clock) for _ in range(3)]

    def write(index):
        log, entries = logs[index % 3], list(make_entries(index * 10, 3))
        if index % 4 == 0:
            with suppress(RuntimeError), database.write() as connection:
                log.append(connection, entries[0], clock.now())
                raise RuntimeError
        log.record(entries)
        if index % 5 == 0:
            log.make_head()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, range(40)))
    head = logs[0].make_head() or logs[0].last_head
    report = verify(migrated_postgres_url, [head])
    assert report.findings == []
    assert report.records == 120


def test_a_smaller_campaign_finds_every_mutation(filled, make_postgres_database):
    filled.database.close()  # to be copied, it may not be in use
    url, heads = make_postgres_database(filled.url), filled.heads
    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"), poolclass=sa.NullPool)
    drop_constraints(engine)
    done, missed, refused = 0, [], []
    with engine.connect() as connection:
        for name, trick, _ in TRICKS:
            for seed in range(2):
                transaction = connection.begin()
                forger = Forger(connection, random.Random(seed))  # noqa: S311 -- the same tricks each time
                before = repr(forger.rows)
                trick(forger)
                try:
                    if repr(forger.rows) == before:
                        continue
                    forger.write(connection)
                    done += 1
                    if verify_log(read_log(connection), lambda: iter(heads)).is_verified:
                        missed.append((name, seed))
                except sa.exc.DBAPIError:
                    refused.append(name)  # a type that the column does not take
                finally:
                    transaction.rollback()
    engine.dispose()
    assert missed == []
    assert done >= 100, refused


def drop_constraints(engine):
    with engine.begin() as connection:
        found = connection.execute(
            sa.text(
                "SELECT conrelid::regclass::text AS held, conname FROM pg_constraint WHERE contype <> 'n' "
                "AND conrelid::regclass::text LIKE 'audit%' ORDER BY contype = 'p'"
            )
        ).all()
        for held, name in found:
            connection.exec_driver_sql(f"ALTER TABLE {held} DROP CONSTRAINT IF EXISTS {name} CASCADE")


def test_a_server_that_is_away_is_said_to_be_so():
    with pytest.raises(StorageError), open_evidence("postgresql://nobody@127.0.0.1:1/none"):
        pass
