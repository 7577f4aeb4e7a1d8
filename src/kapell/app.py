"""The composition root: from settings to an engine that works, every part wired once, by constructor."""

from __future__ import annotations

import sys
from contextlib import asynccontextmanager, closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING

from kapell.clock import SystemClock
from kapell.connectors import AddressRules, HttpSettings, ProcessSettings, make_activities
from kapell.connectors.process.settings import DEFAULT_INHERITED
from kapell.engine.admission import SlotAdmission
from kapell.engine.engine import Engine, EngineOptions
from kapell.engine.expression_helper import ExpressionHelper
from kapell.engine.seal_marks import is_sealed
from kapell.engine.sealed_store import SealedRunStore
from kapell.engine.secrets import SecretSource
from kapell.engine.sqlite_store import SqliteRunStore
from kapell.engine.store import RunFilter
from kapell.errors import UsageError
from kapell.kernel.limits import Limits
from kapell.storage.data_folder import SERVER_DATABASE, DataFolder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence

    from kapell.engine.postgres_store import OwnerLock
    from kapell.engine.seals import Seals
    from kapell.engine.secrets import Secrets
    from kapell.engine.store import RunStore
    from kapell.language.model import Workflow
    from kapell.sdk import Activity
    from kapell.settings import Settings
    from kapell.vault.master_keys import MasterKeys

_COMMIT_WAIT_SECONDS = 0.005
"""How long the event loop's own thread waits for another process that writes; a thread tries on."""

GROUPS = {"http": "calls", "openapi": "calls", "shell": "processes", "script": "processes"}
"""Which limit counts which kind of activity."""


def open_store(
    settings: Settings, *, busy_timeout_seconds: float = 5.0, master_keys: MasterKeys | None = None
) -> RunStore:
    """Open the runs of the database or of the data folder, to read them or to leave commands; their owner goes on.

    Args:
        settings: The settings.
        busy_timeout_seconds: How long a call waits for another process that writes, where runs are kept in SQLite.
        master_keys: What seals and opens the data of runs, where that has been read already.

    Raises:
        UsageError: The folder or the database's URL cannot be used.
        StorageError: The database cannot be reached or used.
    """
    store: RunStore
    if settings.database:
        store = _open_postgres_store(settings.database)
    else:
        folder = DataFolder(settings.data)
        store = SqliteRunStore(folder.database_path, folder.log_path, busy_timeout_seconds=busy_timeout_seconds)
    return SealedRunStore(store, partial(_open_seals, settings, store, master_keys), seals_new=settings.encrypt_at_rest)


def _open_seals(settings: Settings, store: RunStore, master_keys: MasterKeys | None) -> Seals:
    from kapell.engine.seals import Seals  # noqa: PLC0415 -- loads slowly; most commands seal and open nothing
    from kapell.vault.master_keys import open_master_keys  # noqa: PLC0415 -- the same

    if master_keys is None:
        may_create = settings.encrypt_at_rest and not _needs_known_key(settings, store)
        master_keys = open_master_keys(settings.master_key_path, may_create=may_create)
    return Seals(master_keys)


def _needs_known_key(settings: Settings, store: RunStore) -> bool:
    """Tell whether there must be a key already: a server makes it at its first start, a folder's first sealed run too.

    To make another one then would hide that the file is missing that opens what is there.
    """
    if settings.database or (settings.data / SERVER_DATABASE).exists():
        return True
    newest = store.list_runs(RunFilter(), limit=1)
    return any(is_sealed(row.body) for record in newest for row in store.iter_history(record.run_id))


def make_lock(settings: Settings) -> DataFolder | OwnerLock:
    """Return the lock on the runs, not yet taken: the data folder's, or the database's."""
    if settings.database:
        with _needing_driver():
            from kapell.engine.postgres_store import OwnerLock  # noqa: PLC0415 -- the driver is an optional extra
        return OwnerLock(settings.database, SystemClock())
    return DataFolder(settings.data)


@contextmanager
def own_store(settings: Settings) -> Iterator[RunStore]:
    """Own the runs without working on them, until the context is left.

    Raises:
        ConflictError: Another process owns the runs.
        UsageError: The folder or the database's URL cannot be used.
    """
    lock = make_lock(settings)
    lock.lock()
    try:
        with closing(open_store(settings)) as store:
            yield store
    finally:
        lock.unlock()


