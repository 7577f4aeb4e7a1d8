"""The server's composition root: the engine, and over it identity, audit, workflows and the API's parts.

It stands apart from `app.py`, which every command loads: what is wired here takes longer to load than all commands do.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

from kapell.api.bulk_operations import BulkOperations
from kapell.api.bulk_store import BulkStore
from kapell.api.live import LiveEvents
from kapell.api.parts import Parts
from kapell.api.preference_store import PreferenceStore
from kapell.api.run_starts import RunStarts
from kapell.api.trigger_starts import StoredRunEnds, TriggerStarts
from kapell.app import open_engine
from kapell.audit.head_keeper import HeadKeeper
from kapell.audit.service import open_audit_log
from kapell.audit.witnesses import make_witnesses
from kapell.clock import SystemClock
from kapell.engine.expression_helper import ExpressionHelper
from kapell.engine.maintenance.indexing import index_regularly
from kapell.engine.seals import ContentHashes
from kapell.engine.secrets import SecretSource
from kapell.errors import ConflictError, KapellError, NotFoundError
from kapell.events.service import EventLog
from kapell.identity.oidc.configuring import make_providers
from kapell.identity.oidc.service import Oidc
from kapell.identity.service import Identity
from kapell.kernel.events import to_micros
from kapell.storage.data_folder import AUDIT_KEY, SERVER_DATABASE, DataFolder
from kapell.storage.server_database import ServerDatabase, make_sqlite_url
from kapell.storage.sizes import measure_databases
from kapell.telemetry import get_logger
from kapell.tracing.tracer import begin_tracing
from kapell.triggers.duty import TriggerDuty
from kapell.triggers.event_firing import EventFirings
from kapell.triggers.firing import Firings
from kapell.triggers.hearing import EventHearing
from kapell.triggers.published_schedules import follow_versions
from kapell.triggers.service import Triggers
from kapell.vault.secret_source import VaultSecrets
from kapell.vault.service import open_vault
from kapell.workflows.published import PublishedWorkflows
from kapell.workflows.service import Workflows

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence

    from kapell.clock import Clock
    from kapell.engine.engine import Engine
    from kapell.engine.secrets import NamespaceSecrets
    from kapell.engine.store import RunStore
    from kapell.identity.oidc.model import OidcProvider
    from kapell.language.model import Workflow
    from kapell.settings import Settings
    from kapell.tracing.exporting import Exporter
    from kapell.tracing.tracer import Tracer
    from kapell.vault.service import Vault

log = get_logger(__name__)

_TIDY_SECONDS = 600.0
_USES_SECONDS = 60.0


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
    providers = make_providers(settings)  # what is wrong with them is said before anything is begun
    with open_server_database(settings) as database:
        base = _Base(settings, clock, database)
        async with open_engine(
            settings, secrets=base.secrets, master_keys=base.vault.keys, prepare=base.prepare
        ) as engine:
            parts = _make_parts(base, engine, providers)
            password = await asyncio.to_thread(parts.identity.accounts.ensure_administrator, clock.now())
            async with _doing_duties(parts, base):
                yield parts, password


class _Base:
    """What the engine of a server stands on, and is connected with before it takes up any run."""

    def __init__(self, settings: Settings, clock: Clock, database: ServerDatabase) -> None:
        self.settings = settings
        self.clock = clock
        self.database = database
        self.audit = open_audit_log(database, settings.data / AUDIT_KEY, clock)
        self.vault = open_vault(database, settings.master_key_path, clock, self.audit)
        self.published = PublishedWorkflows(database)
        # The server's environment is nobody's namespace: there only a file that was named on purpose is looked into.
        self.secrets = _VaultOfAll(self.vault, SecretSource(settings.secrets, {}) if settings.secrets else None)
        self.live = LiveEvents(to_micros(clock.now()))
        self.tracers: list[Tracer] = []
        self.on_run_end: Callable[[str], None] = lambda _: None
        self._exporter = _open_exporter(settings)

    def prepare(self, engine: Engine) -> None:
        engine.definitions.find_published = lambda *name: _find_published(self.published, *name)
        engine.listen(self.live.note)
        engine.listen(lambda run, _first, _events: self.on_run_end(run.run_id) if run.state.is_ended else None)
        engine.logbook.kept_listeners.append(self.live.note_log)
        if self._exporter is not None:
            self.tracers.append(begin_tracing(engine, self._exporter, self.settings.otlp_ratio))


def _make_parts(base: _Base, engine: Engine, providers: Sequence[OidcProvider]) -> Parts:
    settings, clock, database, audit = base.settings, base.clock, base.database, base.audit
    identity = Identity(database, audit, clock)
    workflows = Workflows(database, clock, audit, base.published)
    triggers = Triggers(database, clock, audit, base.published)
    workflows.on_versions = follow_versions
    witnesses = make_witnesses(settings.audit_witnesses)
    return Parts(
        settings=settings,
        clock=clock,
        engine=engine,
        live=base.live,
        events=_make_event_log(engine, clock),
        run_starts=RunStarts(
            database=database,
            audit=audit,
            engine=engine,
            live=base.live,
            clock=clock,
            hashes=ContentHashes(base.vault.keys, is_keyed=settings.encrypt_at_rest),
        ),
        audit=audit,
        heads=HeadKeeper(audit, witnesses, clock, seconds=settings.audit_head_seconds),
        identity=identity,
        workflows=workflows,
        triggers=triggers,
        published=base.published,
        vault=base.vault,
        measure_storage=lambda: measure_databases(settings.data, database),
        oidc=Oidc(identity.transactions, providers),
        bulk=BulkOperations(BulkStore(database), engine, identity.access, clock),
        preferences=PreferenceStore(database, clock),
    )


def _make_event_log(engine: Engine, clock: Clock) -> EventLog:
    events = EventLog(engine.store.events, clock)
    events.arrived.append(engine.note_events)
    return events


@asynccontextmanager
async def _doing_duties(parts: Parts, base: _Base) -> AsyncIterator[None]:
    """Do what a server does by itself; at the end, bring to an end what is under way."""
    uses = parts.vault.record_uses
    firings = Firings(base.database, StoredRunEnds(parts.engine.store))
    trigger_duty = _make_trigger_duty(parts, base, firings)
    helper = _make_helper(parts.settings)
    duties = [
        _begin("heads", parts.heads.run()),
        _begin("tidying", _repeat("tidying", _TIDY_SECONDS, lambda: _tidy(parts))),
        _begin("uses_of_secrets", _repeat("uses_of_secrets", _USES_SECONDS, uses)),
        _begin("loop_watch", parts.loop_watch.run()),
        _begin("indexing", _keep_index(parts.settings, parts.engine.store)),
        _begin("triggers", trigger_duty.run()),
        _begin("hearing", _make_hearing(parts, EventFirings(base.database, firings), trigger_duty, helper).run()),
    ]
    parts.bulk.begin(parts.record)
    try:
        yield
    finally:
        await parts.bulk.close()
        await parts.verification.close()
        for duty in duties:
            duty.cancel()
        await asyncio.gather(*duties, return_exceptions=True)
        await helper.close()
        await parts.evaluator.close()
        await parts.events.settle()
        await asyncio.gather(*(asyncio.to_thread(tracer.close) for tracer in base.tracers))
        await parts.recorder.close()
        await asyncio.to_thread(uses)
        await parts.heads.finish()


def _make_helper(settings: Settings) -> ExpressionHelper:
    """Return a process of its own for the filters of triggers, so that they and the runs never wait for each other."""
    return ExpressionHelper(
        processes=1,
        time_limit_seconds=settings.expression_seconds,
        memory_limit_bytes=settings.expression_memory_bytes,
        output_limit_bytes=settings.expression_output_bytes,
    )


def _make_hearing(parts: Parts, firings: EventFirings, duty: TriggerDuty, helper: ExpressionHelper) -> EventHearing:
    hearing = EventHearing(firings, parts.engine.store.events, helper, duty, parts.clock)

    def note_change() -> None:
        hearing.note_change()
        duty.wake()

    parts.triggers.on_change = note_change
    parts.workflows.on_changed = note_change
    parts.events.arrived.append(lambda _: hearing.note_news())
    return hearing


def _make_trigger_duty(parts: Parts, base: _Base, firings: Firings) -> TriggerDuty:
    duty = TriggerDuty(firings, TriggerStarts(parts.run_starts, parts.published, parts.engine), parts.clock)
    parts.triggers.on_order = duty.take
    base.on_run_end = duty.note_end
    return duty


def _open_exporter(settings: Settings) -> Exporter | None:
    """Return what sends traces, if they are wanted. Raises `UsageError` if its library is not there."""
    if not settings.otlp_endpoint:
        return None
    from kapell.tracing.exporting import Exporter  # noqa: PLC0415 -- an optional extra

    return Exporter(settings.otlp_endpoint, os.environ.get("OTEL_SERVICE_NAME", "kapell"))


class _VaultOfAll:
    """The vault, as the engine asks for secrets; what it does not hold may be in a file, for all namespaces alike."""

    are_at_hand = False

    def __init__(self, vault: Vault, fallback: SecretSource | None) -> None:
        self._vault = vault
        self._fallback = fallback

    def for_namespace(self, namespace: str) -> NamespaceSecrets:
        return VaultSecrets(self._vault, namespace, self._fallback)


def _find_published(published: PublishedWorkflows, namespace: str, name: str, version: str) -> Workflow | None:
    try:
        return published.get(namespace, name, version).workflow
    except (NotFoundError, ConflictError):
        return None


def _tidy(parts: Parts) -> None:
    parts.identity.prune()
    parts.run_starts.forget_old_keys()
    parts.bulk.store.forget_old(parts.clock.now())


async def _keep_index(settings: Settings, store: RunStore) -> None:
    """Keep the search index up to date; where runs' data is encrypted, see to it that no index holds it."""
    if settings.encrypt_at_rest:
        await asyncio.to_thread(store.clear_index)
        await asyncio.Event().wait()
    await index_regularly(store)


def _begin(name: str, duty: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """Begin a duty that goes on as long as the server; should it end by itself, nobody would notice without a word."""

    def note_end(task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            log.error("duty_ended", duty=name, exc_info=task.exception())

    task = asyncio.create_task(duty, name=f"kapell-{name}")
    task.add_done_callback(note_end)
    return task


async def _repeat(name: str, seconds: float, duty: Callable[[], object]) -> None:
    """Do something again and again, in a thread; what goes wrong is logged, and tried again the next time."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await asyncio.to_thread(duty)
        except KapellError as error:
            log.warning("duty_failed", duty=name, message=error.message, hint=error.hint)
        except Exception:
            log.exception("duty_failed", duty=name)
