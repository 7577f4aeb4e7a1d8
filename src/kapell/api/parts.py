"""The parts that the API is a face of, as the composition root has wired them."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool

from kapell.api.certificate import Certificate
from kapell.api.evaluating import Evaluator
from kapell.api.installation import describe_installation
from kapell.api.log_verification import LogVerification
from kapell.api.loop_watch import LoopWatch
from kapell.api.narrated_runs import NarratedRuns
from kapell.api.rate_limits import RateLimits
from kapell.api.reads import SensitiveReads
from kapell.api.shared_calls import SharedCalls
from kapell.api.told_runs import ToldRuns
from kapell.audit.recorder import AuditRecorder
from kapell.engine.store import ENDED
from kapell.identity.credentials import hash_secret
from kapell.identity.oidc.pending import PendingSignIns

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from kapell.api.bulk_operations import BulkOperations
    from kapell.api.live import LiveEvents
    from kapell.api.preference_store import PreferenceStore
    from kapell.api.run_starts import RunStarts
    from kapell.audit import AuditEntry, AuditLog
    from kapell.audit.head_keeper import HeadKeeper
    from kapell.clock import Clock
    from kapell.engine.engine import Engine
    from kapell.engine.store import RunRecord
    from kapell.events.service import EventLog
    from kapell.identity.access import Access
    from kapell.identity.model import Principal
    from kapell.identity.oidc.service import Oidc
    from kapell.identity.service import Identity
    from kapell.identity.sessions import OpenSession
    from kapell.settings import Settings
    from kapell.triggers.service import Triggers
    from kapell.vault.service import Vault
    from kapell.workflows.published import PublishedWorkflows
    from kapell.workflows.service import Workflows


class Parts:
    """Everything that routes use. Services block, so routes call them with `in_thread`; the engine never does."""

    def __init__(  # noqa: PLR0913 -- it holds them all, and that is its whole purpose
        self,
        *,
        settings: Settings,
        clock: Clock,
        engine: Engine,
        live: LiveEvents,
        events: EventLog,
        run_starts: RunStarts,
        audit: AuditLog,
        heads: HeadKeeper,
        identity: Identity,
        workflows: Workflows,
        triggers: Triggers,
        published: PublishedWorkflows,
        vault: Vault,
        oidc: Oidc,
        bulk: BulkOperations,
        preferences: PreferenceStore,
        measure_storage: Callable[[], dict[str, int]],
    ) -> None:
        """Take the parts."""
        self.settings = settings
        self.clock = clock
        self.engine = engine
        self.live = live
        self.events = events
        self.run_starts = run_starts
        self.audit = audit
        self.recorder = AuditRecorder(audit)
        self.reads = SensitiveReads(self.recorder, clock)
        self.rate_limits = RateLimits(settings, clock)
        self._questions = SharedCalls()
        self.verification = LogVerification(settings, clock)
        self.heads = heads
        self.identity = identity
        self.workflows = workflows
        self.triggers = triggers
        self.published = published
        self.vault = vault
        self.oidc = oidc
        self.bulk = bulk
        self.preferences = preferences
        self.pending_sign_ins = PendingSignIns(clock)
        self.evaluator = Evaluator(settings)
        self.told_runs = ToldRuns(engine.store, engine.definitions)
        self.narrated_runs = NarratedRuns(engine.store, engine.definitions)
        self.log_searches = asyncio.Semaphore(2)
        """Held while a log is looked through, which takes a processor."""
        self.one_report = asyncio.Lock()
        """Held while a report is made from histories, which takes a thread for seconds."""
        self.measure_storage = measure_storage
        """Returns the bytes of each database; blocks."""
        self.loop_watch = LoopWatch(clock)
        self.certificate = Certificate(settings.tls_certificate, clock)
        self.installation = describe_installation(settings)
        """What whoever starts the server knows more of takes its place."""
        self.stopping = asyncio.Event()
        """Set when the server begins to stop: streams end, and it is not ready any more."""

    async def record(self, entry: AuditEntry) -> None:
        """Write an audit record; it is durable when this returns."""
        await self.recorder.record(entry)

    async def find_token_holder(self, text: str, address: str) -> Principal:
        """Return who acts with an API token. Raises `UnauthenticatedError`."""
        tokens = self.identity.tokens
        principal: Principal | None = tokens.find_remembered(text)
        if principal is None:
            # Whoever asks after a change must not be given the answer to a question from before it.
            key = f"token {self.identity.transactions.version} {hash_secret(text)}"
            principal = await self._questions.call(key, tokens.verify, text, address)
        return principal

    async def find_session_holder(self, cookie: str, address: str) -> Principal:
        """Return who acts in a session. Raises `UnauthenticatedError`."""
        found: OpenSession = await in_thread(self.identity.sessions.verify, cookie, address)
        return found.principal

    async def learn_grants(self, principal: Principal) -> None:
        """See to it that questions about what a principal may do are answered from memory, for the next seconds."""
        if not self.access.remembers(principal):
            key = f"grants {self.identity.transactions.version} {principal.person_id}"
            await self._questions.call(key, self.access.learn, principal)

    async def wait_for_end(self, record: RunRecord, seconds: float) -> RunRecord:
        """Return a run's record when the run has ended, or after so many seconds."""
        if not seconds or record.status in ENDED:
            return record
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.engine.wait_run(record.run_id)
        ended: RunRecord = await in_thread(self.engine.store.get_record, record.run_id)
        return ended

    @property
    def access(self) -> Access:
        """Questions of permission."""
        return self.identity.access


def parts_of(request: Request) -> Parts:
    """Return the parts of the application that a request came to."""
    parts: Parts = request.app.state.parts
    return parts


async def in_thread(call: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """Call something that blocks, in a thread."""
    return await run_in_threadpool(call, *arguments, **named)