@asynccontextmanager
async def open_engine(
    settings: Settings,
    *,
    workflows: Sequence[Workflow] = (),
    only: Collection[str] | None = None,
    origins: Mapping[str, str] | None = None,
    secrets: Secrets | None = None,
    master_keys: MasterKeys | None = None,
    prepare: Callable[[Engine], None] | None = None,
) -> AsyncIterator[Engine]:
    """Own the runs and work on them, until the context is left.

    Args:
        settings: The settings.
        workflows: What `run: workflow` finds.
        only: Of the unfinished runs take up only these, with their child runs.
        origins: Where HTTP calls to an origin really go; for tests.
        secrets: Where runs find secrets, instead of the file and the environment.
        master_keys: What seals and opens the data of runs, where that has been read already.
        prepare: What is to be done with the engine before it takes up any run.

    Raises:
        ConflictError: Another process owns the runs.
        UsageError: The folder, the database's URL or a setting cannot be used.
    """
    lock = make_lock(settings)
    if isinstance(lock, DataFolder):
        lock.lock()
    else:
        await lock.lock_patiently()
    try:
        store = open_store(settings, busy_timeout_seconds=_COMMIT_WAIT_SECONDS, master_keys=master_keys)
        with closing(store):
            engine = make_engine(settings, store, origins or {}, secrets)
            engine.offer(workflows)
            if prepare is not None:
                prepare(engine)
            await engine.start(only)
            try:
                yield engine
            finally:
                await engine.close()
    finally:
        lock.unlock()


def _open_postgres_store(url: str) -> RunStore:
    with _needing_driver():
        from kapell.engine.postgres_store import PostgresRunStore  # noqa: PLC0415 -- the driver is an optional extra
        from kapell.storage.server_database import ServerDatabase  # noqa: PLC0415 -- loads slowly; commands need it not
    ServerDatabase(url).close()
    return PostgresRunStore(url)


@contextmanager
def _needing_driver() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        raise UsageError(
            "PostgreSQL needs a driver that is not installed.", hint="Install it with: pip install 'kapell[postgres]'"
        ) from error


def make_engine(
    settings: Settings, store: RunStore, origins: Mapping[str, str], secrets: Secrets | None = None
) -> Engine:
    """Wire an engine over a store; the caller starts and closes it."""
    return Engine(
        store=store,
        clock=SystemClock(),
        activities=make_settled_activities(settings, origins),
        admission=SlotAdmission({"calls": settings.max_calls, "processes": settings.max_processes}, GROUPS),
        helper=ExpressionHelper(
            time_limit_seconds=settings.expression_seconds,
            memory_limit_bytes=settings.expression_memory_bytes,
            output_limit_bytes=settings.expression_output_bytes,
        ),
        secrets=secrets or SecretSource(settings.secrets),
        options=EngineOptions(
            limits=Limits(
                max_tasks=settings.max_tasks_per_run,
                max_value_bytes=settings.max_value_bytes,
                stop_at_result=settings.durability == "task",
            ),
            retention=settings.retention,
            events_keep=settings.events_keep,
            events_keep_most=settings.events_keep_most,
            drain_seconds=settings.drain_seconds,
        ),
    )


def make_settled_activities(settings: Settings, origins: Mapping[str, str]) -> dict[str, Activity]:
    """Return the built-in activities as the settings want them. Raises `UsageError`."""
    passed = _split(settings.pass_environment)
    return make_activities(
        HttpSettings(
            connect_timeout_seconds=settings.connect_timeout_seconds,
            total_timeout_seconds=settings.call_timeout_seconds,
            max_connections=settings.max_calls,
            max_response_bytes=settings.max_value_bytes,
            proxy=settings.proxy,
            ca_file="" if settings.ca_bundle is None else str(settings.ca_bundle),
            origins=origins,
            addresses=AddressRules(_split(settings.denied_addresses), _split(settings.allowed_addresses)),
        ),
        ProcessSettings(
            grace_seconds=settings.kill_grace_seconds,
            max_output_bytes=settings.max_value_bytes,
            inherited_environment=(*DEFAULT_INHERITED, *passed),
            shell=settings.shell,
            python=settings.python or sys.executable,
            node=settings.node,
        ),
    )


def _split(listed: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in listed.split(",") if item.strip())
