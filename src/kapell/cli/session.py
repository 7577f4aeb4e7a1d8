"""A session: one engine at work, some runs that a person waits for, and what the person does meanwhile.

The first Ctrl-C cancels the runs and waits for that; the second leaves at once, and `kapell resume` finishes the
cancellation. SIGTERM (and SIGHUP, when the terminal goes) leaves the runs as they are, to be resumed.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from kapell.app import open_engine
from kapell.cli import exits
from kapell.cli.folder import advise
from kapell.cli.output import say, say_error
from kapell.cli.progress import Progress
from kapell.cli.show import make_progress
from kapell.engine.engine import RunOutcome
from kapell.errors import ConflictError, DamagedHistoryError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Sequence

    from kapell.cli.show import Show
    from kapell.engine.active import ActiveRun
    from kapell.engine.engine import Engine
    from kapell.kernel.events import Event
    from kapell.language import Workflow
    from kapell.settings import Settings

_LEAVING = (signal.SIGTERM, signal.SIGHUP)


class Left(Exception):  # noqa: N818 -- it is no error: the session was asked to end
    """A signal asked the session to end; the runs are left as they are."""

    def __init__(self, signum: int, run_ids: Sequence[str]) -> None:
        """Keep which signal it was, and the runs that are left."""
        super().__init__(signum)
        self.signum = signum
        self.run_ids = run_ids


def work(
    settings: Settings,
    show: Show,
    begin: Callable[[Engine], Awaitable[Sequence[str]]],
    *,
    workflows: Sequence[Workflow] = (),
    only: Collection[str] | None = (),
) -> list[RunOutcome] | int:
    """Own the data folder, begin runs or take them up, and wait until they have ended.

    Args:
        settings: The settings.
        show: What is shown meanwhile.
        begin: Begins something with the engine, and returns the runs to wait for.
        workflows: What `run: workflow` finds.
        only: Which unfinished runs to take up; all of them if it is `None`.

    Returns:
        How the runs ended, in their order, or an exit code if a signal ended the session before.
    """
    try:
        return asyncio.run(_Session(settings, show).carry_out(begin, workflows, only))
    except Left as left:
        for run_id in left.run_ids:
            say(f"Left as it is; go on with `{advise(settings, 'resume', run_id)}`.")
        return 128 + left.signum


class _Session:
    """One engine, from its start to its end."""

    def __init__(self, settings: Settings, show: Show) -> None:
        self._settings = settings
        self._show = show
        self._progress: Progress = make_progress(show)
        self._engine: Engine
        self._run_ids: Sequence[str] = ()
        self._open: set[str] = set()
        self._is_cancelling = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def carry_out(
        self,
        begin: Callable[[Engine], Awaitable[Sequence[str]]],
        workflows: Sequence[Workflow],
        only: Collection[str] | None,
    ) -> list[RunOutcome]:
        loop = asyncio.get_running_loop()
        self._stopped: asyncio.Future[int] = loop.create_future()
        loop.add_signal_handler(signal.SIGINT, self._interrupt)
        for signum in _LEAVING:
            loop.add_signal_handler(signum, self._stop, signum)
        try:
            async with open_engine(self._settings, workflows=workflows, only=only) as self._engine:
                self._engine.listen(self._note_runs)
                self._progress.begin(self._engine)
                gc.freeze()  # what was imported and opened stays: the collector need not look through it again
                self._run_ids = await begin(self._engine)
                if self._is_cancelling:
                    await self._cancel()
                outcomes = await self._wait(self._run_ids)
                await self._wait_for_others()
                self._progress.close()
                return outcomes
        finally:
            self._progress.close()
            for signum in (signal.SIGINT, *_LEAVING):
                loop.remove_signal_handler(signum)

    async def _wait(self, run_ids: Collection[str]) -> list[RunOutcome]:
        """Wait until the runs have ended, or a signal asks to leave."""
        waiting = asyncio.gather(*(self._wait_run(run_id) for run_id in run_ids))
        futures: set[asyncio.Future[Any]] = {waiting, self._stopped}
        await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)
        if self._stopped.done():
            waiting.cancel()
            with suppress(asyncio.CancelledError):
                await waiting
            raise Left(self._stopped.result(), self._run_ids)
        return await waiting

    async def _wait_run(self, run_id: str) -> RunOutcome:
        """Wait for one run; a damaged one is told, and the others go on."""
        try:
            return await self._engine.wait_run(run_id)
        except DamagedHistoryError as error:
            say_error(error)
            return RunOutcome(run_id, "damaged")

    async def _wait_for_others(self) -> None:
        """Wait for what the runs have started without waiting for it, so that it does not end with this process."""
        while not self._is_cancelling and self._open:
            self._progress.note(f"Waiting for {len(self._open)} more, started without waiting for their end.")
            await self._wait(set(self._open))
        if not self._is_cancelling:
            background = asyncio.ensure_future(self._engine.wait_for_background())
            futures: set[asyncio.Future[Any]] = {background, self._stopped}
            await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)

    def _note_runs(self, active: ActiveRun, first_seq: int, events: Sequence[Event]) -> None:
        """Keep which runs have begun in this session and not ended."""
        del events
        if first_seq == 1 and active.record.parent_run_id is None:
            self._open.add(active.run_id)
        if active.state.is_ended:
            self._open.discard(active.run_id)

    # -- signals ------------------------------------------------------------------------------------------------------

    def _interrupt(self) -> None:
        if self._is_cancelling:
            self._progress.close()
            say("")
            say(f"Left at once; `{advise(self._settings, 'resume')}` finishes the cancellation.")
            sys.stdout.flush()
            os._exit(exits.INTERRUPTED)
        self._is_cancelling = True
        self._tell("Cancelling ... (Ctrl-C once more leaves at once)")
        task = asyncio.get_running_loop().create_task(self._cancel())
        self._tasks.add(task)

    async def _cancel(self) -> None:
        for run_id in self._run_ids:
            # A run may have ended on its own, or be cancelled by somebody else already.
            with suppress(ConflictError, NotFoundError):
                await self._engine.cancel_run(run_id, "Ctrl-C was pressed.")

    def _stop(self, signum: int) -> None:
        if not self._stopped.done():
            self._stopped.set_result(signum)

    def _tell(self, text: str) -> None:
        if type(self._progress) is Progress:
            say(text)
        else:
            self._progress.note(text)
