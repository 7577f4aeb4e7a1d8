"""What comes of a run's events once they are on disk: its effects start, what it has dropped is ended, its end is told.

What a run has dropped (a timed-out attempt, the losers of a race, children of a cancelled run) is really ended before
anything that comes after in the same run starts: its further effects are held back until then.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from kapell.engine.admission import AttemptId
from kapell.errors import StorageError
from kapell.kernel import commands as c
from kapell.kernel import effects as fx
from kapell.language.error_types import RUNTIME, WorkflowError, make_error
from kapell.reasons import Reason
from kapell.telemetry import get_logger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kapell.engine.active import ActiveRun
    from kapell.engine.host import RunHost
    from kapell.engine.timers import Timers
    from kapell.kernel.state import State

log = get_logger(__name__)

_RETRY_SECONDS = 1.0

_DROPS = (fx.CancelAttempt, fx.CancelChild)
_GOES_ON = (fx.PerformActivity, fx.EndRun)
_OF_EVENTS = (fx.PublishEvent, fx.AwaitEvent, fx.StopListening)
_PARENT_CANCELS = Reason("parent", "The run that started it does not wait for it any more.")


class Releasing:
    """Starts effects, and ends what runs have dropped."""

    def __init__(self, host: RunHost, timers: Timers) -> None:
        """Act for the runs of `host`."""
        self._host = host
        self._timers = timers

    def release(self, active: ActiveRun, effects: Sequence[fx.Effect]) -> None:
        """Start effects, or hold them back while something of the run is still being ended."""
        for effect in effects:
            if isinstance(effect, _DROPS):
                self._begin_closing(active, effect)
        for effect in effects:
            if type(effect) is fx.ArmTimer:
                self._timers.arm(active.run_id, effect.entry, effect.purpose, effect.due)
            elif isinstance(effect, _OF_EVENTS):
                self._host.deliveries.release(active, effect)
            elif isinstance(effect, _GOES_ON):
                if active.closings:
                    active.held_back.append(effect)
                else:
                    self._start(active, effect)

    def _start(self, active: ActiveRun, effect: fx.Effect) -> None:
        if type(effect) is fx.PerformActivity:
            self._host.attempts.start(active, effect.entry, effect.attempt)
        else:
            self._end_run(active)

    # -- ending what was dropped --------------------------------------------------------------------------------------

    def _begin_closing(self, active: ActiveRun, effect: fx.CancelAttempt | fx.CancelChild) -> None:
        closing: asyncio.Future[Any] | None
        if type(effect) is fx.CancelAttempt:
            closing = self._host.attempts.cancel(AttemptId(active.run_id, effect.entry, effect.attempt))
        else:
            assert type(effect) is fx.CancelChild
            self._host.parents.pop(effect.child_run_id, None)
            closing = self._cancel_child(effect.child_run_id)
        if closing is not None:
            active.closings.add(closing)
            closing.add_done_callback(lambda done: self._end_closing(active, done))

    def _end_closing(self, active: ActiveRun, closing: asyncio.Future[Any]) -> None:
        active.closings.discard(closing)
        if active.closings or self._host.is_closing:
            return
        held_back, active.held_back = active.held_back, []
        for effect in held_back:
            self._start(active, effect)
        if active.state.status == "cancelling":
            self.confirm_cancel(active)

    def confirm_cancel(self, active: ActiveRun) -> None:
        """Let a run under cancellation end, once nothing of it is left."""
        if not active.closings and not any(type(work.command) is c.ConfirmCancel for work in active.work):
            self._host.submit(active, c.ConfirmCancel())

    def _cancel_child(self, child_run_id: str) -> asyncio.Future[Any] | None:
        child = self._host.runs.get(child_run_id)
        if child is not None and child.state.is_ended:
            return None
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if child is None:
            self._host.begin(self._find_and_cancel(child_run_id, ended))
        else:
            self._give_cancel(child, ended)
        return ended

    def _give_cancel(self, child: ActiveRun, ended: asyncio.Future[None]) -> None:
        child.ended.append(ended)
        self._host.submit(child, c.CancelRun(reason=_PARENT_CANCELS))

    async def _find_and_cancel(self, child_run_id: str, ended: asyncio.Future[None]) -> None:
        """Cancel a child run that is not in memory; `ended` is done when it has ended, or nothing can be done."""
        child = await self._find_child(child_run_id)
        if child is not None and not child.state.is_ended:
            self._give_cancel(child, ended)
            return
        if child is not None:
            self._host.forget_if_ended(child)
        ended.set_result(None)

    async def _find_child(self, child_run_id: str) -> ActiveRun | None:
        """Take a child run into memory, once the database answers; `None` if it is not there or cannot be read."""
        while True:
            try:
                return await self._host.find_run(child_run_id)
            except StorageError as error:
                log.warning("child_delayed", run_id=child_run_id, message=error.message)
                await asyncio.sleep(_RETRY_SECONDS)
            except Exception:
                if not self._host.is_closing:
                    log.exception("child_not_cancelled", run_id=child_run_id)  # the next start will
                return None

    def end_children(self, active: ActiveRun, child_run_ids: list[str]) -> None:
        """Cancel child runs, and confirm the run's own cancellation when they have ended."""
        for child_run_id in child_run_ids:
            self._begin_closing(active, fx.CancelChild(child_run_id))
        self.confirm_cancel(active)

    # -- the end of a run ---------------------------------------------------------------------------------------------

    def _end_run(self, active: ActiveRun) -> None:
        """Tell whoever waits for the run, and let it leave memory."""
        if not active.state.is_ended:
            return
        if not active.work:  # a command that came while the end was written may carry it on: it leaves after that
            self._host.let_go(active)
        active.tell_end()
        parent = self._host.parents.pop(active.run_id, None)
        if parent is not None:
            self.tell_parent(parent, active.state)

    def tell_parent(self, parent: tuple[str, int, int], child: State) -> None:
        """Give a child run's outcome to the task that waits for it."""
        run_id, entry, attempt = parent
        waiting = self._host.runs.get(run_id)
        if waiting is None:
            return
        if child.status == "completed":
            self._host.submit(waiting, c.EndAttempt(entry=entry, attempt=attempt, output=child.output))
        else:
            self._host.submit(waiting, c.EndAttempt(entry=entry, attempt=attempt, error=_describe_child_fault(child)))


def _describe_child_fault(child: State) -> WorkflowError:
    error = child.error
    if error is None:
        return make_error(RUNTIME, f"The child run {child.run_id} was {child.status}.")
    detail = f"The child run {child.run_id} faulted at {error.instance or '/'}. {error.detail}".rstrip()
    return WorkflowError(type=error.type, status=error.status, title=error.title, detail=detail)
