"""Performing attempts: a request is made, with its secrets, the connector works, and the outcome goes to the run.

Secrets are read when an attempt is dispatched and put into its arguments here; the kernel never sees them. What comes
back passes the redactor before anybody else sees it (decision 5).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec.structs import replace

from kapell.engine.admission import AttemptId
from kapell.engine.measuring import measure
from kapell.engine.secrets import Redactor
from kapell.errors import KapellError, NotFoundError, StorageError
from kapell.kernel import commands as c
from kapell.kernel.dispatch import Dispatch
from kapell.kernel.evaluation import Answer, NeedsHelp
from kapell.kernel.events import to_micros
from kapell.kernel.faults import StepError, excess_error
from kapell.language.error_types import (
    AUTHORIZATION,
    RUNTIME,
    WorkflowError,
    canonical_error_type,
    make_error,
)
from kapell.language.expressions import make_helper_task
from kapell.sdk import ActivityError, ActivityRequest
from kapell.telemetry import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kapell.clock import Clock
    from kapell.engine.active import ActiveRun
    from kapell.engine.admission import Admission
    from kapell.engine.expression_helper import ExpressionHelper
    from kapell.engine.host import RunHost
    from kapell.engine.logbook import Logbook
    from kapell.engine.secrets import Secrets
    from kapell.sdk import Activity
    from kapell.sdk.activity import LogStream

log = get_logger(__name__)

Values = TypeVar("Values")

_NOTHING_TO_REDACT = Redactor({})
_READ_AGAIN_SECONDS = 0.5
"""How long to wait for a storage that did not answer for secrets."""


class Attempts:
    """The attempts that are under way."""

    def __init__(  # noqa: PLR0913 -- everything that an attempt needs meets here
        self,
        *,
        host: RunHost,
        activities: Mapping[str, Activity],
        admission: Admission,
        helper: ExpressionHelper,
        secrets: Secrets,
        logbook: Logbook,
        clock: Clock,
        max_value_bytes: int,
    ) -> None:
        """Perform attempts by `activities`, by kind, and give their outcomes to `host`."""
        self._host = host
        self._activities = activities
        self._admission = admission
        self._helper = helper
        self._secrets = secrets
        self._logbook = logbook
        self._clock = clock
        self._max_value_bytes = max_value_bytes
        self._tasks: dict[AttemptId, asyncio.Task[None]] = {}
        self._admitted: set[AttemptId] = set()
        self._redactors: dict[tuple[str, tuple[str, ...]], Redactor] = {}

    @property
    def in_flight(self) -> int:
        """How many attempts are under way."""
        return len(self._tasks)

    def note_admitted(self, attempt: AttemptId) -> None:
        """Remember that the admission has let an attempt through."""
        self._admitted.add(attempt)

    def is_admitted(self, attempt: AttemptId) -> bool:
        """Tell whether the admission has let an attempt through already."""
        return attempt in self._admitted

    def start(self, active: ActiveRun, entry: int, number: int) -> None:
        """Begin an attempt, if the run still wants it."""
        attempt = AttemptId(active.run_id, entry, number)
        opened = active.state.entries.get(entry)
        wanted = opened is not None and opened.attempt is not None and opened.attempt.number == number
        if attempt in self._tasks:
            return
        if not wanted:
            self._leave(attempt)
            return
        dispatch = Dispatch(active.program, active.state, entry)
        task = asyncio.get_running_loop().create_task(self._perform(active, attempt, dispatch))
        self._tasks[attempt] = task
        # A task that is cancelled before its first step never comes to its own end.
        task.add_done_callback(lambda done: self._finish(attempt) if self._tasks.get(attempt) is done else None)
        if not dispatch.awaits:
            begun = to_micros(self._clock.now())
            self._host.submit(active, c.EndAttempt(entry=entry, attempt=number, started=begun))

    def cancel(self, attempt: AttemptId) -> asyncio.Task[None] | None:
        """End an attempt; the task that is returned is done when nothing of it is left. `None`: it had not begun."""
        task = self._tasks.get(attempt)
        if task is None:
            self._leave(attempt)
            return None
        task.cancel()
        return task

    def forget(self, attempt: AttemptId) -> None:
        """Give back the slot of an attempt that its run does not want any more."""
        if attempt not in self._tasks:
            self._leave(attempt)

    async def drain(self, seconds: float | None) -> None:
        """Wait for the attempts that are under way, at most so long."""
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=seconds)

    def cancel_run(self, run_id: str) -> None:
        """Begin to end all attempts of a run."""
        for attempt, task in self._tasks.items():
            if attempt.run_id == run_id:
                task.cancel()

    def cancel_all(self) -> list[asyncio.Task[None]]:
        """Begin to end all attempts; return the tasks that are done when nothing of them is left."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        return tasks

    async def close(self) -> None:
        """End all attempts, and return when nothing of them is left."""
        await asyncio.gather(*self.cancel_all(), return_exceptions=True)

    def is_idempotent(self, active: ActiveRun, entry: int, number: int) -> bool:
        """Tell whether a lost attempt may be made again (RFC 9110, 9.2.2; connectors know their own)."""
        opened = active.state.entries[entry]
        activity = self._activities.get(active.program.nodes[opened.node].spec.activity)
        if activity is None or opened.attempt is None:
            return False
        dispatch = Dispatch(active.program, active.state, entry)
        request = dispatch.make_request(AttemptId(active.run_id, entry, number).attempt, opened.attempt.arguments)
        return isinstance(opened.attempt.arguments, dict) and activity.is_idempotent(request)

    # -- one attempt --------------------------------------------------------------------------------------------------

    async def _perform(self, active: ActiveRun, attempt: AttemptId, dispatch: Dispatch) -> None:
        started: int | None = None
        output: Any = None
        error: WorkflowError | None = None
        redactor = _NOTHING_TO_REDACT
        try:
            redactor = await self._make_redactor(active)
            request = await self._make_request(active, attempt, dispatch)
            traceparent = self._host.make_traceparent(active.state, attempt.entry, attempt.attempt)
            if traceparent is not None:
                request = replace(request, traceparent=traceparent)
            activity = self._activities[request.kind]
            context = _Context(self._logbook, request, redactor)
            started = to_micros(self._clock.now())
            output = redactor.redact(await activity.perform(request, context))
            excess = await measure(output, self._max_value_bytes, active.state.sizes)
            if excess:
                output, error = None, excess_error(dispatch.reference, excess, self._max_value_bytes).error
        except asyncio.CancelledError:
            self._finish(attempt)
            raise
        except StepError as fault:
            error = fault.error
        except ActivityError as fault:
            error = _to_workflow_error(fault, redactor)
        except KapellError as problem:  # such as a secret that cannot be opened
            error = make_error(RUNTIME, redactor.redact_text(str(problem)), instance=dispatch.reference)
        except Exception as fault:
            log.exception("activity_failed", run_id=active.run_id, reference=dispatch.reference)
            error = make_error(RUNTIME, redactor.redact_text(f"{type(fault).__name__}: {fault}"))
        self._finish(attempt)
        if not dispatch.awaits:
            _note_background_end(attempt, dispatch.reference, error)
            return
        self._host.submit(
            active,
            c.EndAttempt(entry=attempt.entry, attempt=attempt.attempt, output=output, error=error, started=started),
        )

    def _finish(self, attempt: AttemptId) -> None:
        self._tasks.pop(attempt, None)
        self._leave(attempt)

    def _leave(self, attempt: AttemptId) -> None:
        self._admitted.discard(attempt)
        self._admission.leave(attempt)

    async def _make_request(self, active: ActiveRun, attempt: AttemptId, dispatch: Dispatch) -> ActivityRequest:
        if not dispatch.reads_secrets:
            return dispatch.make_request(attempt.attempt, dispatch.recorded_arguments)
        secrets = await self._read(lambda: self._read_secrets(active, dispatch))
        answers: dict[int, Answer] = {}
        while True:
            try:
                arguments = dispatch.evaluate_arguments(secrets, answers)
                return dispatch.make_request(attempt.attempt, arguments)
            except NeedsHelp as needs:
                tasks = [make_helper_task(need.expression, need.document, need.variables) for need in needs.evaluations]
                results = await self._helper.evaluate(tasks)
                for need, result in zip(needs.evaluations, results, strict=True):
                    answers[need.slot] = Answer(result.value, result.error)

    async def _make_redactor(self, active: ActiveRun) -> Redactor:
        """Return what keeps the run's secrets out of everything that is written down."""
        names, namespace = active.program.secrets, active.program.namespace
        if not names:
            return _NOTHING_TO_REDACT
        values = await self._read(lambda: self._secrets.for_namespace(namespace).find_secrets(names))
        known = self._redactors.get((namespace, names))
        if known is None or known.secrets != values:
            known = self._redactors[namespace, names] = Redactor(values)
        return known

    async def _read(self, read: Callable[[], Values]) -> Values:
        """Read secrets: away from the event loop where that may take long, and until the storage answers."""
        while True:
            try:
                return read() if self._secrets.are_at_hand else await asyncio.to_thread(read)
            except StorageError as error:
                log.warning("secrets_not_read", message=error.message, hint=error.hint)
                await asyncio.sleep(_READ_AGAIN_SECONDS)

    def _read_secrets(self, active: ActiveRun, dispatch: Dispatch) -> dict[str, Any]:
        secrets = {}
        source = self._secrets.for_namespace(active.program.namespace)
        declared = active.program.secrets
        for name in {*declared, *dispatch.policy_secrets}:
            try:
                secrets[name] = source.get_secret(name)
            except NotFoundError as problem:
                raise StepError(make_error(AUTHORIZATION, str(problem), instance=dispatch.reference)) from None
        return secrets


class _Context:
    """What an activity may do with the engine."""

    def __init__(self, logbook: Logbook, request: ActivityRequest, redactor: Redactor) -> None:
        self._logbook = logbook
        self._request = request
        self._redactor = redactor

    def log(self, stream: LogStream, text: str) -> None:
        """Add text to the run's log, without secrets."""
        request = self._request
        for line in self._redactor.redact_text(text).splitlines() or [""]:
            self._logbook.add(request.run_id, request.reference, request.entry, request.attempt, stream, line)


def _note_background_end(attempt: AttemptId, reference: str, error: WorkflowError | None) -> None:
    """Say how work ended that no task waits for: its run has gone on, so that nothing can catch its error."""
    if error is not None:
        log.warning("background_activity_failed", run_id=attempt.run_id, reference=reference, detail=error.detail)


def _to_workflow_error(fault: ActivityError, redactor: Redactor) -> WorkflowError:
    return WorkflowError(
        type=canonical_error_type(fault.type),
        status=fault.status,
        title=redactor.redact_text(fault.title),
        detail=redactor.redact_text(fault.detail),
    )
