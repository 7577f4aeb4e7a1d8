"""The server's composition root: the engine, and over it identity, audit, workflows and the API's parts.

It stands apart from `app.py`, which every command loads: what is wired here takes longer to load than all commands do.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from kapell.api.live import LiveEvents
from kapell.api.parts import Parts
from kapell.api.run_starts import RunStarts
from kapell.app import open_engine
from kapell.audit.head_keeper import HeadKeeper
from kapell.audit.service import open_audit_log
from kapell.audit.witnesses import make_witnesses
from kapell.clock import SystemClock
from kapell.errors import ConflictError, KapellError, NotFoundError
from kapell.identity.service import Identity
from kapell.storage.data_folder import AUDIT_KEY, SERVER_DATABASE, DataFolder
from kapell.storage.server_database import ServerDatabase, make_sqlite_url
from kapell.telemetry import get_logger
from kapell.workflows.published import PublishedWorkflows
from kapell.workflows.service import Workflows

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from kapell.language.model import Workflow
    from kapell.settings import Settings

log = get_logger(__name__)

_TIDY_SECONDS = 600.0


@contextmanager
def open_server_database(settings: Settings) -> Iterator[ServerDatabase]:
    """Open the server's database, and migrate it as needed. Raises `UsageError`, `StorageError`."""
    DataFolder(settings.data)  # makes it where it is not there; keys live in it with PostgreSQL, too
    database = ServerDatabase(settings.database or make_sqlite_url(settings.data / SERVER_DATABASE))
    try:
        yield database
    finally:
        database.close()


@asynccontextmanager
async def open_server(settings: Settings) -> AsyncIterator[tuple[Parts, str | None]]:
    """Own the runs and work on them, with all that the API needs, until the context is left.

    Gives the parts, and the administrator's password if this is the first start.

    Raises:
        ConflictError: Another process owns the runs.
        UsageError: The folder, the database's URL, a key or a setting cannot be used.
        StorageError: The database cannot be used.
    """
    clock = SystemClock()
    async with open_engine(settings) as engine:
        with open_server_database(settings) as database:
            audit = open_audit_log(database, settings.data / AUDIT_KEY, clock)
            identity = Identity(database, audit, clock)
            published = PublishedWorkflows(database)
            engine.definitions.find_published = lambda *name: _find_published(published, *name)
            live = LiveEvents(engine)
            witnesses = make_witnesses(settings.audit_witnesses)
            heads = HeadKeeper(audit, witnesses, clock, seconds=settings.audit_head_seconds)
            parts = Parts(
                settings=settings,
                clock=clock,
                engine=engine,
                live=live,
                run_starts=RunStarts(database=database, audit=audit, engine=engine, live=live, clock=clock),
                audit=audit,
                heads=heads,
                identity=identity,
                workflows=Workflows(database, clock, audit, published),
                published=published,
            )
            password = await asyncio.to_thread(identity.accounts.ensure_administrator, clock.now())
            duties = [
                asyncio.create_task(heads.run()),
                asyncio.create_task(_repeat(_TIDY_SECONDS, lambda: _tidy(parts))),
            ]
            try:
                yield parts, password
            finally:
                for duty in duties:
                    duty.cancel()
                await asyncio.gather(*duties, return_exceptions=True)
                await heads.finish()


def _find_published(published: PublishedWorkflows, namespace: str, name: str, version: str) -> Workflow | None:
    try:
        return published.get(namespace, name, version).workflow
    except (NotFoundError, ConflictError):
        return None


def _tidy(parts: Parts) -> None:
    parts.identity.prune()
    parts.run_starts.forget_old_keys()


async def _repeat(seconds: float, duty: Callable[[], object]) -> None:
    """Do something again and again, in a thread; what goes wrong is logged, and tried again the next time."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await asyncio.to_thread(duty)
        except KapellError as error:
            log.warning("duty_failed", message=error.message, hint=error.hint)
