"""The inbox: commands that other processes left for the owner of the runs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from kapell.engine.store import InboxAnswer
from kapell.errors import KapellError, NotFoundError, StaleOwnerError, StorageError
from kapell.kernel.commands import CancelRun, ResumeRun, RetryTask, SkipTask, SuspendRun
from kapell.telemetry import get_logger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kapell.engine.host import RunHost
    from kapell.engine.recovery import Recovery
    from kapell.engine.store import InboxCommand, RunStore

log = get_logger(__name__)

POLL_SECONDS = 0.1

OuterCommand = CancelRun | SuspendRun | ResumeRun | RetryTask | SkipTask
"""What one process may ask of another's runs."""

_decoder: msgspec.json.Decoder[OuterCommand] = msgspec.json.Decoder(OuterCommand)


class Inbox:
    """Looks for commands ten times a second and obeys them."""

    def __init__(self, *, store: RunStore, epoch: int, host: RunHost, recovery: Recovery) -> None:
        """Read the inbox of `store`, and give its commands to runs in memory or from disk."""
        self._store = store
        self._epoch = epoch
        self._host = host
        self._recovery = recovery
        self._last_id = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def watch(self) -> None:
        """Obey what comes in."""
        is_readable = True
        while True:
            try:
                if self._store.commits_inline:
                    self.take()
                else:
                    self._begin(await asyncio.to_thread(self._store.list_commands, self._last_id))
                is_readable = True
            except StorageError as error:
                if is_readable:
                    log.warning("inbox_unreadable", message=error.message)
                is_readable = False
            await asyncio.sleep(POLL_SECONDS)

    def take(self) -> None:
        """Begin to obey the commands that are there."""
        self._begin(self._store.list_commands(self._last_id))

    def _begin(self, commands: Sequence[InboxCommand]) -> None:
        for command in commands:
            self._last_id = command.command_id
            task = asyncio.get_running_loop().create_task(self._obey(command))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _obey(self, inbox: InboxCommand) -> None:
        error = await self._try_to_obey(inbox)
        # What an engine that is closing refuses waits for the next owner.
        while error and not self._host.is_closing:
            try:
                answer = InboxAnswer(command_id=inbox.command_id, error=error)
                await asyncio.to_thread(self._store.answer_command, self._epoch, answer)
            except StaleOwnerError:
                return
            except StorageError as problem:
                log.warning("answer_delayed", command_id=inbox.command_id, message=problem.message)
                await asyncio.sleep(POLL_SECONDS)
            else:
                return

    async def _try_to_obey(self, inbox: InboxCommand) -> str:
        """Give a command to its run; return why it was not obeyed, or an empty text."""
        try:
            command = _decoder.decode(inbox.body)
            active = await self._recovery.load(inbox.run_id)
            if active is None:
                raise NotFoundError(f"The history of run {inbox.run_id} is damaged.")
            refused = await self._host.ask(active, command, inbox_id=inbox.command_id)
        except (KapellError, msgspec.DecodeError) as problem:
            return str(problem)
        return "" if refused is None else refused.text


def encode_command(command: OuterCommand) -> bytes:
    """Return a command as it is left in the inbox."""
    return msgspec.json.encode(command)
