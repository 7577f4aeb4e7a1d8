"""An installation with something of everything in it, and a backup of it."""

import asyncio
import random
from contextlib import closing
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from tests.api_server import running

from kapell.app import open_store
from kapell.backup.making import make_backup
from kapell.backup.restoring import restore_backup
from kapell.clock import SystemClock
from kapell.engine.event_store import EventUse, Listening, StoredEvent
from kapell.engine.store import Batch
from kapell.kernel.listening import ListenKey
from kapell.settings import Settings

SECRETIVE = """
document: {dsl: '1.0.3', namespace: demo, name: secretive, version: '1.0.0'}
use: {secrets: [sesame]}
do:
  - say: {run: {shell: {command: '${ "echo said; printf %s \\"" + $secrets.sesame + "\\" | wc -c" }'}}}
"""
WAITING = """
document: {dsl: '1.0.3', namespace: demo, name: waiting, version: '1.0.0'}
do:
  - pause: {wait: {minutes: 30}}
  - done: {set: {text: awake}}
"""
FAULTING = """
document: {dsl: '1.0.3', namespace: demo, name: faulting, version: '1.0.0'}
do:
  - fail: {raise: {error: {type: 'https://example.com/broken', status: 500, title: "broken \\0 here"}}}
"""
LARGE = 200_000
LISTEN_KEY = ListenKey("shape", b"\x00digest of a key")
DICE = random.Random(1)  # noqa: S311 -- dice of a test


async def fill(settings):
    async with running(settings) as server:
        admin = await server.sign_in()
        await admin.publish()
        for name, source in (("secretive", SECRETIVE), ("waiting", WAITING), ("faulting", FAULTING)):
            await admin.publish(name=name, source=source)
        await admin.ask("PUT", "/secrets/demo/sesame", {"value": "open sesame"})
        await admin.ask("PUT", "/workflows/demo/waiting/draft", {"source": WAITING})
        person = await admin.post("/people", {"name": "ada", "display_name": "Ada \N{SNOWMAN}"})
        await admin.post("/groups", {"name": "friends", "description": "of ours"})
        await admin.ask("PUT", f"/groups/friends/members/{person['person_id']}")
        await admin.ask("PUT", "/roles/own", {"description": "own", "permissions": ["run.read"]})
        server.parts.preferences.save(person["person_id"], {"theme": "dark \N{SNOWMAN}"}, revision=0)
        runs = [
            await admin.run({"name": "Ada"}, headers={"Idempotency-Key": "once"}),
            await admin.run({"name": DICE.randbytes(LARGE // 2).hex()}),
            await admin.run(name="secretive"),
            await admin.run(name="faulting"),
        ]
        for run in runs:
            await admin.wait_run(run["run_id"])
        waiting = await admin.run(name="waiting")
        await admin.post("/audit/records/3/redact", {"reason": "a test"})
        return SimpleNamespace(
            settings=settings,
            password=server.password,
            token=admin.headers,
            first=runs[0]["run_id"],
            waiting=waiting["run_id"],
            runs=[run["run_id"] for run in (*runs, waiting)],
        )


def fill_events(settings, run_id):
    """Leave something in each table of events: two that are kept and one that was deleted, behind position 3."""
    now = datetime.now(UTC)
    events = [
        StoredEvent(
            arrived_at=now + timedelta(seconds=number),
            namespace="demo",
            source="/backup",
            event_id=f"e{number} \N{SNOWMAN}",
            type="test.kept",
            subject="a subject" if number else None,
            via="api/ada",
            body=b"\x00 body \xff",
        )
        for number in range(3)
    ]
    with closing(open_store(settings)) as store:
        epoch = store.acquire("test", now, 0.0)
        batch = Batch(
            run_id=run_id,
            first_seq=0,
            count=0,
            at=now,
            body=b"",
            emitted=tuple(events),
            listens=(Listening(entry=1000, keys=(LISTEN_KEY,)),),
            uses=(EventUse(position=1, reference="/do/0", at=now), EventUse(position=2, reference="/do/0", at=now)),
        )
        store.append(epoch, [batch])
        store.events.keep_cursor("test", 2)
        assert store.events.prune(arrived_before=now, keep_most=2, below=3, limit=10) == 1


@pytest.fixture(scope="session")
def installation(tmp_path_factory):
    settings = Settings(data=tmp_path_factory.mktemp("installation") / "data", port=0)
    filled = asyncio.run(fill(settings))
    fill_events(settings, filled.waiting)
    return filled


@pytest.fixture(scope="session")
def backup(installation, tmp_path_factory):
    """A backup with the keys."""
    path = tmp_path_factory.mktemp("backup") / "b.zip"
    return make_backup(installation.settings, path, SystemClock(), with_keys=True)


@pytest.fixture
def restore(backup, tmp_path):
    """Restore a backup, and return the settings of what was made of it."""

    def restore_one(path=None, name="restored", database="", **rest):
        settings = Settings(data=tmp_path / name, port=0, database=database)
        restore_backup(settings, path or backup.path, SystemClock(), **rest)
        return settings

    return restore_one
