"""A run in memory: its state, what it is asked to do, and who waits for it."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from kapell.kernel.evaluation import NO_ANSWERS

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping

    from kapell.engine.store import RunRecord
    from kapell.kernel.commands import Command
    from kapell.kernel.evaluation import Answer
    from kapell.kernel.listening import ListenKey
    from kapell.kernel.state import State
    from kapell.language.program import Program
    from kapell.reasons import Reason


class Work:
    """A command that waits for its turn.

    Attributes:
        command: The command.
        now: The moment it was first tried, in microseconds since 1970-01-01 UTC; `None` before that.
        answers: What the expression helper has said.
        inbox_id: Its number, if another process left it.
        reply: Told `None` once it is obeyed and durable, or why it changed nothing.
    """

    __slots__ = ("answers", "command", "inbox_id", "now", "reply")

    def __init__(
        self,
        command: Command,
        *,
        now: int | None = None,
        answers: Mapping[int, Answer] = NO_ANSWERS,
        inbox_id: int | None = None,
        reply: asyncio.Future[Reason | None] | None = None,
    ) -> None:
        """Keep a command for its turn."""
        self.command = command
        self.now = now
        self.answers = answers
        self.inbox_id = inbox_id
        self.reply = reply


class ActiveRun:
    """One run that its host has in memory.

    Attributes:
        busy: The helper or the disk has it: its commands wait.
        scheduled: It stands in the queue of runs that have something to do.
        closings: What is being ended; nothing that comes after may start before it is over.
        listens: The keys under which each listening entry is known to the store.
        next_snapshot: The event number at which the next snapshot is due.
        secrets: Values of the secrets that its workflow names, for redaction.
    """

    __slots__ = (
        "busy",
        "closings",
        "ended",
        "held_back",
        "idle_since",
        "listens",
        "next_snapshot",
        "program",
        "record",
        "run_id",
        "scheduled",
        "state",
        "work",
    )

    def __init__(self, record: RunRecord, program: Program, state: State) -> None:
        """Take a run into memory."""
        self.run_id = record.run_id
        self.record = record
        self.program = program
        self.state = state
        self.work: deque[Work] = deque()
        self.busy = False
        self.scheduled = False
        self.closings: set[asyncio.Future[Any]] = set()
        self.held_back: list[Any] = []
        self.ended: list[asyncio.Future[None]] = []
        self.next_snapshot = 0
        self.idle_since: float | None = None
        self.listens: dict[int, tuple[ListenKey, ...]] = {}

    @property
    def is_settled(self) -> bool:
        """Whether the run has ended, that is on disk, and nothing of it is left."""
        pending = self.work or self.busy or self.scheduled or self.closings or self.held_back
        return self.state.is_ended and not pending

    def tell_end(self) -> None:
        """Tell whoever waits that the run has ended."""
        for waiting in self.ended:
            if not waiting.done():
                waiting.set_result(None)
        self.ended.clear()
